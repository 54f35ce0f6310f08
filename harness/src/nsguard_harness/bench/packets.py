"""What the rules cost each packet: at full rate into a device that drops, and in TCP through the tunnel."""

from __future__ import annotations

from ..lab.base import Lab
from ..machine import Machine
from ..target import NAMESPACE
from . import clock
from .figures import OURS, Figure

BARE = "same device, no rules"
FLOODED, BARE_FLOODED = "bench-ruled", "bench-bare"
PORT = 5201
SECONDS, ASKED = 1.0, 300
GOALS = {"at least": {BARE: 0.98}, "at most": {BARE: 1.05}}
LOAD, FLUSH = f"ip netns exec {NAMESPACE} nft -f /run/bench.nft", f"ip netns exec {NAMESPACE} nft flush ruleset"


def save(machine: Machine) -> None:
    """Save the namespace's rules as they are, with the elements of its tunnel."""
    machine.succeed(f"{{ echo flush ruleset; ip netns exec {NAMESPACE} nft list ruleset; }} >/run/bench.nft")


def flood(lab: Lab, rounds: int) -> Figure:
    """Packets of one connection into a device that drops them, in two namespaces that differ in the rules alone.

    The device is a tun(4) that nobody has open, which every kernel of a lab has. Counted is what is sent in a second of
    processor time, so that other load does not count.
    """
    machine, address = lab.client, lab.addresses.tunnel_client.v4
    for namespace in (FLOODED, BARE_FLOODED):
        machine.succeed(
            f"ip netns add {namespace}",
            f"ip -n {namespace} link set lo up",
            f"ip -n {namespace} tuntap add dev wg0 mode tun",
            f"ip -n {namespace} address add {address}/32 dev wg0",
            f"ip -n {namespace} link set wg0 up",
            f"ip -n {namespace} route add default dev wg0",
        )
    machine.succeed(f"ip netns exec {FLOODED} nft -f /run/bench.nft")
    samples: dict[str, list[float]] = {OURS: [], BARE: []}
    arguments = f"{SECONDS} {lab.addresses.web.v4} wg0"
    try:
        for number in range(rounds + 1):
            for name, namespace in ((OURS, FLOODED), (BARE, BARE_FLOODED)):
                rate = float(clock.inside(machine, "flood", arguments, namespace))
                if number:
                    samples[name].append(rate / 1000)
    finally:
        machine.succeed(f"ip netns del {FLOODED}; ip netns del {BARE_FLOODED}")
    return Figure("packets into a device that drops", "thousands/s", samples, more_is_better=True)


def tcp(lab: Lab, rounds: int) -> list[Figure]:
    """TCP through the tunnel, one flow and eight, and the time of an answer, with the rules and without."""
    lab.peer.start("stream", str(PORT))
    server = lab.addresses.tunnel_server.v4
    measured = {
        "TCP through the tunnel, 1 flow": f"send {server} {PORT} 1 {SECONDS}",
        "TCP through the tunnel, 8 flows": f"send {server} {PORT} 8 {SECONDS}",
        "latency through the tunnel": f"ask {server} {PORT} {ASKED}",
    }
    samples: dict[str, dict[str, list[float]]] = {name: {OURS: [], BARE: []} for name in measured}
    try:
        for number in range(rounds + 1):
            for name, change in ((OURS, LOAD), (BARE, FLUSH)):
                lab.client.succeed(change)
                for what, arguments in measured.items():
                    result = float(clock.inside(lab.client, "stream", arguments, NAMESPACE))
                    if number:
                        samples[what][name].append(result)
    finally:
        lab.client.succeed(LOAD)
        lab.peer.stop("stream", str(PORT))
    return [
        Figure(
            what,
            "µs" if latency else "Mbit/s",
            by_side,
            GOALS["at most" if latency else "at least"],
            more_is_better=not latency,
        )
        for what, by_side in samples.items()
        for latency in [what.startswith("latency")]
    ]
