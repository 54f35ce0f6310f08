"""Ports that are published over host links: who reaches which, from which address, and as whom."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from typing import Any, NamedTuple

from awaited import until
from nsguard_harness.addresses import LAB
from nsguard_harness.inside import records
from nsguard_harness.lab.base import Lab
from nsguard_harness.lab.peer import LIBRARY
from nsguard_harness.machine import Machine

# ports that the scenarios publish: by the link as it is, by the link from the host's address, and by a proxy
BY_LINK, MASKED, PROXIED = (LAB.published_port + more for more in (0, 1, 2))
FORWARDING = "sysctl -n net.ipv4.conf.all.forwarding net.ipv6.conf.all.forwarding"


class Target(NamedTuple):
    """Where to ask. protocol: `tcp` or `udp`."""

    protocol: str
    address: str
    port: int


class Way(NamedTuple):
    """How to send: from one of one's own addresses (IPv4, IPv6), tied to a link; by default as the routes have it."""

    sources: tuple[str, str] | None = None
    device: str | None = None


def echoing(
    machine: Machine, targets: Iterable[Target], namespace: str = "", ways: Iterable[Way] = (Way(),)
) -> set[Target]:
    """Those of the targets that answer by any of the ways: to root on a machine, or in a namespace of its."""
    inside = f"ip netns exec {namespace} " if namespace else ""
    questions = shlex.quote(json.dumps([sorted(targets), list(ways)]))
    output = machine.succeed(f"PYTHONPATH={LIBRARY} {inside}python3 -m nsguard_harness.inside.ask {questions}")
    return {Target(*it) for it in json.loads(output)}


def wait_for_echoes(
    machine: Machine, targets: Iterable[Target], namespace: str = "", ways: Iterable[Way] = (Way(),)
) -> None:
    """Wait until all of the targets answer: on a busy machine a proxy may start slower than a request waits."""
    asked = set(targets)
    until(lambda: echoing(machine, asked, namespace, ways) == asked, f"{machine.name}: no answer from some of {asked}")


def at_uplink(more: int = 0) -> set[Target]:
    """What the scenarios publish over a link at the uplink's addresses; more: that many ports on."""
    ports = (("udp", BY_LINK), ("tcp", BY_LINK), ("udp", MASKED))
    return {Target(kind, at, port + more) for at in LAB.client for kind, port in ports}


def sources(machine: Machine, service: str = "echo") -> dict[Target, str]:
    """The address of each target's last client, as the server behind it saw it."""
    entries = records.parse(machine.read(f"/var/lib/nsguard-{service}/records.jsonl"))
    return {Target(*json.loads(it["data"])): it["source"] for it in entries}


def status(lab: Lab, namespace: str = "vpn") -> dict[str, Any]:
    """What `nsguard status` says of a namespace."""
    output = json.loads(lab.client.execute(f"nsguard status {namespace} --json")[1])
    return dict(output["namespaces"][namespace])


def check_reached(lab: Lab, namespace: str = "vpn", service: str = "echo", more: int = 0) -> None:
    """Server and client reach the targets `at_uplink`, seen by their addresses; where masked, by the host end's."""
    targets, ends = at_uplink(more), status(lab, namespace)["hostLink"]["host"]
    for machine, whose in ((lab.server, (LAB.endpoint, LAB.server)), (lab.client, (LAB.client,))):
        wait_for_echoes(machine, targets)
        seen = sources(lab.client, service)
        for it in targets:
            family = 6 if ":" in it.address else 4
            expected = {ends[family == 6]} if it.port == MASKED + more else {pair.of(family) for pair in whose}
            assert seen[it] in expected, (machine.name, it, seen[it])
