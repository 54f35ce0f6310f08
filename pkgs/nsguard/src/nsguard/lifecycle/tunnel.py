"""`nsguard tunnel up|reload NAME`: the one way out of a namespace."""

import os
from collections.abc import Mapping
from typing import NamedTuple

from nsguard import state
from nsguard.endpoints import named
from nsguard.endpoints.named import Named
from nsguard.endpoints.resolve import endpoints as resolve
from nsguard.errors import NsguardError
from nsguard.lifecycle import teardown
from nsguard.net import links, mtu, namespace, nft, userspace, wireguard
from nsguard.spec import values
from nsguard.spec.config import load as load_config
from nsguard.spec.model import Config, Endpoint
from nsguard.spec.spec import Spec
from nsguard.spec.spec import load as load_spec
from nsguard.state import State, Tunnel
from nsguard.system import files, process


class _Wanted(NamedTuple):
    """All that making a tunnel needs, read and checked before anything is changed."""

    spec: Spec
    config: Config
    endpoints: Mapping[str, Endpoint]
    rules: nft.Ruleset
    pin: nft.Ruleset

    def tunnel(self) -> Tunnel:
        """What state will say of it, all but the implementation."""
        return Tunnel(
            name=self.spec.tunnel.name,
            kind=self.spec.tunnel.kind,
            outer=self.spec.outer,
            interface=self.spec.interface,
            addresses=tuple(str(address) for address in self.config.addresses),
            dns=tuple(str(resolver) for resolver in self.config.dns),
            enforce_dns=self.spec.enforce_dns,
            endpoints=tuple((host, port) for host, port in self.endpoints.values()),
            fixed=tuple(it for it in self.endpoints.values() if it in {peer.endpoint for peer in self.config.peers}),
        )

    def names(self) -> dict[str, Named]:
        """Those of its endpoints that are names."""
        return {
            peer.public_key: Named(
                *peer.endpoint,
                keepalive=peer.keepalive,
                seconds=self.spec.refresh_seconds(peer.public_key),
                address=self.endpoints[peer.public_key].host if peer.public_key in self.endpoints else None,
                looked_up=named.clock(),
            )
            for peer in self.config.peers
            if peer.endpoint and not values.is_address(peer.endpoint.host)
        }


def up(name: str) -> None:
    """Put the tunnel into namespace `name`; where one is up, change it in place (`reload` is the same).

    Connections through unchanged peers survive a change. Raises `BadInput` with nothing changed, or
    `NsguardError`: then nothing is left of a new tunnel, and one that was changed half-way is made anew next time.
    """
    wanted = _read(name)
    with state.locked(name) as found:
        if found is None or not teardown.is_up(found):
            raise NsguardError(f"namespace {name} is not up; run: nsguard netns up {name}")
        present = found.tunnel()
        if present and present.complete and _alike(wanted, present) and namespace.has_link(name, present.interface):
            _change(wanted, found, present)
            return
        _remake(wanted, found)


def again(found: State, known: Mapping[str, Named]) -> None:
    """Make a tunnel anew whose names have the addresses in `known` (by public key), as what is there cannot go on.

    Raises `BadInput` with nothing changed, or `NsguardError`: then nothing is left but the names, to try again with.
    """
    _remake(_read(found.name, known), found)


def _remake(wanted: _Wanted, found: State) -> None:
    with process.undone_by(lambda: teardown.clear(found)):
        if present := found.tunnel():
            found.write_tunnel(present._replace(complete=False))  # for who comes after a run that was killed
            teardown.clear(found)
        _make(wanted, found)


def _read(name: str, known: Mapping[str, Named] | None = None) -> _Wanted:
    spec = load_spec(name)
    config = load_config(spec)
    rules, pin = (nft.Ruleset(path, files.read(path)) for path in (spec.namespace_ruleset, spec.host_ruleset))
    config = fit_for_kernel(config)
    endpoints = _resolved(spec, config) if known is None else _held(config, known)
    config = config._replace(mtu=mtu.fitting(spec, config, endpoints))
    return _Wanted(spec, config, endpoints, rules, pin)


def _held(config: Config, known: Mapping[str, Named]) -> Mapping[str, Endpoint]:
    """Endpoints with the addresses that their names are known to have; one without waits for the next look-up."""
    fixed = {it.public_key: it.endpoint for it in config.peers if it.endpoint and values.is_address(it.endpoint.host)}
    known_addresses = {
        peer.public_key: Endpoint(it.address, it.port)
        for peer in config.peers
        if (it := known.get(peer.public_key)) and it.address and peer.endpoint == (it.host, it.port)
    }
    return fixed | known_addresses


def _resolved(spec: Spec, config: Config) -> Mapping[str, Endpoint]:
    """Endpoints with addresses. The first try is short, since the machine's start may wait for it."""
    if all(values.is_address(peer.endpoint.host) for peer in config.peers if peer.endpoint):
        return {peer.public_key: peer.endpoint for peer in config.peers if peer.endpoint}
    found = state.State(spec.namespace)
    known = {it.host: it.address for it in named.read(found).values() if it.address}
    long_timeout = os.path.exists(found.sought)
    if os.path.isdir(found.directory):
        files.write(found.sought, "")
    return resolve(config.peers, known, spec.outer, long_timeout=long_timeout)


