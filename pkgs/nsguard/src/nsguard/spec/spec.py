"""The spec file of a namespace: plain data rendered by the module, read strictly.

A wrong spec is a mistake of whoever rendered or edited it: one line names the field, and nothing is changed.
"""

from __future__ import annotations

import os

from nsguard import paths
from nsguard.errors import BadInput
from nsguard.spec import ports, values
from nsguard.spec.field import Field
from nsguard.spec.model import AMNEZIAWG, WIREGUARD, Endpoint, HostLink, Linked
from nsguard.spec.word import ALPHANUMERIC, Word
from nsguard.system import files, quick_json
from nsguard.system.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Address

    from nsguard.spec.model import Address, Interface, Network

VERSION = 1
# linux/if.h: IFNAMSIZ is 16 with the final NUL.
_LINK = Word(ALPHANUMERIC, f"{ALPHANUMERIC}_-", 15)
# systemd.unit(5)
_IN_UNITS = rf"{ALPHANUMERIC}:_.@\-"
_UNIT = Word(_IN_UNITS, _IN_UNITS, 247, suffix=".service")
_SOCKET_UNIT = Word(_IN_UNITS, _IN_UNITS, 248, suffix=".socket")
# The name of a program that a port is told.
_CLIENT = Word(ALPHANUMERIC, ALPHANUMERIC, 32)
# A number of 32 bits that is not 0, without its 0x and leading zeros.
_MARK = Word("123456789abcdef", "0123456789abcdef", 8)
# The protocol of a port that no gateway is asked for: a script opens it.
SCRIPT = "script"
_MAPPERS = ("nat-pmp", "pcp", SCRIPT)
_TRANSPORTS = ("tcp", "udp")
# A part of a sysctl's name; / stands for a dot within it (sysctl(8)).
_SETTING = Word(f"{ALPHANUMERIC}_/-", f"{ALPHANUMERIC}_/-", 255)
# linux/limits.h: NAME_MAX is 255.
_FILE = Word(f"{ALPHANUMERIC}_", f"{ALPHANUMERIC}_.-", 255)


class PeerSpec(NamedTuple):
    """A peer from typed options; its preshared key is a file's path, `name` what status calls it."""

    name: str | None
    public_key: str
    preshared_key_file: str | None
    endpoint: Endpoint | None
    allowed_ips: tuple[Network, ...]
    keepalive: int
    refresh: int


class TunnelSpec(NamedTuple):
    """A tunnel: all in `config_file`, or all in the typed fields. Units as in `model.Config`.

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
    """A port to be asked for. `lifetime` in seconds; `hook` is a unit to restart when the port changes.

    `client`: the program that the hook tells the port, and that has to listen on it; None for none.
    """

    protocol: str
    gateway: IPv4Address | None
    protocols: tuple[str, ...]
    internal_port: int | None
    lifetime: int
    hook: str | None
    client: str | None = None


class Published(NamedTuple):
    """A port inside to which sockets of the host lead. `unit` is their socket unit; `listen` as systemd takes it.

    `clients`: the networks that reach it besides this host; None for all.
    """

    name: str
    unit: str
    listen: tuple[str, ...]
    port: int
    clients: tuple[str, ...] | None

    @property
    def ports(self) -> range:
        """The port inside, as a range of one."""
        return range(self.port, self.port + 1)


class HostService(NamedTuple):
    """A service on the host's loopback interface that `listen_port` inside leads to. `unit` has the socket."""

    name: str
    unit: str
    listen_port: int
    address: Address
    port: int


class Spec(NamedTuple):
    """What a namespace is to be. `outer` is the namespace that its tunnel's socket is in, None for the host's.

    `loopback` are the addresses of `lo` besides its usual ones; members of `command_group` may start commands, None if
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
    tunnel_ports: Mapping[str, tuple[range, ...]]
    tunnel: TunnelSpec

    def refresh_seconds(self, public_key: str) -> int:
        """Seconds between look-ups of a peer's endpoint; 0: look up only when there is a reason."""
        own = [peer.refresh for peer in self.tunnel.peers if peer.public_key == public_key]
        intervals = [seconds for seconds in (*own, self.tunnel.refresh) if seconds]
        return min(intervals, default=0)


