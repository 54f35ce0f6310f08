"""The spec file of a namespace: plain data rendered by the module, read strictly.

A wrong spec is a mistake of whoever rendered or edited it: one line names the field, and nothing is changed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from ipaddress import IPv4Address

from nsguard import paths
from nsguard.errors import BadInput
from nsguard.spec import values
from nsguard.spec.model import AMNEZIAWG, WIREGUARD, Address, Endpoint, HostLink, Interface, Linked, Network
from nsguard.system import files
from nsguard.system.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")

VERSION = 1
# linux/if.h: IFNAMSIZ is 16 with the final NUL.
_LINK = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,14}\Z")
_UNIT = re.compile(r"[A-Za-z0-9:_.@\\-]{1,247}\.service\Z")
_SOCKET_UNIT = re.compile(r"[A-Za-z0-9:_.@\\-]{1,248}\.socket\Z")
_MARK = re.compile(r"0x0*[1-9a-f][0-9a-f]{0,7}\Z")
_MAPPER = re.compile(r"(nat-pmp|pcp)\Z")
_TRANSPORT = re.compile(r"(tcp|udp)\Z")
_NAMESPACE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}\Z")
# Only what belongs to a network namespace; / stands for a dot within a name (sysctl(8)).
_SYSCTL = re.compile(r"net(\.[A-Za-z0-9_/-]+)+\Z")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")


class PeerSpec(NamedTuple):
    """A peer from typed options; its preshared key is a file's path."""

    public_key: str
    preshared_key_file: str | None
    endpoint: Endpoint | None
    allowed_ips: tuple[Network, ...]
    keepalive: int
    refresh: int


class TunnelSpec(NamedTuple):
    """A tunnel: all in `config_file`, or all in the typed fields. Lengths as in `model.Config`.

    `kind` is `model.WIREGUARD` or `model.AMNEZIAWG`; `implementation` "auto", "kernel" or "userspace".
    """

    name: str
    kind: str
    implementation: str
    config_file: str | None
    ips: tuple[Interface, ...]
    private_key_file: str | None
    generate_private_key_file: bool
    listen_port: int | None
    mtu: int | None
    dns: tuple[Address, ...]
    refresh: int
    peers: tuple[PeerSpec, ...]


class Forwarding(NamedTuple):
    """A port to be asked for. `lifetime` in seconds; `hook` is a unit to restart when the port changes."""

    protocol: str
    gateway: IPv4Address | None
    protocols: tuple[str, ...]
    internal_port: int | None
    lifetime: int
    hook: str | None


class Published(NamedTuple):
    """A port inside that a socket of the host's, or several, lead to. `unit` has them; `listen` as systemd takes it."""

    name: str
    unit: str
    listen: tuple[str, ...]
    port: int


class HostService(NamedTuple):
    """A service on the host's loopback interface that `listen_port` inside leads to. `unit` has the socket."""

    name: str
    unit: str
    listen_port: int
    address: Address
    port: int


class Spec(NamedTuple):
    """What a namespace is to be. `outer` is the namespace that its tunnel's socket is in, None for the host's.

    `loopback` are the addresses of `lo` beside its usual ones; `command_group` may start commands, None where
    nobody may.
    """

    namespace: str
    outer: str | None
    interface: str
    userspace_interface: str
    userspace_unit: str
    fw_mark: str
    sysctls: Mapping[str, str]
    namespace_ruleset: str
    host_ruleset: str
    clients_ruleset: str | None
    etc: Mapping[str, str]
    sockets: tuple[str, ...]
    enforce_dns: bool
    loopback: tuple[Address, ...]
    forwarding: Forwarding | None
    command_group: str | None
    host_services: tuple[HostService, ...]
    published: tuple[Published, ...]
    host_link: HostLink | None
    tunnel_ports: Mapping[str, tuple[int, ...]]
    tunnel: TunnelSpec

    def refresh_seconds(self, public_key: str) -> int:
        """Seconds between look-ups of a peer's endpoint, 0 for none without need."""
        own = [peer.refresh for peer in self.tunnel.peers if peer.public_key == public_key]
        wanted = [seconds for seconds in (*own, self.tunnel.refresh) if seconds]
        return min(wanted, default=0)