def fit_for_kernel(config: Config) -> Config:
    """The same, without IPv6 where the kernel has none."""
    if namespace.has_ipv6():
        return config
    process.say("nsguard: warning: this kernel has no IPv6; the tunnel goes without")
    return config._replace(
        addresses=tuple(address for address in config.addresses if address.version == 4),
        dns=tuple(resolver for resolver in config.dns if resolver.version == 4),
        peers=tuple(
            peer._replace(allowed_ips=tuple(network for network in peer.allowed_ips if network.version == 4))
            for peer in config.peers
        ),
    )


def _alike(wanted: _Wanted, present: Tunnel) -> bool:
    """Whether the link that is there can become the one that is wanted."""
    tunnel = wanted.spec.tunnel
    if userspace.outgrown(present, wanted.endpoints.values()):
        return False
    return (present.kind, present.outer) == (tunnel.kind, wanted.spec.outer) and tunnel.implementation in (
        "auto",
        present.implementation,
    )


def _make(wanted: _Wanted, found: State) -> None:
    name, tunnel, want = found.name, wanted.tunnel(), links.wanted(wanted.config)
    found.write_tunnel(tunnel)
    nft.load_pin(name, tunnel.outer, wanted.pin, tunnel.endpoints, fresh=True)
    greeting = wireguard.greeting(wanted.config)
    text = wireguard.settings(greeting, wanted.endpoints, wanted.spec.fw_mark, wanted.config.listen_port)
    tunnel = wireguard.create(wanted.spec, found, tunnel, text)
    nft.fill_namespace(name, wanted.rules, tunnel)
    found.write_resolv_conf(resolv_conf(wanted.config))
    link = tunnel.interface
    links.batch(
        name,
        [
            f"link set dev {link} mtu {want.mtu}",
            *links.address_lines("add", want.addresses, link),
            f"link set dev {link} up",
            *(f"route add {route} dev {link} proto static" for route in links.ordered(want.routes)),
        ],
    )
    wireguard.settle(name, tunnel, wanted.config)
    named.write(found, wanted.names())
    found.write_tunnel(tunnel._replace(complete=True))


def _change(wanted: _Wanted, found: State, present: Tunnel) -> None:
    name = found.name
    tunnel = wanted.tunnel()._replace(implementation=present.implementation, device=present.device, unit=present.unit)
    # A failure from here to the end leaves a link that is neither, and that the next run can still change.
    both = present._replace(endpoints=tuple(dict.fromkeys((*present.endpoints, *tunnel.endpoints))))
    found.write_tunnel(both)
    nft.load_pin(name, tunnel.outer, wanted.pin, both.endpoints)
    port = wanted.config.listen_port
    if port is None:  # syncconf would take no port for "another one"
        port = int(wireguard.show(name, present, "listen-port")[0][0])
    before = dict(wireguard.show(name, present, "endpoints"))
    moved = {key: it for key, it in wanted.endpoints.items() if before.get(key, str(it)) != str(it)}
    greeting = wireguard.greeting(wanted.config)
    text = wireguard.settings(greeting, wanted.endpoints, wanted.spec.fw_mark, port)
    wireguard.configure(name, present, "syncconf", text)
    nft.fill_namespace(name, wanted.rules, tunnel)
    found.write_resolv_conf(resolv_conf(wanted.config))
    links.batch(name, _difference(wanted.config, name, present.interface))
    wireguard.settle(name, present, wanted.config)
    if set(present.endpoints) != set(tunnel.endpoints):
        nft.load_pin(name, tunnel.outer, wanted.pin, tunnel.endpoints)
    wireguard.hold(name, present, moved, {peer.public_key: peer.keepalive for peer in wanted.config.peers})
    named.write(found, wanted.names())
    found.write_tunnel(tunnel._replace(complete=True))


def _difference(config: Config, name: str, link: str) -> list[str]:
    """What turns the link's addresses and routes into those wanted; the same are not touched."""
    had, want = links.of(name, link), links.wanted(config)
    gone = had.addresses - want.addresses
    return [
        f"link set dev {link} mtu {want.mtu}",
        *links.address_lines("add", want.addresses - had.addresses, link),
        *links.address_lines("del", gone, link),
        # The kernel may drop addresses of the same subnet along with one, and routes along with the last.
        *(links.address_lines("replace", want.addresses, link) if gone else ()),
        f"link set dev {link} up",
        *(f"route del {route} dev {link} proto static" for route in links.ordered(had.routes - want.routes)),
        *(f"route replace {route} dev {link} proto static" for route in links.ordered(want.routes)),
    ]


def resolv_conf(config: Config) -> str:
    """What confined services see as /etc/resolv.conf."""
    lines = [f"nameserver {resolver}" for resolver in config.dns] or ["# nsguard: the tunnel names no resolver"]
    if config.search:
        lines.append(f"search {' '.join(config.search)}")
    return "\n".join([*lines, ""])
