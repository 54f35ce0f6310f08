"""`nsguard doctor [NAME]`: finds what is wrong with a namespace, from end to end, and says what to do about it.

Each check is a function that takes a `Patient` and yields findings. No check changes anything.
"""

import argparse
import json
from collections.abc import Callable, Iterator

from nsguard.errors import BadInput
from nsguard.health import layout, status
from nsguard.health.doctor import confined, homes, inside, machine, processes, reach, rules, sockets, units
from nsguard.health.doctor.subject import Finding, Loaded, Patient

VERSION = 1

# Name → check. They run in this order: causes come before their effects.
CHECKS: dict[str, Callable[[Patient], Iterator[Finding]]] = {
    "keys": machine.keys,
    "clock": machine.clock,
    "journal": machine.journal,
    "units": machine.units,
    "rules": rules.inside,
    "pin": rules.outside,
    "link": rules.link,
    "clients": rules.clients,
    "sysctls": rules.sysctls,
    "links": inside.ways_out,
    "files": inside.files,
    "services": inside.services,
    "confined": confined.failed,
    "order": confined.ordered,
    "published": confined.answered,
    "hostservices": confined.host_services_answered,
    "ports": confined.unpublished,
    "holes": units.holes,
    "processes": processes.weaker,
    "homes": homes.visible,
    "sockets": sockets.sockets,
    "handshake": reach.handshake,
    "ranges": reach.ranges,
    "resolver": reach.resolver,
    "mtu": reach.mtu,
    "forwarding": confined.forwarding,
}


# Check → checks that must have found nothing before it runs, because its finding would be an effect of theirs.
AFTER = {
    "handshake": ("units", "pin", "links"),
    "forwarding": ("units", "pin", "links", "handshake", "ranges"),
    "resolver": ("units", "rules", "pin", "links", "handshake", "ranges"),
    "mtu": ("units", "rules", "pin", "links", "handshake", "ranges"),
}


def main(options: argparse.Namespace) -> int:
    """Examine one namespace or all; return 0 if nothing is wrong, else 1. Raises `BadInput` for an unknown name."""
    loaded = Loaded()
    by_name = {name: list(examine(name, loaded)) for name in status.chosen(options.namespace)}
    if options.json:
        document = {
            name: [{"check": check} | finding._asdict() for check, finding in findings]
            for name, findings in by_name.items()
        }
        print(json.dumps({"version": VERSION, "namespaces": document}, indent=2))
    elif not by_name:
        print(status.NOTHING)
    style = layout.stdout_style()
    for name, findings in {} if options.json else by_name.items():
        for check, finding in findings:
            note = "note: " if finding.note else ""
            text = f"{name}: {note}{check}: {finding.what}; {finding.remedy}"
            print(layout.line(text, layout.WARN if finding.note else layout.BAD, style))
        if not any(not finding.note for _, finding in findings):
            print(layout.line(f"{name}: healthy", layout.GOOD, style))
    return 1 if any(not finding.note for findings in by_name.values() for _, finding in findings) else 0


def examine(name: str, loaded: Loaded) -> Iterator[tuple[str, Finding]]:
    """Every finding, with the check that made it. If the spec cannot be read, that is the only finding."""
    try:
        patient = Patient(name, loaded)
    except BadInput as error:
        what, _, remedy = str(error).rpartition("; ")
        yield "spec", Finding(what, remedy)
        return
    wrong: set[str] = set()
    for check, function in CHECKS.items():
        if wrong.isdisjoint(AFTER.get(check, ())):
            for finding in function(patient):
                # A unit that serves one port or command explains nothing about the tunnel.
                explains = not finding.note and (check != "units" or patient.tunnel is None)
                wrong |= {check} if explains else set()
                yield check, finding
