"""Confined services as systemd has loaded them, with their drop-ins: holes in their text."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from nsguard import paths
from nsguard.health import judge
from nsguard.health.doctor.subject import Finding, Patient
from nsguard.health.judge import Hole, text
from nsguard.health.summary import few
from nsguard.system import process, systemd

# The key in which the plan stores what a service must be like; systemd ignores keys with X- (systemd.unit(5)).
_WANTED = "Unit.X-NsguardWanted"
# Values of a setting that a finding lists.
_SHOWN = 3


def holes(patient: Patient) -> Iterator[Finding]:
    """Holes in the loaded services of the namespace, for example by drop-ins."""
    try:
        with open(f"{paths.ETC}/{patient.name}/judge.json", encoding="utf-8") as file:
            facts = json.load(file)
    except (OSError, ValueError):
        return  # the active configuration is older than this check
    namespace_path = f"{paths.NETNS}/{patient.name}"
    for unit in systemd.show(["*.service"], ["NetworkNamespacePath", "NeedDaemonReload"]):
        if unit.get("NetworkNamespacePath") == namespace_path:
            if unit.get("NeedDaemonReload") == "yes":
                yield Finding(f"{unit['Id']} has changed since systemd read it", "systemctl daemon-reload")
            yield from _of(facts, unit["Id"])


def _of(facts: Mapping[str, Any], unit: str) -> Iterator[Finding]:
    try:
        source = process.ask("systemctl", "cat", "--", unit)
        want = json.loads(text.directives(source)[_WANTED][0])
    except (process.CommandFailed, KeyError, ValueError):
        return  # not a service that the plan wrote
    # The values of one setting that are wrong for one reason are one finding.
    groups: dict[tuple[str, str], list[Hole]] = {}
    for hole in judge.service(facts, want, unit, source):
        groups.setdefault((hole.directive, hole.reason), []).append(hole)
    for (directive, reason), alike in groups.items():
        values = few([hole.value for hole in alike], _SHOWN)
        protections = few([hole.protection for hole in alike if hole.protection], _SHOWN)
        yield Finding(
            f"{unit} has {directive.partition('.')[2]}={values}: {facts['reasons'][reason]}"
            + (f" ({protections})" if protections else ""),
            f"remove it from the file that `systemctl cat {unit}` shows, then run systemctl daemon-reload and "
            f"restart {unit}",
        )
