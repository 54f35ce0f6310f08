"""Faults made on purpose, one at a time, and what `nsguard doctor` says of each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.target import wait_for_tunnel

APPS = "app-root app-user"


@dataclass(frozen=True)
class Break:
    """Commands that break one thing and fix it; the doctor's lines, each a regular expression.

    on: the machine where it is done. status: of the doctor. hole: the setting that the judge of units names as well, in
    one line or more.
    """

    name: str
    how: str
    mend: str
    lines: tuple[str, ...]
    on: str = "client"
    status: int = 1
    hole: str = ""


def break_(name: str, how: str, mend: str, *lines: str, on: str = "client", status: int = 1, hole: str = "") -> Break:
    return Break(name, how, mend, tuple(f"vpn: {line}" for line in lines), on, status, hole)


def doctor(lab: ContainerLab) -> tuple[int, list[str]]:
    status, output = lab.client.execute("nsguard doctor vpn")
    return status, output.splitlines()


def check(lab: ContainerLab, broken: Break) -> None:
    """Nothing is wrong before; broken, it has its lines and no others; it is mended afterwards."""
    lab.client.succeed("systemctl reset-failed")  # forgets how often a service was started
    assert doctor(lab) == (0, ["vpn: healthy"])
    machine = lab.machines[broken.on]
    machine.succeed(broken.how)
    try:
        status, lines = doctor(lab)
    finally:
        machine.succeed(broken.mend)
        lab.client.succeed(f"systemctl start {APPS}")
        wait_for_tunnel(lab)
    holes = [line for line in lines if line.startswith("vpn: holes: ")]
    lines = [line for line in lines if line not in holes]
    assert bool(holes) == bool(broken.hole), holes
    assert all(line.startswith(f"vpn: holes: app-user.service has {broken.hole}") for line in holes), holes
    assert status == broken.status
    assert len(lines) == len(broken.lines), lines
    for line, pattern in zip(lines, broken.lines, strict=True):
        assert re.fullmatch(pattern, line), line