class _Field:
    """A JSON value with its place, for messages."""

    def __init__(self, value: Any, at: str) -> None:
        self.value, self.at = value, at

    def wrong(self, what: str) -> ValueError:
        return ValueError(f"{self.at}: {what}")

    def object(self, *keys: str) -> list[_Field]:
        """Its fields, in the order of `keys`; exactly these must be there."""
        mapping = self._typed(dict, "an object")
        at = f"{self.at}." if self.at != "spec" else ""
        for key in keys:
            if key not in mapping:
                raise ValueError(f"{at}{key}: missing")
        for key in mapping:
            if key not in keys:
                raise ValueError(f"{at}{key[:40]!a}: unknown field")
        return [_Field(mapping[key], f"{at}{key}") for key in keys]

    def items(self) -> list[_Field]:
        return [_Field(item, f"{self.at}[{i}]") for i, item in enumerate(self._typed(list, "a list"))]

    def texts(self, key: re.Pattern[str]) -> dict[str, str]:
        mapping = self._typed(dict, "an object")
        for name in mapping:
            if not key.match(name):
                raise self.wrong(f"{values.shown(name)} is not allowed here")
        return {name: _Field(text, f"{self.at}.{name}").text() for name, text in mapping.items()}

    def text(self) -> str:
        return str(self._typed(str, "a string"))

    def flag(self) -> bool:
        return bool(self._typed(bool, "true or false"))

    def number(self, parse: Callable[[str], int]) -> int:
        return self._parsed(parse, str(self._typed(int, "a number")))

    def matching(self, pattern: re.Pattern[str], what: str) -> str:
        text = self.text()
        if not pattern.match(text):
            raise self.wrong(f"{values.shown(text)} is not {what}")
        return text

    def one_of(self, *known: str) -> str:
        text = self.text()
        if text not in known:
            raise self.wrong(f"{values.shown(text)} is none of {', '.join(known)}")
        return text

    def path(self) -> str:
        text = self.text()
        if not text.startswith("/"):
            raise self.wrong(f"{values.shown(text)} is not an absolute path")
        return text

    def parsed(self, parse: Callable[[str], T]) -> T:
        return self._parsed(parse, self.text())

    def _parsed(self, parse: Callable[[str], T], text: str) -> T:
        try:
            return parse(text)
        except ValueError as error:
            raise self.wrong(str(error)) from None

    def many(self, parse: Callable[[str], T]) -> tuple[T, ...]:
        return tuple(item.parsed(parse) for item in self.items())

    def maybe(self, read: Callable[[_Field], T]) -> T | None:
        return None if self.value is None else read(self)

    def _typed(self, kind: type, what: str) -> Any:
        if type(self.value) is not kind:
            raise self.wrong(f"not {what}")
        return self.value


def load(name: str) -> Spec:
    """The spec of namespace `name`. Raises `BadInput`."""
    path = f"{paths.ETC}/{name}/spec.json"
    text = files.read(path)
    try:
        spec = _spec(_Field(json.loads(text), "spec"))
        if spec.namespace != name:
            raise ValueError(f"namespace: {values.shown(spec.namespace)} is not {name}")
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: {error}; regenerate it with nixos-rebuild switch") from None
    return spec


def _spec(top: _Field) -> Spec:
    keys = "version namespace outer interface userspace fwMark sysctls rulesets etc sockets dns loopback portForwarding"
    version, namespace, outer, interface, userspace, mark, sysctls, rulesets, etc, sockets, dns, *more = top.object(
        *keys.split(), "commandGroup", "hostServices", "published", "hostLink", "tunnelPorts", "tunnel"
    )
    loopback, forwarding, group, host_services, published, host_link, tunnel_ports, tunnel = more
    if version.value != VERSION:
        raise version.wrong(f"not {VERSION}, the one this nsguard reads")
    device, unit = userspace.object("interface", "unit")
    if taken := {"resolv.conf", "extension-release.d", "passwd", "group"} & etc.texts(_FILE).keys():
        raise etc.wrong(f"{min(taken)} is nsguard's own")
    of_namespace, of_host, of_clients = rulesets.object("namespace", "host", "clients")
    (enforce,) = dns.object("enforce")
    return Spec(
        namespace=namespace.text(),
        outer=outer.maybe(lambda it: it.matching(_NAMESPACE, f"a namespace's name: {paths.NAME_RULE}")),
        interface=interface.matching(_LINK, "a link name"),
        userspace_interface=device.matching(_LINK, "a link name"),
        userspace_unit=unit.matching(_UNIT, "a service unit's name"),
        fw_mark=mark.matching(_MARK, "a mark like 0x6e7abcde"),
        sysctls=sysctls.texts(_SYSCTL),
        namespace_ruleset=of_namespace.path(),
        host_ruleset=of_host.path(),
        clients_ruleset=of_clients.maybe(_Field.path),
        etc=etc.texts(_FILE),
        sockets=tuple(item.path() for item in sockets.items()),
        enforce_dns=enforce.flag(),
        loopback=loopback.many(values.address),
        forwarding=forwarding.maybe(_forwarding),
        command_group=group.maybe(_Field.text),
        host_services=tuple(map(_host_service, host_services.items())),
        published=tuple(map(_published, published.items())),
        host_link=host_link.maybe(_host_link),
        tunnel_ports=_ports_by_protocol(tunnel_ports),
        tunnel=_tunnel(tunnel),
    )


