"""`nsguard tunnel up|reload NAME`: make or change the tunnel, the only way out of a namespace."""

import os
from collections.abc import Iterator, Mapping

from nsguard.endpoints import named
from nsguard.endpoints.named import Named
from nsguard.endpoints.resolve import endpoints as resolve
from nsguard.errors import NsguardError
from nsguard.lifecycle import teardown
from nsguard.net import links, mtu, namespace, nft, settings, userspace, wireguard
from nsguard.spec import values
from nsguard.spec.config import load as load_config
from nsguard.spec.model import Config, Endpoint
from nsguard.spec.spec import Spec
from nsguard.spec.spec import load as load_spec
from nsguard.state import State, Tunnel, locked
from nsguard.system import clock, files, process
from nsguard.system.contexts import contextmanager
from nsguard.system.record import NamedTuple


class _Target(NamedTuple):
    """The tunnel that the spec describes, and all data to make it; read and checked before anything is changed."""

    spec: Spec
    config: Config
    endpoints: Mapping[str, Endpoint]
    rules: nft.Ruleset
    pin: nft.Ruleset

    def tunnel(self) -> Tunnel:
        """The tunnel's record for the state; `wireguard.create` adds the implementation."""
        return Tunnel(
            name=self.spec.tunnel.name,
            kind=self.spec.tunnel.kind,
            outer=self.spec.outer,
            interface=self.spec.interface,
            addresses=tuple(str(address) for address in self.config.addresses),
            dns=tuple(str(resolver) for resolver in self.config.dns),
            enforce_dns=self.spec.enforce_dns,
            endpoints=tuple((host, port) for host, port in self.endpoints.values()),
            fixed=tuple(
                endpoint
                for endpoint in self.endpoints.values()
                if endpoint in {peer.endpoint for peer in self.config.peers}
            ),
            marks=(int(self.spec.fw_mark, 16),),
        )

    def names(self) -> dict[str, Named]:
        """Public key → endpoint, for each peer whose endpoint is a host name."""
        return {
            peer.public_key: Named(
                *peer.endpoint,
                keepalive=peer.keepalive,
                seconds=self.spec.refresh_seconds(peer.public_key),
                address=self.endpoints[peer.public_key].host if peer.public_key in self.endpoints else None,
                looked_up=clock.since_boot(),
            )
            for peer in self.config.peers
            if peer.endpoint and not values.is_address(peer.endpoint.host)
        }


def up(name: str) -> None:
    """Put the tunnel into namespace `name`; if one is up, change it in place (`reload` does the same).

    Connections through unchanged peers survive a change. Raises `BadInput` with nothing changed, or `NsguardError`.
    After `NsguardError`, no part of a new tunnel is left, and the next call completes a change that was made in part.
    """
    target = _read(name)
    with locked(name) as state:
        if state is None or not teardown.is_up(state):
            raise NsguardError(f"namespace {name} is not up; run: nsguard netns up {name}")
        current = state.tunnel()
        in_place = current and current.complete and _alike(target, current)
        with _explained(name, target.spec):
            if current and in_place and namespace.has_link(name, current.interface):
                _change(target, state, current)
            else:
                _remake(target, state)


def again(state: State, names: Mapping[str, Named]) -> None:
    """Remake a tunnel that cannot be changed in place; its endpoints have the addresses in `names` (by public key).

    Raises `BadInput` with nothing changed, or `NsguardError`. After `NsguardError`, only the names are left, to retry.
    """
    target = _read(state.name, names)
    with _explained(state.name, target.spec):
        _remake(target, state)


@contextmanager
def _explained(name: str, spec: Spec) -> Iterator[None]:
    """An error within the body names its cause if IPv6 was switched off inside: ip(8) names no setting."""
    try:
        yield
    except process.CommandFailed as error:
        with namespace.entered(name):
            for key, what in settings.differing(spec.sysctls):
                if key.endswith(".disable_ipv6"):
                    raise NsguardError(f"{str(error).rstrip('.')}: {what}; {settings.remedy(name)}") from None
        raise


def _remake(target: _Target, state: State) -> None:
    with process.undone_by(lambda: teardown.clear(state)):
        if current := state.tunnel():
            # If this run is killed, the next one finds an incomplete tunnel and remakes it.
            state.write_tunnel(current._replace(complete=False))
            teardown.clear(state)
        _make(target, state)


def _read(name: str, names: Mapping[str, Named] | None = None) -> _Target:
    spec = load_spec(name)
    config = load_config(spec)
    rules, pin = (nft.Ruleset(path, files.read(path)) for path in (spec.namespace_ruleset, spec.host_ruleset))
    config = fit_for_kernel(config)
    endpoints = _resolved(spec, config) if names is None else _held(config, names)
    config = config._replace(mtu=mtu.fitting(spec, config, endpoints))
    return _Target(spec, config, endpoints, rules, pin)


def _held(config: Config, names: Mapping[str, Named]) -> Mapping[str, Endpoint]:
    """Public key → endpoint, with the addresses in `names`. Names without an address wait for the next look-up."""
    fixed = {
        peer.public_key: peer.endpoint
        for peer in config.peers
        if peer.endpoint and values.is_address(peer.endpoint.host)
    }
    known_addresses = {
        peer.public_key: Endpoint(name.address, name.port)
        for peer in config.peers
        if (name := names.get(peer.public_key)) and name.address and peer.endpoint == (name.host, name.port)
    }
    return fixed | known_addresses


