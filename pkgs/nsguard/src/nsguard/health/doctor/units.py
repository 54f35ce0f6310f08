"""Confined services as systemd has them, drop-ins and all: what in their text leaves a way out."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from nsguard import paths
from nsguard.health import judge
from nsguard.health.doctor.subject import Finding, Patient
from nsguard.health.judge import text
from nsguard.system import process, systemd

# Where the plan says what it wants of a service; systemd reads no key that begins so (systemd.unit(5)).
_WANTED = "Unit.X-NsguardWanted"


def holes(patient: Patient) -> Iterator[Finding]:
    """Of each service of the namespace that systemd knows, what whoever amended it has opened."""
    try:
        with open(f"{paths.ETC}/{patient.name}/judge.json", encoding="utf-8") as file:
            facts = json.load(file)
    except (OSError, ValueError):
        return  # the plan that is in force is older than this check
    inside = f"{paths.NETNS}/{patient.name}"
    for unit in systemd.show(["*.service"], ["NetworkNamespacePath", "NeedDaemonReload"]):
        if unit.get("NetworkNamespacePath") == inside:
            if unit.get("NeedDaemonReload") == "yes":
                yield Finding(f"{unit['Id']} has changed since systemd read it", "systemctl daemon-reload")
            yield from _of(facts, unit["Id"])


def _of(facts: Mapping[str, Any], unit: str) -> Iterator[Finding]:
    try:
        source = process.ask("systemctl", "cat", "--", unit)
        want = json.loads(text.directives(source)[_WANTED][0])
    except (process.CommandFailed, KeyError, ValueError):
        return  # none of the services that the plan writes
    for hole in judge.service(facts, want, unit, source):
        said = f"{hole.directive.partition('.')[2]}={hole.value}"
        reason = facts["reasons"][hole.reason]
        yield Finding(
            f"{unit} has {said}: {reason}" + (f" ({hole.protection})" if hole.protection else ""),
            f"remove it from where `systemctl cat {unit}` shows it, then systemctl daemon-reload, and restart {unit}",
        )
