"""Labs with two tunnels or more, one in the other: the uplink's network sees the first endpoint alone.

The attacks know the last tunnel alone, whose server is the lab's. The tunnels before it end at other WireGuard links of
the same machine, and each carries the packets of the next one.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Self

from ..addresses import Pair
from ..checkout import SCENARIOS
from .container import ContainerLab
from .debian import TUNNEL_CONFIGURATION
from .peer import CONFIGURATION, UNITS, Keys, generate
from .system import System
from .vmlab import VmLab
from .wired import WiredLab, kernel_has_wireguard


class Hop(NamedTuple):
    """A tunnel that another goes through: its name, the server's link and port, and both ends' addresses in it."""

    name: str
    link: str
    port: int
    server: Pair
    client: Pair

    @property
    def unit(self) -> str:
        """The unit of the server's end."""
        return f"lab-{self.name}.service"


ENTRY = Hop("entry", "wg9", 51900, Pair("10.99.0.1", "fd99::1"), Pair("10.99.0.2", "fd99::2"))
MIDDLE = Hop("middle", "wg8", 51901, Pair("10.98.0.1", "fd98::1"), Pair("10.98.0.2", "fd98::2"))
SCENARIO = SCENARIOS / "two-hops.nix"
THREE = SCENARIOS / "three-hops.nix"


class InARow(WiredLab):
    """family: that of all endpoints; hops: the tunnels before the last, the first of them on the uplink.

    client: another system than the Debian one.
    """

    def __init__(
        self,
        family: int = 4,
        hops: tuple[Hop, ...] = (ENTRY,),
        captures: Path | None = None,
        client: System | None = None,
    ) -> None:
        super().__init__(client, captures)
        self.family, self.hops = family, hops

    def __enter__(self) -> Self:
        super().__enter__()
        try:
            self._lay()
        except BaseException:
            self.close()
            raise
        return self

    def _lay(self) -> None:
        kernel = kernel_has_wireguard(self.wire)
        for hop in self.hops:
            self._hop(hop, generate(), generate(), kernel)
        self.server.succeed("systemctl daemon-reload", *(f"systemctl start {hop.unit}" for hop in self.hops))
        last = self.secrets.client_configuration(self.addresses, self.family)
        self.client.write_files({TUNNEL_CONFIGURATION: last}, mode=0o600)

    def _hop(self, hop: Hop, server: Keys, client: Keys, kernel: bool) -> None:
        path = f"{CONFIGURATION}/{hop.name}.conf"
        ranges = f"{hop.client.v4}/32, {hop.client.v6}/128"
        peer = f"[Peer]\nPublicKey = {client.public}\nAllowedIPs = {ranges}\n"
        conf = f"[Interface]\nPrivateKey = {server.private}\nListenPort = {hop.port}\n{peer}"
        self.server.write_files({path: conf}, mode=0o600)
        self.server.write_files({f"{UNITS}/{hop.unit}": self._unit(hop, kernel)})
        host = self.addresses.endpoint.of(self.family)
        endpoint = f"[{host}]:{hop.port}" if self.family == 6 else f"{host}:{hop.port}"
        peer = f"[Peer]\nPublicKey = {server.public}\nEndpoint = {endpoint}\nAllowedIPs = 0.0.0.0/0, ::/0\n"
        conf = f"[Interface]\nPrivateKey = {client.private}\nAddress = {ranges}\n{peer}"
        self.client.write_files({path: conf}, mode=0o600)

    def _unit(self, hop: Hop, kernel: bool) -> str:
        start = f"Type=oneshot\nRemainAfterExit=yes\nExecStart=ip link add {hop.link} type wireguard\n"
        if not kernel:
            start = f"Type=forking\nExecStart=wireguard-go {hop.link}\n"
        after = [
            f"wg setconf {hop.link} {CONFIGURATION}/{hop.name}.conf",
            f"ip link set {hop.link} up",
            f"ip address add {hop.server.v4} peer {hop.client.v4} dev {hop.link}",
            f"ip address add {hop.server.v6} peer {hop.client.v6} dev {hop.link} nodad",
            # as in peer.wireguard_unit: the next server answers from the address that it was asked at
            f"ip route replace {hop.client.v4} dev {hop.link} src {self.addresses.endpoint.v4}",
            f"ip route replace {hop.client.v6} dev {hop.link} src {self.addresses.endpoint.v6} metric 256",
        ]
        posts = "".join(f"ExecStartPost={command}\n" for command in after)
        return f"[Service]\n{start}{posts}ExecStopPost=-ip link delete {hop.link}\n"

    def endpoints(self) -> set[tuple[str, int]]:
        return {(address, self.hops[0].port) for address in self.addresses.endpoint}

    def inner_addresses(self) -> set[str]:
        return super().inner_addresses().union(*(hop.client for hop in self.hops))

    def silence(self, hop: Hop = ENTRY) -> None:
        """Make the server of a tunnel drop its packets, without an error that would tell the client."""
        chain = "chain {0} {{ type filter hook {0} priority 0; udp {1} {2} drop; }}"
        both = f"{chain.format('input', 'dport', hop.port)}\n{chain.format('output', 'sport', hop.port)}"
        self.server.succeed(f"nft -f - <<< 'table inet {hop.name} {{\n{both}\n}}'")

    def speak(self, hop: Hop = ENTRY) -> None:
        """Make the server answer again, with the sessions that it had."""
        self.server.succeed(f"nft delete table inet {hop.name}")


class Hops(InARow, ContainerLab):
    """The client on the host's kernel."""


class VmHops(InARow, VmLab):
    """The client on a kernel of its own, which has WireGuard."""