def load(name: str) -> Spec:
    """The spec of namespace `name`. Raises `BadInput`."""
    path = f"{paths.ETC}/{name}/spec.json"
    if not os.path.lexists(path):
        from nsguard import known  # only an error pays for it

        if name not in known.namespaces():
            raise BadInput(known.unknown(name))
    text = files.read(path)
    try:
        spec = _spec(Field(quick_json.loads(text), "spec"))
        if spec.namespace != name:
            raise ValueError(f"namespace: {values.shown(spec.namespace)} is not {name}")
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{path}: {error}; regenerate it with nixos-rebuild switch") from None
    return spec


def _spec(top: Field) -> Spec:
    keys = "version namespace outer interface userspace fwMark sysctls rulesets etc sockets dns loopback portForwarding"
    more = "commandGroup hostServices published hostLink tunnelPorts tunnel"
    fields = top.object(*keys.split(), *more.split())
    if fields["version"].value != VERSION:
        raise fields["version"].wrong(f"not {VERSION}, the only one that this nsguard reads")
    userspace = fields["userspace"].object("interface", "unit")
    etc = fields["etc"].texts(_FILE)
    if taken := {"resolv.conf", "extension-release.d", "passwd", "group"} & etc.keys():
        raise fields["etc"].wrong(f"{min(taken)} is nsguard's own")
    rulesets = fields["rulesets"].object("namespace", "host", "clients")
    return Spec(
        namespace=fields["namespace"].text(),
        outer=fields["outer"].maybe(lambda it: it.matching(paths.valid_name, f"a namespace's name: {paths.NAME_RULE}")),
        interface=fields["interface"].matching(_LINK, "a link name"),
        userspace_interface=userspace["interface"].matching(_LINK, "a link name"),
        userspace_unit=userspace["unit"].matching(_UNIT, "a service unit's name"),
        fw_mark=fields["fwMark"].matching(_is_mark, "a mark like 0x6e7abcde"),
        sysctls=fields["sysctls"].texts(_is_sysctl),
        namespace_ruleset=rulesets["namespace"].path(),
        host_ruleset=rulesets["host"].path(),
        clients_ruleset=rulesets["clients"].maybe(Field.path),
        etc=etc,
        sockets=tuple(item.path() for item in fields["sockets"].items()),
        enforce_dns=fields["dns"].object("enforce")["enforce"].flag(),
        loopback=fields["loopback"].many(values.address),
        forwarding=fields["portForwarding"].maybe(_forwarding),
        command_group=fields["commandGroup"].maybe(Field.text),
        host_services=tuple(map(_host_service, fields["hostServices"].items())),
        published=tuple(map(_published, fields["published"].items())),
        host_link=fields["hostLink"].maybe(_host_link),
        tunnel_ports=_ports_by_protocol(fields["tunnelPorts"]),
        tunnel=_tunnel(fields["tunnel"]),
    )


def _is_mark(text: str) -> bool:
    return text.startswith("0x") and _MARK(text[2:].lstrip("0"))


def _is_sysctl(text: str) -> bool:
    """Whether it is the name of a sysctl of network namespaces."""
    first, *rest = text.split(".")
    return first == "net" and bool(rest) and all(map(_SETTING, rest))


def _forwarding(forwarding: Field) -> Forwarding:
    fields = forwarding.object("protocol", "gateway", "protocols", "internalPort", "lifetimeSeconds", "hook", "client")
    return Forwarding(
        protocol=fields["protocol"].matching(_MAPPERS.__contains__, "nat-pmp, pcp or script"),
        gateway=fields["gateway"].maybe(lambda it: it.parsed(values.ipv4)),
        protocols=tuple(it.matching(_TRANSPORTS.__contains__, "tcp or udp") for it in fields["protocols"].items()),
        internal_port=fields["internalPort"].maybe(ports.port),
        lifetime=fields["lifetimeSeconds"].number(lambda text: values.number(text, 1, 86400)),
        hook=fields["hook"].maybe(lambda it: it.matching(_UNIT, "a service unit's name")),
        client=fields["client"].maybe(lambda it: it.matching(_CLIENT, "the name of a program")),
    )


def _host_service(service: Field) -> HostService:
    fields = service.object("name", "unit", "listenPort", "address", "port")
    return HostService(
        name=fields["name"].text(),
        unit=fields["unit"].matching(_SOCKET_UNIT, "a socket unit's name"),
        listen_port=ports.port(fields["listenPort"]),
        address=fields["address"].parsed(values.address),
        port=ports.port(fields["port"]),
    )


