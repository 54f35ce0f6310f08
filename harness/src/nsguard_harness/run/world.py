"""What the judge knows of a lab: the stations on the wire, the tunnel's endpoints, and the ports that it had."""

from __future__ import annotations

import re
from collections import Counter
from ipaddress import ip_address

from ..lab.base import Lab
from ..machine import Uplink
from ..target import IN_NAMESPACE, TUNNEL_KINDS
from ..verdict.rules import Station, Wire, World, station


class Observed:
    """The world of a lab's client while a capture runs.

    A tunnel that is restarted gets another port where none is set: call `look` after everything that may restart it.
    A port that was never looked at allows nothing, so forgetting to look condemns and never acquits.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._ports: set[int] = set()
        self._mtus: set[int] = set()
        self._earlier = Counter(lab.injected)
        self.look()

    def look(self) -> None:
        """Add the ports and MTUs that WireGuard on the client has now, in whatever namespace its link is."""
        show = "wg show all listen-port 2>/dev/null"
        # as few programs as possible: a suite looks hundreds of times
        inside = f"{IN_NAMESPACE} {show}; {IN_NAMESPACE} ip -d -o link show"
        _, text = self._lab.client.execute(
            f"set +e; {show}; for path in /run/netns/*; do name=${{path##*/}}; {inside}; done; true"
        )
        self._ports |= {int(port) for port in re.findall(r"^\S+\t(\d+)$", text, re.MULTILINE)}
        self._mtus |= {
            int(mtu) for mtu in re.findall(rf"^\d+: [^:]+: .*? mtu (\d+) .* (?:{TUNNEL_KINDS}) ", text, re.MULTILINE)
        }

    @property
    def world(self) -> World:
        """The world as known so far."""
        lab = self._lab
        others = tuple(_station(uplink) for machine in _others(lab) for uplink in machine)
        return World(
            wires={uplink.wire: Wire(_station(uplink), others) for uplink in lab.client.uplinks},
            endpoints=frozenset((ip_address(address), port) for address, port in lab.endpoints()),
            listen_ports=frozenset(self._ports),
            tunnel_addresses=frozenset(map(ip_address, lab.inner_addresses())),
            mtus=frozenset(self._mtus),
            exceptions=lab.client.exceptions,
            injected=lab.injected - self._earlier,
        )


def _others(lab: Lab) -> list[tuple[Uplink, ...]]:
    return [machine.uplinks for machine in lab.machines.values() if machine is not lab.client]


def _station(uplink: Uplink) -> Station:
    return station(uplink.mac, uplink.ip4, uplink.ip6)
