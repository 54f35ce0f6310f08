"""A tunnel as configured, by a wg-quick file or by typed options."""

from __future__ import annotations

from nsguard.system.record import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
    from typing import TypeAlias

    Address: TypeAlias = IPv4Address | IPv6Address
    Interface: TypeAlias = IPv4Interface | IPv6Interface
    Network: TypeAlias = IPv4Network | IPv6Network

# wg-quick(8) takes 80 bytes off the path's MTU (outer IPv6 40, UDP 8, WireGuard 32), so 1420 on Ethernet.
DEFAULT_MTU = 1420
# RFC 8200 §5: a link with a smaller MTU has no IPv6.
IPV6_MIN_MTU = 1280

# Types of tunnels: the options' names for them.
WIREGUARD = "wireguard"
AMNEZIAWG = "amneziawg"


class Secret:
    """A key that shows itself only when asked to."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The key itself; for a program's standard input or a file of mode 0600, nothing else."""
        return self._text

    def __repr__(self) -> str:
        return "<secret>"


class Endpoint(NamedTuple):
    """Where a peer is: a name or an address (no brackets), and its UDP port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Linked(NamedTuple):
    """A listening address of the host, as systemd writes it; its packets go over the link to `port` to `last` inside.

    `clients`: the networks of those who reach it, None for everybody.
    """

    name: str
    protocol: str
    listen: str
    port: int
    last: int
    clients: tuple[str, ...] | None

    @property
    def ports(self) -> range:
        """The ports inside, from `port` to `last`."""
        return range(self.port, self.last + 1)


class HostLink(NamedTuple):
    """A link between host and namespace: the names of its ends, and each one's IPv4 and IPv6 address, in this order.

    `closed` are the families, 4 and 6, that the host forwards for links alone.
    """

    interface: str
    inside: str
    ruleset: str
    host: tuple[str, ...]
    namespace: tuple[str, ...]
    published: tuple[Linked, ...]
    closed: tuple[int, ...] = ()


class Peer(NamedTuple):
    """One WireGuard peer. `keepalive` in seconds, 0 is off."""

    public_key: str
    preshared_key: Secret | None = None
    endpoint: Endpoint | None = None
    allowed_ips: tuple[Network, ...] = ()
    keepalive: int = 0


class Config(NamedTuple):
    """One WireGuard link with what belongs to it.

    `mtu` in bytes; `listen_port` None lets the kernel choose; `amneziawg` are names and values for awg(8).
    """

    private_key: Secret
    addresses: tuple[Interface, ...]
    peers: tuple[Peer, ...]
    dns: tuple[Address, ...] = ()
    search: tuple[str, ...] = ()
    mtu: int | None = None
    listen_port: int | None = None
    amneziawg: tuple[tuple[str, str], ...] = ()