def _published(published: Field) -> Published:
    fields = published.object("name", "unit", "listen", "port", "from")
    return Published(
        name=fields["name"].text(),
        unit=fields["unit"].matching(_SOCKET_UNIT, "a socket unit's name"),
        listen=tuple(it.text() for it in fields["listen"].items()),
        port=ports.port(fields["port"]),
        clients=fields["from"].maybe(_networks),
    )


def _host_link(link: Field) -> HostLink:
    fields = link.object("interface", "inside", "ruleset", "host", "namespace", "published")
    return HostLink(
        interface=fields["interface"].matching(_LINK, "a link name"),
        inside=fields["inside"].matching(_LINK, "a link name"),
        ruleset=fields["ruleset"].path(),
        host=_ends(fields["host"]),
        namespace=_ends(fields["namespace"]),
        published=tuple(map(_linked, fields["published"].items())),
    )


def _ends(addresses: Field) -> tuple[str, ...]:
    """An IPv4 and an IPv6 address."""
    ends = tuple(map(str, addresses.many(values.address)))
    if len(ends) != 2:
        raise addresses.wrong("not one address of each family")
    return ends


def _linked(published: Field) -> Linked:
    fields = published.object("name", "protocol", "listen", "port", "from")
    inside = ports.port_range(fields["port"])
    return Linked(
        fields["name"].text(),
        fields["protocol"].matching(_TRANSPORTS.__contains__, "tcp or udp"),
        fields["listen"].text(),
        inside.start,
        inside[-1],
        fields["from"].maybe(_networks),
    )


def _networks(networks: Field) -> tuple[str, ...]:
    return tuple(map(str, networks.many(values.network)))


def _ports_by_protocol(tunnel_ports: Field) -> dict[str, tuple[range, ...]]:
    protocols = tunnel_ports.object("tcp", "udp")
    return {protocol: tuple(map(ports.port_range, opened.items())) for protocol, opened in protocols.items()}


def _tunnel(tunnel: Field) -> TunnelSpec:
    keys = "name type implementation configFile ips privateKeyFile generatePrivateKeyFile listenPort mtu dns"
    fields = tunnel.object(*keys.split(), "dynamicEndpointRefreshSeconds", "peers")
    if fields["configFile"].value is None:
        for needed in ("ips", "privateKeyFile", "peers"):
            if not fields[needed].value:
                raise fields[needed].wrong("missing, and there is no configFile")
    else:
        for unused in ("ips", "privateKeyFile", "generatePrivateKeyFile", "peers"):
            if fields[unused].value:
                raise fields[unused].wrong("configFile already sets this")
    peers = tuple(map(_peer, fields["peers"].items()))
    if len({peer.public_key for peer in peers}) != len(peers):
        raise fields["peers"].wrong("two peers with the same publicKey")
    return TunnelSpec(
        name=fields["name"].text(),
        kind=fields["type"].one_of(WIREGUARD, AMNEZIAWG),
        implementation=fields["implementation"].one_of("auto", "kernel", "userspace"),
        config_file=fields["configFile"].maybe(Field.path),
        ips=fields["ips"].many(values.interface),
        private_key_file=fields["privateKeyFile"].maybe(Field.path),
        generate_private_key_file=fields["generatePrivateKeyFile"].flag(),
        listen_port=fields["listenPort"].maybe(lambda it: it.number(values.port)),
        mtu=fields["mtu"].maybe(lambda it: it.number(values.mtu)),
        dns=fields["dns"].many(values.resolver),
        refresh=fields["dynamicEndpointRefreshSeconds"].number(_seconds),
        peers=peers,
    )


def _peer(peer: Field) -> PeerSpec:
    keys = "name publicKey presharedKeyFile endpoint allowedIPs persistentKeepalive dynamicEndpointRefreshSeconds"
    fields = peer.object(*keys.split())
    return PeerSpec(
        name=fields["name"].maybe(Field.text),
        public_key=fields["publicKey"].parsed(values.key),
        preshared_key_file=fields["presharedKeyFile"].maybe(Field.path),
        endpoint=fields["endpoint"].maybe(lambda it: it.parsed(values.endpoint)),
        allowed_ips=fields["allowedIPs"].many(values.network),
        keepalive=fields["persistentKeepalive"].maybe(lambda it: it.number(values.keepalive)) or 0,
        refresh=fields["dynamicEndpointRefreshSeconds"].number(_seconds),
    )


def _seconds(text: str) -> int:
    return values.number(text, 0, 2**31 - 1)
