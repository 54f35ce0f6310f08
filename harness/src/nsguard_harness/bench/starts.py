"""Starts of a confined service and of a confined command, and where the time goes."""

from __future__ import annotations

import re
import shlex
from statistics import median

from ..machine import Machine
from ..scenario import UNITS, Plan
from . import clock
from .figures import OURS, Figure, Stage

CONFINED, FREE, SANDBOX = "bench-confined.service", "bench-free.service", "bench-sandbox.service"
COMMAND_UNIT = "nsguard-run-vpn@.service"
CALLER = "alice"
RUN_TRUE = f"setpriv --reuid {CALLER} --regid {CALLER} --init-groups nsguard run vpn -- true"
# What stands in front of each command, with its options (modules/plan/confinement/front.nix).
FRONT = re.compile(r"/\S*nsguard-init( --\S+)* ")
# Keys of the unit of commands that systemd-run(1) sets itself, or that say nothing of the sandbox.
OTHERS = re.compile(r"(Exec\w+|Standard\w+|X-\w+|Type)=")
SAME_SANDBOX, UNCONFINED = "same sandbox, without our processes", "unconfined"
BY_SYSTEMD = "systemd-run --wait --pipe, such a sandbox"


def install(machine: Machine, plan: Plan) -> None:
    """Lay the confined service again, with every property of it but without what stands in front of its command."""
    machine.write_files({f"{UNITS}/{SANDBOX}": FRONT.sub("", plan.units[CONFINED].text)})
    machine.succeed("systemctl daemon-reload")


def service(machine: Machine, rounds: int) -> tuple[Figure, list[Stage]]:
    """The start of a oneshot that does nothing, and the parts of its time."""
    start = "systemctl start "
    by_side = clock.in_turn(
        machine, rounds, {OURS: start + CONFINED, SAME_SANDBOX: start + SANDBOX, UNCONFINED: start + FREE}
    )
    goals = {SAME_SANDBOX: 1.15, UNCONFINED: 2.2}
    ours, sandbox, free = (median(times.clock) for times in by_side.values())
    stages = [
        Stage("systemd, and the program", free),
        Stage("sandbox", max(0.0, sandbox - free)),
        Stage("nsguard-init", max(0.0, ours - sandbox)),
    ]
    return clock.figure("start of a confined oneshot", by_side, goals), stages


def command(machine: Machine, rounds: int, plan: Plan) -> Figure:
    """A command that does nothing: by `nsguard run`, and by systemd with the properties that the former has."""
    beside = systemd_run(plan.units[COMMAND_UNIT].text)
    by_side = clock.in_turn(machine, rounds, {OURS: RUN_TRUE, BY_SYSTEMD: beside})
    return clock.figure("nsguard run vpn -- true", by_side, {BY_SYSTEMD: 1.0})


def systemd_run(unit: str) -> str:
    """A command line that runs `true` as the caller, with the properties in a unit's [Service] section."""
    section = unit.partition("[Service]\n")[2].partition("\n[")[0]
    properties = [line for line in section.splitlines() if line and not OTHERS.match(line)]
    options = [f"--property={line}" for line in [*properties, f"User={CALLER}"]]
    return shlex.join(["systemd-run", "--quiet", "--pipe", "--wait", *options, "true"])
