"""`nsguard tunnel up|reload NAME`: the one way out of a namespace."""

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeVar

from nsguard import files, namespace, nft, process, shape, state, teardown, wireguard
from nsguard.config import load as load_config
from nsguard.errors import NsguardError
from nsguard.model import Config, Endpoint, Interface, Network
from nsguard.resolve import endpoints as resolve
from nsguard.spec import Spec
from nsguard.spec import load as load_spec
from nsguard.state import State, Tunnel

T = TypeVar("T", bound=Interface | Network)


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
            interface=self.spec.interface,
            addresses=tuple(str(address) for address in self.config.addresses),
            dns=tuple(str(resolver) for resolver in self.config.dns),
            enforce_dns=self.spec.enforce_dns,
            endpoints=tuple((host, port) for host, port in self.endpoints.values()),
        )


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
        with process.undone_by(lambda: teardown.clear(found)):
            if present:
                teardown.clear(found)
            _make(wanted, found)


def _read(name: str) -> _Wanted:
    spec = load_spec(name)
    config = load_config(spec)
    rules, pin = (nft.Ruleset(path, files.read(path)) for path in (spec.namespace_ruleset, spec.host_ruleset))
    config = fit_for_kernel(config)
    return _Wanted(spec, config, resolve(config.peers), rules, pin)


def fit_for_kernel(config: Config) -> Config:
    """The same, without IPv6 where the kernel has none."""
    if os.path.exists("/proc/sys/net/ipv6"):
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
    return present.kind == tunnel.kind and tunnel.implementation in ("auto", present.implementation)


def _make(wanted: _Wanted, found: State) -> None:
    name, tunnel, want = found.name, wanted.tunnel(), shape.wanted(wanted.config)
    found.write_tunnel(tunnel)
    nft.load_host(name, wanted.pin, tunnel.endpoints, fresh=True)
    greeting = wireguard.greeting(wanted.config)
    text = wireguard.settings(greeting, wanted.endpoints, wanted.spec.fw_mark, wanted.config.listen_port)
    tunnel = wireguard.create(wanted.spec, found, tunnel, text)
    nft.fill_namespace(name, wanted.rules, tunnel)
    found.write_resolv_conf(resolv_conf(wanted.config))
    link = tunnel.interface
    _batch(
        name,
        [
            f"link set dev {link} mtu {want.mtu}",
            *_address_lines("add", _ordered(want.addresses), link),
            f"link set dev {link} up",
            *(f"route add {route} dev {link} proto static" for route in _ordered(want.routes)),
        ],
    )
    wireguard.settle(name, tunnel, wanted.config)
    found.write_tunnel(tunnel._replace(complete=True))


def _change(wanted: _Wanted, found: State, present: Tunnel) -> None:
    name = found.name
    tunnel = wanted.tunnel()._replace(implementation=present.implementation, device=present.device, unit=present.unit)
    both = present._replace(complete=False, endpoints=(*present.endpoints, *tunnel.endpoints))
    found.write_tunnel(both)  # from here to the end a failure makes the next run start anew
    nft.load_host(name, wanted.pin, both.endpoints)
    port = wanted.config.listen_port
    if port is None:  # syncconf would take no port for "another one"
        port = int(wireguard.show(name, present, "listen-port")[0][0])
    text = wireguard.settings(wanted.config, wanted.endpoints, wanted.spec.fw_mark, port)
    wireguard.configure(name, present, "syncconf", text)
    nft.fill_namespace(name, wanted.rules, tunnel)
    found.write_resolv_conf(resolv_conf(wanted.config))
    _batch(name, _difference(wanted.config, name, present.interface))
    if set(present.endpoints) != set(tunnel.endpoints):
        nft.load_host(name, wanted.pin, tunnel.endpoints)
    found.write_tunnel(tunnel._replace(complete=True))


def _difference(config: Config, name: str, link: str) -> list[str]:
    """What turns the link's addresses and routes into those wanted; the same are not touched."""
    had, want = shape.of(name, link), shape.wanted(config)
    gone = _ordered(had.addresses - want.addresses)
    return [
        f"link set dev {link} mtu {want.mtu}",
        *_address_lines("add", _ordered(want.addresses - had.addresses), link),
        *_address_lines("del", gone, link),
        # The kernel may drop addresses of the same subnet along with one, and routes along with the last.
        *(_address_lines("replace", _ordered(want.addresses), link) if gone else ()),
        f"link set dev {link} up",
        *(f"route del {route} dev {link} proto static" for route in _ordered(had.routes - want.routes)),
        *(f"route replace {route} dev {link} proto static" for route in _ordered(want.routes)),
    ]


def _address_lines(verb: str, addresses: list[Interface], link: str) -> list[str]:
    nodad = " nodad" if verb != "del" else ""  # nobody else is on the link
    return [f"address {verb} {a} dev {link}{nodad if a.version == 6 else ''}" for a in addresses]


def _batch(name: str, lines: list[str]) -> None:
    shown = [f"ip -n {name} {line}" for line in lines]
    process.change("ip", "-n", name, "-batch", "-", stdin="\n".join([*lines, ""]), shown=shown)


def _ordered(items: Iterable[T]) -> list[T]:
    """IPv4 first, then by address: each run says the same lines."""
    return sorted(items, key=lambda item: (item.version, item))


def resolv_conf(config: Config) -> str:
    """What confined services see as /etc/resolv.conf."""
    lines = [f"nameserver {resolver}" for resolver in config.dns] or ["# nsguard: the tunnel names no resolver"]
    if config.search:
        lines.append(f"search {' '.join(config.search)}")
    return "\n".join([*lines, ""])
