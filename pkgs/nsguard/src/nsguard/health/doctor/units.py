"""Holes in the text of confined services, as systemd has loaded them with their drop-ins."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from nsguard.health.doctor.subject import Finding, Patient
from nsguard.health.judge import Hole
from nsguard.health.summary import few

# The number of values of a setting that a finding lists.
_SHOWN = 3


def holes(patient: Patient) -> Iterator[Finding]:
    """Holes in the loaded services of the namespace, for example from drop-ins."""
    facts = patient.facts
    if facts is None:
        return
    for unit in patient.services:
        if unit.get("NeedDaemonReload") == "yes":
            yield Finding(f"{unit['Id']} has changed since systemd read it", "systemctl daemon-reload")
        _, found = patient.judged(unit["Id"]) or ({}, [])
        yield from _of(facts, unit["Id"], found)
        yield from _joining(unit["Id"], unit.get("JoinsNamespaceOf", "").split(), found)


def _of(facts: Mapping[str, Any], unit: str, found: Sequence[Hole]) -> Iterator[Finding]:
    # All values of one setting that are wrong for the same reason make one finding.
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


def _joining(unit: str, joined: Sequence[str], found: Sequence[Hole]) -> Iterator[Finding]:
    """Units that name `unit` in their JoinsNamespaceOf=. systemd lists them like those that `unit` itself names."""
    own = {hole.value for hole in found if hole.directive == "Unit.JoinsNamespaceOf"}
    for other in joined:
        if other not in own:
            yield Finding(
                f"{other} joins the namespaces of {unit}, and the two share their /tmp and other namespaces",
                f"remove JoinsNamespaceOf={unit} from the file that `systemctl cat {other}` shows, then run systemctl "
                f"daemon-reload and restart {unit} and {other}",
            )
