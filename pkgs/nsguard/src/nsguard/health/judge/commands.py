"""The commands of a unit that run without the confinement, without its check, or with a socket of the host in hand."""

import re
from collections.abc import Iterator

from nsguard.health.judge.unit import Hole, Unit, canonical

_KEYS = ("ExecCondition", "ExecReload", "ExecStart", "ExecStartPost", "ExecStartPre", "ExecStop", "ExecStopPost")
# systemd.service(5), COMMAND LINES: what may stand before a program.
_COMMAND = re.compile(r"([-@:+!|\s]*)(.*)", re.DOTALL)
_IN_JOURNAL = re.compile("(journal|syslog|kmsg)([+]console)?")


def holes(unit: Unit) -> Iterator[Hole]:
    """All of them."""
    if not unit.want["privileged"]:
        for key in _KEYS:
            for command in unit.values(f"Service.{key}"):
                if _privileged(command):
                    yield Hole(f"Service.{key}", command, "privileged")
        if canonical(unit.setting("PermissionsStartOnly")) == "yes":
            yield Hole("Service.PermissionsStartOnly", "yes", "privileged")
    for key in ("ExecStartPre", "ExecCondition"):
        commands = unit.values(f"Service.{key}")
        # The check comes first, and its failure counts.
        if commands[:1] != [unit.want["check"]] and (commands or key == "ExecStartPre"):
            yield Hole(f"Service.{key}", (commands or [""])[0], "lacking", "namespace-check")
    yield from _connected(unit)


def _parts(command: str) -> tuple[str, str]:
    match = _COMMAND.fullmatch(command)
    assert match is not None  # noqa: S101 (it matches everything)
    return match[1], match[2]


def _privileged(command: str) -> bool:
    return bool(set("+!") & set(_parts(command)[0]))


def _connected(unit: Unit) -> Iterator[Hole]:
    """A command that is started by none of the programs that open a connection to the journal of their own."""
    output = unit.setting("StandardOutput") or "journal"
    error = unit.setting("StandardError")
    error = output if error in ("", "inherit") else error
    if not _IN_JOURNAL.fullmatch(output) and not _IN_JOURNAL.fullmatch(error):
        return
    starters = tuple(f"{starter} " for starter in unit.want["starters"])
    for key in _KEYS:
        for command in unit.values(f"Service.{key}"):
            if (
                command != unit.want["check"]
                and not _parts(command)[1].startswith(starters)
                and not _privileged(command)
            ):
                yield Hole(f"Service.{key}", command, "lacking", "journal-connection")