def _resolved(spec: Spec, config: Config) -> Mapping[str, Endpoint]:
    """Public key → endpoint with an address. The first look-up has a short timeout: the boot may wait for it."""
    if all(values.is_address(peer.endpoint.host) for peer in config.peers if peer.endpoint):
        return {peer.public_key: peer.endpoint for peer in config.peers if peer.endpoint}
    state = State(spec.namespace)
    addresses = {it.host: it.address for it in named.read(state).values() if it.address}
    long_timeout = os.path.exists(state.sought)
    if os.path.isdir(state.directory):
        files.write(state.sought, "")
    return resolve(config.peers, addresses, spec.outer, long_timeout=long_timeout)


def fit_for_kernel(config: Config) -> Config:
    """`config`, without its IPv6 addresses, resolvers and allowed IPs if this kernel has no IPv6."""
    if namespace.has_ipv6():
        return config
    process.say("nsguard: warning: this kernel has no IPv6; the tunnel is set up without it")
    return config._replace(
        addresses=tuple(address for address in config.addresses if address.version == 4),
        dns=tuple(resolver for resolver in config.dns if resolver.version == 4),
        peers=tuple(
            peer._replace(allowed_ips=tuple(network for network in peer.allowed_ips if network.version == 4))
            for peer in config.peers
        ),
    )


def _alike(target: _Target, current: Tunnel) -> bool:
    """Whether the current link can be changed in place into the target."""
    tunnel = target.spec.tunnel
    if userspace.outgrown(current, target.endpoints.values()):
        return False
    return (current.kind, current.outer) == (tunnel.kind, target.spec.outer) and tunnel.implementation in (
        "auto",
        current.implementation,
    )


def _make(target: _Target, state: State) -> None:
    name, tunnel, shape = state.name, target.tunnel(), links.intended(target.config)
    state.write_tunnel(tunnel)
    nft.load_pin(name, target.pin, tunnel, alone=not state.has_sibling())
    greeting = wireguard.greeting(target.config)
    text = wireguard.settings(greeting, target.endpoints, target.spec.fw_mark, target.config.listen_port)
    tunnel = wireguard.create(target.spec, state, tunnel, text)
    nft.fill_namespace(name, target.rules, tunnel)
    state.write_resolv_conf(resolv_conf(target.config))
    link = tunnel.interface
    links.batch(
        name,
        [
            f"link set dev {link} mtu {shape.mtu}",
            *links.address_lines("add", shape.addresses, link),
            f"link set dev {link} up",
            *(f"route add {route} dev {link} proto static" for route in links.ordered(shape.routes)),
        ],
    )
    wireguard.settle(name, tunnel, target.config)
    named.write(state, target.names())
    state.write_tunnel(tunnel._replace(complete=True))


def _change(target: _Target, state: State, current: Tunnel) -> None:
    name = state.name
    tunnel = target.tunnel()._replace(implementation=current.implementation, device=current.device, unit=current.unit)
    # If a later step fails, the link is changed only in part, and the next run can still complete the change.
    transition = current._replace(
        endpoints=tuple(dict.fromkeys((*current.endpoints, *tunnel.endpoints))),
        marks=tuple(dict.fromkeys((*current.marks, *tunnel.marks))),
    )
    state.write_tunnel(transition)
    try:
        nft.load_pin(name, target.pin, transition)
    except (nft.MarkTaken, nft.TableTaken):
        state.write_tunnel(current)
        raise
    port = target.config.listen_port
    if port is None:  # without a port, syncconf would choose a new one
        port = int(wireguard.show(name, current, "listen-port")[0][0])
    before = dict(wireguard.show(name, current, "endpoints"))
    changed = {
        key: endpoint for key, endpoint in target.endpoints.items() if before.get(key, str(endpoint)) != str(endpoint)
    }
    greeting = wireguard.greeting(target.config)
    text = wireguard.settings(greeting, target.endpoints, target.spec.fw_mark, port)
    wireguard.configure(name, current, "syncconf", text)
    nft.fill_namespace(name, target.rules, tunnel)
    state.write_resolv_conf(resolv_conf(target.config))
    links.batch(name, _difference(target.config, name, current.interface))
    wireguard.settle(name, current, target.config)
    if set(current.endpoints) != set(tunnel.endpoints) or current.marks != tunnel.marks:
        nft.load_pin(name, target.pin, tunnel, transition.marks)
    wireguard.hold(name, current, changed, {peer.public_key: peer.keepalive for peer in target.config.peers})
    named.write(state, target.names())
    state.write_tunnel(tunnel._replace(complete=True))


def _difference(config: Config, name: str, link: str) -> list[str]:
    """Commands for `links.batch` that give the link the MTU, addresses and routes of `config`."""
    current, target = links.of(name, link), links.intended(config)
    removed = current.addresses - target.addresses
    return [
        f"link set dev {link} mtu {target.mtu}",
        *links.address_lines("add", target.addresses - current.addresses, link),
        *links.address_lines("del", removed, link),
        # With an address, the kernel may remove others of its subnet, and with the last one routes: set these again.
        *(links.address_lines("replace", target.addresses, link) if removed else ()),
        f"link set dev {link} up",
        *(f"route del {route} dev {link} proto static" for route in links.ordered(current.routes - target.routes)),
        *(f"route replace {route} dev {link} proto static" for route in links.ordered(target.routes)),
    ]


def resolv_conf(config: Config) -> str:
    """The text of /etc/resolv.conf for confined services."""
    lines = [f"nameserver {resolver}" for resolver in config.dns] or ["# nsguard: the tunnel names no resolver"]
    if config.search:
        lines.append(f"search {' '.join(config.search)}")
    return "\n".join([*lines, ""])
