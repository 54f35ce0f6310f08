"""Commands of a unit that run unconfined, without the check of the namespace, or with a socket of the host."""

import re
from collections.abc import Iterator

from nsguard.health.judge.unit import Hole, Unit, canonical

_KEYS = (
    *("ExecCondition", "ExecReload", "ExecReloadPost", "ExecStart", "ExecStartPost", "ExecStartPre", "ExecStop"),
    "ExecStopPost",
)
# The prefixes of a command, and the rest (systemd.service(5), COMMAND LINES).
_COMMAND = re.compile(r"([-@:+!|\s]*)(.*)", re.DOTALL)
_IN_JOURNAL = re.compile("(journal|syslog|kmsg)([+]console)?")


def holes(unit: Unit) -> Iterator[Hole]:
    """A hole for each such command."""
    if not unit.want["privileged"]:
        for key in _KEYS:
            for command in unit.values(f"Service.{key}"):
                if _privileged(command):
                    yield Hole(f"Service.{key}", command, "privileged")
        if canonical(unit.setting("PermissionsStartOnly")) == "yes":
            yield Hole("Service.PermissionsStartOnly", "yes", "privileged")
    yield from _unchecked(unit)
    # systemd passes sockets to the main command, and to all commands if a standard stream is a socket.
    yield from _without(unit, "--own-sockets", "own-sockets")
    yield from _connected(unit)


def _unchecked(unit: Unit) -> Iterator[Hole]:
    """Commands that run without nsguard-init checking their namespace first."""
    for key in _KEYS:
        for command in unit.values(f"Service.{key}"):
            if unit.want["verified"] not in _options(unit, command) and not _refused(unit, command):
                yield Hole(f"Service.{key}", command, "lacking", "namespace-check")
    if not unit.values("Service.ExecStart"):
        first = (unit.values("Service.ExecStartPre") or [""])[0]
        if not _is_check(unit, first):
            yield Hole("Service.ExecStartPre", first, "lacking", "namespace-check")


def relays(unit: Unit) -> bool:
    """Whether nsguard-init is in front of every start command and keeps the descriptors that systemd passes."""
    started = unit.values("Service.ExecStart")
    return bool(started) and all(
        any(re.fullmatch("--notify=.+", option) for option in _options(unit, command)) for command in started
    )


def _parts(command: str) -> tuple[str, str]:
    match = _COMMAND.fullmatch(command)
    assert match is not None  # noqa: S101 (it matches everything)
    return match[1], match[2]


def _options(unit: Unit, command: str) -> list[str]:
    """The options of the nsguard-init in front of a command; an empty list if there is none."""
    prefixes, program = _parts(command)
    words = program.split()
    if not words or words[0] != unit.want["front"] or "@" in prefixes:
        return []
    count = next((n for n, word in enumerate(words[1:]) if not re.fullmatch("--.+", word)), len(words) - 1)
    return words[1 : 1 + count]


def _is_check(unit: Unit, command: str) -> bool:
    """Whether a command is only the check, and its failure stops the unit."""
    options = _options(unit, command)
    return unit.want["verified"] in options and _parts(command) == ("", " ".join([unit.want["front"], *options]))


def _privileged(command: str) -> bool:
    return bool(set("+!") & set(_parts(command)[0]))


def _refused(unit: Unit, command: str) -> bool:
    return _privileged(command) and not unit.want["privileged"]


def _connected(unit: Unit) -> Iterator[Hole]:
    """Commands that get systemd's connection to the journal."""
    output = unit.setting("StandardOutput") or "journal"
    error = unit.setting("StandardError")
    error = output if error in ("", "inherit") else error
    if not _IN_JOURNAL.fullmatch(output) and not _IN_JOURNAL.fullmatch(error):
        return
    yield from _without(unit, "--journal", "journal-connection")


def _without(unit: Unit, option: str, protection: str) -> Iterator[Hole]:
    """Commands in the sandbox whose nsguard-init lacks an option, by which a protection is in force."""
    for key in _KEYS:
        for command in unit.values(f"Service.{key}"):
            if option not in _options(unit, command) and not _privileged(command):
                yield Hole(f"Service.{key}", command, "lacking", protection)
