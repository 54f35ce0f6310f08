"""Confined services as systemd has loaded them, with their drop-ins: holes in their text."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from nsguard import paths
from nsguard.health import judge
from nsguard.health.doctor.subject import Finding, Patient
from nsguard.health.judge import Hole, text
from nsguard.health.summary import few
from nsguard.system import systemd

# The key in which the plan stores what a service must be like; systemd ignores keys with X- (systemd.unit(5)).
_WANTED = "Unit.X-NsguardWanted"
# Values of a setting that a finding lists.
_SHOWN = 3


def holes(patient: Patient) -> Iterator[Finding]:
    """Holes in the loaded services of the namespace, for example by drop-ins."""
    facts = facts_of(patient)
    if facts is None:
        return
    namespace_path = f"{paths.NETNS}/{patient.name}"
    for unit in systemd.show(["*.service"], ["NetworkNamespacePath", "NeedDaemonReload"]):
        if unit.get("NetworkNamespacePath") == namespace_path:
            if unit.get("NeedDaemonReload") == "yes":
                yield Finding(f"{unit['Id']} has changed since systemd read it", "systemctl daemon-reload")
            yield from _of(facts, unit["Id"])


def facts_of(patient: Patient) -> dict[str, Any] | None:
    """The facts of the judge, which the plan wrote; None if the active configuration is older than the judge."""
    try:
        with open(f"{paths.ETC}/{patient.name}/judge.json", encoding="utf-8") as file:
            return dict(json.load(file))
    except (OSError, ValueError):
        return None


def judged(facts: Mapping[str, Any], unit: str) -> tuple[dict[str, Any], list[Hole]] | None:
    """What the plan requires of a service, and the holes in its text; None if the plan did not write it."""
    source = systemd.text(unit)
    try:
        want = dict(json.loads(text.directives(source)[_WANTED][0]))
    except (KeyError, ValueError):
        return None
    return want, judge.service(facts, want, unit, source)


def _of(facts: Mapping[str, Any], unit: str) -> Iterator[Finding]:
    _, found = judged(facts, unit) or ({}, [])
    # The values of one setting that are wrong for one reason are one finding.
    groups: dict[tuple[str, str], list[Hole]] = {}
    for hole in found:
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