def _forwarding(field: _Field) -> Forwarding:
    keys = "protocol gateway protocols internalPort lifetimeSeconds hook"
    protocol, gateway, protocols, internal, lifetime, hook = field.object(*keys.split())
    return Forwarding(
        protocol=protocol.matching(_MAPPER, "nat-pmp or pcp"),
        gateway=gateway.maybe(lambda it: it.parsed(values.ipv4)),
        protocols=tuple(it.matching(_TRANSPORT, "tcp or udp") for it in protocols.items()),
        internal_port=internal.maybe(_port),
        lifetime=lifetime.number(lambda text: values.number(text, 1, 86400)),
        hook=hook.maybe(lambda it: it.matching(_UNIT, "a service unit's name")),
    )


def _host_service(field: _Field) -> HostService:
    name, unit, listen_port, address, port = field.object("name", "unit", "listenPort", "address", "port")
    return HostService(
        name=name.text(),
        unit=unit.matching(_SOCKET_UNIT, "a socket unit's name"),
        listen_port=_port(listen_port),
        address=address.parsed(values.address),
        port=_port(port),
    )


def _published(field: _Field) -> Published:
    name, unit, listen, port = field.object("name", "unit", "listen", "port")
    return Published(
        name=name.text(),
        unit=unit.matching(_SOCKET_UNIT, "a socket unit's name"),
        listen=tuple(it.text() for it in listen.items()),
        port=_port(port),
    )


def _host_link(field: _Field) -> HostLink:
    keys = "interface inside ruleset host namespace published"
    interface, inside, ruleset, host, namespace, published = field.object(*keys.split())
    ends = [tuple(map(str, end.many(values.address))) for end in (host, namespace)]
    for end, addresses in zip((host, namespace), ends, strict=True):
        if len(addresses) != 2:
            raise end.wrong("not one address of each family")
    return HostLink(
        interface=interface.matching(_LINK, "a link name"),
        inside=inside.matching(_LINK, "a link name"),
        ruleset=ruleset.path(),
        host=ends[0],
        namespace=ends[1],
        published=tuple(map(_linked, published.items())),
    )


def _linked(field: _Field) -> Linked:
    name, protocol, listen, port = field.object("name", "protocol", "listen", "port")
    return Linked(name.text(), protocol.matching(_TRANSPORT, "tcp or udp"), listen.text(), _port(port))


def _ports_by_protocol(field: _Field) -> dict[str, tuple[int, ...]]:
    protocols = ("tcp", "udp")
    return {
        protocol: tuple(map(_port, ports.items()))
        for protocol, ports in zip(protocols, field.object(*protocols), strict=True)
    }


def _port(field: _Field) -> int:
    return field.number(lambda text: values.number(text, 1, 65535))


def _tunnel(field: _Field) -> TunnelSpec:
    keys = "name type implementation configFile ips privateKeyFile generatePrivateKeyFile listenPort mtu dns"
    name, kind, implementation, file, ips, key_file, generate, port, mtu, dns, refresh, peers = field.object(
        *keys.split(), "dynamicEndpointRefreshSeconds", "peers"
    )
    if file.value is None:
        for needed in (ips, key_file, peers):
            if not needed.value:
                raise needed.wrong("missing, as there is no configFile")
    else:
        for unused in (ips, key_file, generate, peers):
            if unused.value:
                raise unused.wrong("configFile says this already")
    found = tuple(_peer(peer) for peer in peers.items())
    if len({peer.public_key for peer in found}) != len(found):
        raise peers.wrong("two peers with the same publicKey")
    return TunnelSpec(
        name=name.text(),
        kind=kind.one_of(WIREGUARD, AMNEZIAWG),
        implementation=implementation.one_of("auto", "kernel", "userspace"),
        config_file=file.maybe(_Field.path),
        ips=ips.many(values.interface),
        private_key_file=key_file.maybe(_Field.path),
        generate_private_key_file=generate.flag(),
        listen_port=port.maybe(lambda it: it.number(values.port)),
        mtu=mtu.maybe(lambda it: it.number(values.mtu)),
        dns=dns.many(values.resolver),
        refresh=refresh.number(_seconds),
        peers=found,
    )


def _peer(field: _Field) -> PeerSpec:
    keys = "name publicKey presharedKeyFile endpoint allowedIPs persistentKeepalive dynamicEndpointRefreshSeconds"
    name, public_key, preshared, endpoint, allowed, keepalive, refresh = field.object(*keys.split())
    name.maybe(_Field.text)
    return PeerSpec(
        public_key=public_key.parsed(values.key),
        preshared_key_file=preshared.maybe(_Field.path),
        endpoint=endpoint.maybe(lambda it: it.parsed(values.endpoint)),
        allowed_ips=allowed.many(values.network),
        keepalive=keepalive.maybe(lambda it: it.number(values.keepalive)) or 0,
        refresh=refresh.number(_seconds),
    )


def _seconds(text: str) -> int:
    return values.number(text, 0, 2**31 - 1)
