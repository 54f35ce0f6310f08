"""The container lab with two tunnels, one in the other: the uplink's network sees the first one's endpoint alone.

The tunnel that the attacks know is the second. Its server is the lab's; the first ends at another WireGuard on the same
machine, whose packets that one is then sent.
"""

from __future__ import annotations

from pathlib import Path
from typing import Self

from ..addresses import Pair
from ..checkout import SCENARIOS
from .container import ContainerLab
from .debian import TUNNEL_CONFIGURATION
from .peer import CONFIGURATION, UNITS, Keys, generate
from .wired import kernel_has_wireguard

SCENARIO = SCENARIOS / "two-hops.nix"
LINK, UNIT, PORT = "wg9", "lab-entry.service", 51900
SERVER, CLIENT = Pair("10.99.0.1", "fd99::1"), Pair("10.99.0.2", "fd99::2")


class TwoHops(ContainerLab):
    """family: that of both endpoints, the first one's on the uplink and the second one's inside the first."""

    def __init__(self, family: int = 4, captures: Path | None = None) -> None:
        super().__init__(captures=captures)
        self.family = family
        self._keys: tuple[Keys, Keys] = generate(), generate()

    def __enter__(self) -> Self:
        super().__enter__()
        try:
            self._lay()
        except BaseException:
            self.close()
            raise
        return self

    def _lay(self) -> None:
        server, client = self._keys
        peer = f"[Peer]\nPublicKey = {client.public}\nAllowedIPs = {CLIENT.v4}/32, {CLIENT.v6}/128\n"
        conf = f"[Interface]\nPrivateKey = {server.private}\nListenPort = {PORT}\n{peer}"
        self.server.write_files({f"{CONFIGURATION}/entry.conf": conf}, mode=0o600)
        self.server.write_files({f"{UNITS}/{UNIT}": self._unit(kernel_has_wireguard(self.wire))})
        self.server.succeed(f"systemctl daemon-reload; systemctl start {UNIT}")
        host = self.addresses.endpoint.of(self.family)
        endpoint = f"[{host}]:{PORT}" if self.family == 6 else f"{host}:{PORT}"
        entry = (
            f"[Interface]\nPrivateKey = {client.private}\nAddress = {CLIENT.v4}/32, {CLIENT.v6}/128\n"
            f"[Peer]\nPublicKey = {server.public}\nEndpoint = {endpoint}\nAllowedIPs = 0.0.0.0/0, ::/0\n"
        )
        second = self.secrets.client_configuration(self.addresses, self.family)
        texts = {f"{CONFIGURATION}/entry.conf": entry, TUNNEL_CONFIGURATION: second}
        self.client.write_files(texts, mode=0o600)

    def _unit(self, kernel: bool) -> str:
        start = f"Type=oneshot\nRemainAfterExit=yes\nExecStart=ip link add {LINK} type wireguard\n"
        if not kernel:
            start = f"Type=forking\nExecStart=wireguard-go {LINK}\n"
        after = [
            f"wg setconf {LINK} {CONFIGURATION}/entry.conf",
            f"ip link set {LINK} up",
            f"ip address add {SERVER.v4} peer {CLIENT.v4} dev {LINK}",
            f"ip address add {SERVER.v6} peer {CLIENT.v6} dev {LINK} nodad",
            # as in peer.wireguard_unit: the second server answers from the address that it was asked at
            f"ip route replace {CLIENT.v4} dev {LINK} src {self.addresses.endpoint.v4}",
            f"ip route replace {CLIENT.v6} dev {LINK} src {self.addresses.endpoint.v6} metric 256",
        ]
        posts = "".join(f"ExecStartPost={command}\n" for command in after)
        return f"[Service]\n{start}{posts}ExecStopPost=-ip link delete {LINK}\n"

    def endpoints(self) -> set[tuple[str, int]]:
        return {(one, PORT) for one in self.addresses.endpoint}

    def inner_addresses(self) -> set[str]:
        return super().inner_addresses() | set(CLIENT)

    def silence(self) -> None:
        """Let the first server fall silent."""
        chain = "chain {0} {{ type filter hook {0} priority 0; udp {1} {2} drop; }}"
        both = f"{chain.format('input', 'dport', PORT)}\n{chain.format('output', 'sport', PORT)}"
        self.server.succeed(f"nft -f - <<< 'table inet entry {{\n{both}\n}}'")

    def speak(self) -> None:
        """Let it go on."""
        self.server.succeed("nft delete table inet entry")
