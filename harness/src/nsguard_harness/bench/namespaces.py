"""A namespace with its tunnel comes up and goes: one beside the usual script, and many at once."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from ..addresses import LAB
from ..lab.base import Lab
from ..lab.peer import generate, wg_of
from ..machine import Machine
from ..scenario import UNITS, install, render_data
from ..target import NAMESPACE_UNIT, TUNNEL_UNIT
from . import clock, starts, usual
from .figures import OURS, Count, Figure, Stage

UP, DOWN = f"systemctl start {NAMESPACE_UNIT} {TUNNEL_UNIT}", f"systemctl stop {TUNNEL_UNIT} {NAMESPACE_UNIT}"
EMPTY, AFTER = "bench-empty.service", "bench-after.service"
TRUE = "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\nExecStopPost=/bin/true\n"
USUAL, ALONE = "usual script", "systemd alone, two units"
# Of a confined oneshot, while many namespaces are up.
STARTS = 5
GOALS = {"up": {USUAL: 0.45}, "down": {USUAL: 0.5}}


def lay_empty(machine: Machine) -> None:
    """Two units that do nothing, one after the other: what systemd itself takes."""
    after = f"[Unit]\nBindsTo={EMPTY}\nAfter={EMPTY}\n"
    units = {EMPTY: f"[Service]\n{TRUE}", AFTER: f"{after}[Service]\n{TRUE}"}
    machine.write_files({f"{UNITS}/{name}": text for name, text in units.items()})
    machine.succeed("systemctl daemon-reload")


def up_and_down(machine: Machine, rounds: int) -> list[Figure]:
    """One namespace with its tunnel, beside the usual script and beside units that do nothing."""
    pairs = {
        OURS: (UP, DOWN),
        USUAL: (f"systemctl start {usual.UNIT}", f"systemctl stop {usual.UNIT}"),
        ALONE: (f"systemctl start {EMPTY} {AFTER}", f"systemctl stop {AFTER} {EMPTY}"),
    }
    machine.succeed(DOWN)
    times = clock.milliseconds(machine, rounds, [command for pair in pairs.values() for command in pair])
    machine.succeed(UP)
    verbs = {"up": times[::2], "down": times[1::2]}
    return [
        clock.figure(f"namespace and tunnel {verb}", dict(zip(pairs, samples, strict=True)), GOALS[verb])
        for verb, samples in verbs.items()
    ]


def steps(machine: Machine) -> list[Stage]:
    """What the runtime did in one start of its units, and the milliseconds until the next thing it did.

    From the journal, whose clock is in microseconds: systemd's own messages and the runtime's, one for each change.
    """
    units = (NAMESPACE_UNIT, TUNNEL_UNIT)
    machine.succeed(DOWN, f"journalctl --rotate --vacuum-time=1s; {UP}; journalctl --sync")
    lines = machine.succeed(f"journalctl -o json --no-pager -u {' -u '.join(units)}").splitlines()
    entries = [json.loads(line) for line in lines]
    moments = [(int(entry["__MONOTONIC_TIMESTAMP"]) / 1000, str(entry["MESSAGE"])) for entry in entries]
    return [Stage(text, later - at) for (at, text), (later, _) in pairwise(moments)]


def many(lab: Lab, counts: list[int]) -> list[Count]:
    """So many namespaces up at once, each by a file of one provider's shape; memory: what processes keep at rest."""
    client, most = lab.client, max(counts)
    keys = {f"many-{number:03}": generate(wg_of(lab.server)) for number in range(most)}
    server = lab.peer.secrets.server.public
    files = {f"/etc/nsguard-lab/{name}.conf": _provider_file(key.private, server) for name, key in keys.items()}
    client.write_files(files, mode=0o600)
    lab.server.succeed("wg set wg0 " + " ".join(f"peer {key.public}" for key in keys.values()))
    with TemporaryDirectory() as directory:
        plan = render_data(_specification(list(keys)), Path(directory))
    install(client, plan)
    results = []
    for count in counts:
        names = list(keys)[:count]
        before, start = _kibibytes(client), time.monotonic()
        client.succeed("systemctl start " + " ".join(f"nsguard-tunnel-{name}" for name in names))
        seconds = time.monotonic() - start
        memory = (_kibibytes(client) - before) / 1024 / count
        (times,) = clock.milliseconds(client, STARTS, [f"systemctl start {starts.CONFINED}"])
        results.append(Count(count, seconds, memory, median(times.clock)))
        client.succeed("systemctl stop " + " ".join(f"nsguard-tunnel-{name} nsguard-netns-{name}" for name in names))
    return results


def _specification(names: list[str]) -> Mapping[str, Any]:
    return {
        "tunnels": {name: {"configFile": f"/etc/nsguard-lab/{name}.conf"} for name in names},
        "namespaces": {name: {"tunnel": name} for name in names},
    }


def _provider_file(private: str, server: str) -> str:
    return (
        f"[Interface]\nPrivateKey = {private}\nAddress = 10.2.0.2/32, 2001:db8:b944::2/128\nDNS = 10.2.0.1\n\n"
        f"[Peer]\nPublicKey = {server}\nAllowedIPs = 0.0.0.0/0, ::/0\n"
        f"Endpoint = {LAB.endpoint.v4}:{LAB.endpoint_port}\n"
    )


def _kibibytes(machine: Machine) -> int:
    """What processes of nsguard's units keep in memory; with the kernel's WireGuard there are none."""
    return int(clock.inside(machine, "memory", "'nsguard-*'"))
