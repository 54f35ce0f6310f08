"""Why a unit failed, and how to fix it: derived from systemd's result and the unit's last lines in the journal.

If systemd cannot set up a process, the process ends with a status of 200 or more; each step has its own status
(systemd.exec(5), "Process Exit Codes"). A journal line names the faulty path or name, if that process could reach the
journal.
"""

import os
import re
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from nsguard.errors import BadInput, NsguardError
from nsguard.system import systemd
from nsguard.system.systemd import Entry

# The properties that `of` reads.
PROPERTIES = (
    *("Result", "ExecMainCode", "ExecMainStatus", "InvocationID", "WorkingDirectory", "User", "Group", "ExecStart"),
    *("LoadState", "NetworkNamespacePath"),
)
# waitid(2): CLD_KILLED, CLD_DUMPED
_BY_SIGNAL = {"2", "3"}
_MOUNT = re.compile(r"Failed to set up mount namespacing: (?:/run/systemd/(?:mount-rootfs|unit-root))?(/[^:]*): (.*)")
_EXIT = re.compile(r"(Main|Control) process exited, code=exited, status=(\d+)")
_SOCKET = re.compile(r"Failed to (create|receive) listening socket \(([^)]*)\): (.*)")
# As process 1, nsguard-init cannot end by the signal that ended its program. It logs the signal, and exits with 128
# plus the signal's number.
_FROM_SIGNAL = 128
_SIGNALLED = re.compile(r"nsguard: .* was killed by signal [A-Z0-9]+")
_WORDS = 200
# A failed nsguard command exits with one of these statuses, after a line "nsguard: WHERE: WHAT; FIX" (nsguard.errors).
_STATUSES = {NsguardError.status, BadInput.status}
_OWN, _FIX = "nsguard: ", "; "
_NO_ERRORS = ("undoing", "warning:")
# Units of nsguard that run programs of others. The output of those must not be taken for nsguard's.
_OTHERS = re.compile(r"nsguard-(app|run)-")
# This unit also runs a program of others, but as its last command; ExecStart of `systemctl show` says whether it ran.
_ON_CHANGE, _NOT_YET = "nsguard-forwarded-", re.compile(r" listen-port | pid=0 ")


class Reason(NamedTuple):
    """What went wrong, and what to do. Neither text ends with a full stop, or quotes output of other programs.

    line: the journal line that says the same; empty if there is none.
    """

    what: str
    remedy: str
    line: str = ""


def of(unit: Mapping[str, str], entries: Sequence[Entry]) -> Reason:
    """Why a unit failed. `unit`: its `PROPERTIES` and Id; `entries`: its last lines in the journal, oldest first."""
    name = unit["Id"]
    if unit.get("LoadState") in {"bad-setting", "error"}:
        return Reason("systemd rejects its unit file", f"systemd-analyze verify {name} names the line; correct it")
    result = unit.get("Result", "")
    main, status = _status(unit, entries)
    if result == "exit-code" and (step := _STEPS.get(status)):
        return step(unit, entries)
    if result == "exit-code" and status in _STATUSES and (error := _error(unit, entries)):
        return error
    if result in {"signal", "core-dump"} and unit.get("ExecMainCode") in _BY_SIGNAL:
        return _killed(unit, int(unit.get("ExecMainStatus") or 0))
    if result == "exit-code" and main and status > _FROM_SIGNAL:
        line = next((entry.text for entry in reversed(entries) if entry.own and _SIGNALLED.match(entry.text)), "")
        if line:
            return _killed(unit, status - _FROM_SIGNAL)._replace(line=line)
    if name.endswith(".socket") and result == "resources":
        return _socket(unit, entries)
    if result == "start-limit-hit" and status:  # give the reason of the last attempt
        last = of({**unit, "Result": "exit-code"}, entries)
        return last._replace(what=f"{last.what}; it failed so often that systemd gave up")
    if explanation := _RESULTS.get(result):
        return Reason(explanation[0], explanation[1].format(unit=name, option=option(name)))
    command = "its program" if main else "a command before or after its program"
    what = f"{command} ended with status {status}" if status else f"systemd reports {result or 'nothing'}"
    return Reason(what, _look(name))


def last_own(entries: Sequence[Entry]) -> str:
    """The last line that the unit's own processes wrote; empty if there is none."""
    return next((entry.text.strip() for entry in reversed(entries) if entry.own and entry.text.strip()), "")


def option(name: str) -> str:
    """The NixOS option of a unit: `systemd.services.web` of `web.service`, `systemd.services."web@"` of an instance."""
    stem, _, kind = name.rpartition(".")
    stem = re.sub(r"@.*", "@", stem)
    return f"systemd.{kind}s.{stem if re.fullmatch(r'[A-Za-z_][A-Za-z0-9_-]*', stem) else nix(stem)}"


def quoted(text: str) -> str:
    """A line in quotes for a message, cut after `_WORDS` characters; empty stays empty."""
    short = text if len(text) <= _WORDS else text[:_WORDS] + "…"
    return f'"{short}"' if text else ""


def let_in(name: str, path: str) -> str:
    """The remedy that shows a hidden path of the host to a confined service."""
    return f"make it visible: {option(name)}.nsguard.bindPaths = [ {nix(path)} ];"


def nix(text: str) -> str:
    """A text as a string of the Nix language."""
    return '"' + re.sub(r'([\\"]|\$\{)', r"\\\1", text) + '"'


def _status(unit: Mapping[str, str], entries: Sequence[Entry]) -> tuple[bool, int]:
    """Whether the main process failed, and the status. For another command or an earlier try, the journal has both."""
    if unit.get("ExecMainCode") == "1" and (status := int(unit.get("ExecMainStatus") or 0)):
        return True, status
    ends = [match for entry in entries if not entry.own and (match := _EXIT.search(entry.text))]
    return (ends[-1][1] == "Main", int(ends[-1][2])) if ends else (True, 0)


def _error(unit: Mapping[str, str], entries: Sequence[Entry]) -> Reason | None:
    """The error with which an nsguard command ended; None if another program may have written the line."""
    name = unit["Id"]
    ours = name.startswith("nsguard-") and not _OTHERS.match(name)
    if not ours or (name.startswith(_ON_CHANGE) and not _NOT_YET.search(unit.get("ExecStart", ""))):
        return None
    lines = (entry.text for entry in reversed(entries) if entry.own and entry.text.startswith(_OWN))
    line = next((line for line in lines if not line.removeprefix(_OWN).startswith(_NO_ERRORS)), "")
    what, _, remedy = line.removeprefix(_OWN).rpartition(_FIX)
    if not line:
        return None
    return Reason(what or remedy, f"{remedy if what else 'fix that'}; {_again(name)}", line)


def _look(name: str) -> str:
    return f"journalctl -b -u {name} shows more; fix it, then: systemctl restart {name}"


def _again(name: str) -> str:
    return f"then: systemctl restart {name}"


def _path(name: str, what: str, path: str, hidden: str, missing: str) -> Reason:
    """The reason for a path that the unit does not find: it is hidden if the host has it, else missing."""
    if os.path.exists(path):
        return Reason(f"{what} {path} is hidden inside, but exists on the host", f"{hidden} {_again(name)}")
    return Reason(f"{what} {path} is missing", f"{missing}; {_again(name)}")


def _chdir(unit: Mapping[str, str], _: Sequence[Entry]) -> Reason:
    name, path = unit["Id"], unit.get("WorkingDirectory", "").lstrip("!-")
    return _path(
        name, "its working directory", path, let_in(name, path), f"create {path} so that its user may enter it"
    )


def _exec(unit: Mapping[str, str], entries: Sequence[Entry]) -> Reason:
    name, line = unit["Id"], last_own(entries)
    # Every confined command starts with nsguard-init, which reports the program; otherwise systemd started it. The
    # journal may have lost the report.
    match = re.search(r"cannot execute ([^:]+): (.*)", line)
    started = r"argv\[\]=(?:\S*/nsguard-init(?: --\S+)* )?(\S+)"
    path = match[1] if match else (re.search(started, unit.get("ExecStart", "")) or ["", ""])[1]
    if match and "no such file" not in match[2].lower():
        return Reason(f"its program {path} cannot be executed: {match[2].lower()}", f"fix that; {_again(name)}", line)
    reason = _path(name, "its program", path, let_in(name, path), f"name a program that exists in ExecStart of {name}")
    return reason._replace(line=line if match else "")


def _mount(unit: Mapping[str, str], entries: Sequence[Entry]) -> Reason:
    name = unit["Id"]
    match = next((match for entry in reversed(entries) if (match := _MOUNT.search(entry.text))), None)
    if match is None:
        return Reason("systemd could not set up its view of the files", _look(name))
    path, error = match[1], match[2].lower()
    if "no such file" in error:
        missing = (
            f"create {path}, order {name} after the unit that creates it, or, if it may be missing, write "
            f'"-{path}" in its serviceConfig'
        )
        return _path(name, "the path", path, let_in(name, path), missing)
    return Reason(f"the path {path} cannot be mounted inside: {error}", f"fix that; {_again(name)}")


def _account(kind: str) -> Callable[[Mapping[str, str], Sequence[Entry]], Reason]:
    def reason(unit: Mapping[str, str], _: Sequence[Entry]) -> Reason:
        account = unit.get(kind) or unit.get("User") or "?"
        setting = f"users.{kind.lower()}s.{account}"
        return Reason(
            f"its {kind.lower()} {account} does not exist",
            f"define {setting}, or correct {option(unit['Id'])}.serviceConfig.{kind}; {_again(unit['Id'])}",
        )

    return reason


def _credentials(unit: Mapping[str, str], _: Sequence[Entry]) -> Reason:
    # Read from the unit's files, because `systemctl show` hides credentials: they may be secrets themselves.
    files = [value.partition(":")[2] for _, value in systemd.settings(unit["Id"], "LoadCredential")]
    missing = next((path for path in files if path.startswith("/") and not os.path.exists(path)), None)
    what = f"its secret {missing} is missing" if missing else "a secret of its LoadCredential= cannot be read"
    return Reason(what, f"put it in place; {_again(unit['Id'])}")


def _step(what: str) -> Callable[[Mapping[str, str], Sequence[Entry]], Reason]:
    def reason(unit: Mapping[str, str], entries: Sequence[Entry]) -> Reason:
        line = next((entry.text for entry in reversed(entries) if not entry.own and "Failed to" in entry.text), "")
        return Reason(what + (f": {quoted(line)}" if line else ""), _look(unit["Id"]))

    return reason


def _killed(unit: Mapping[str, str], number: int) -> Reason:
    name = unit["Id"]
    if number == signal.SIGSYS:
        return Reason(
            "its program was killed for a system call that its filter forbids (31/SYS)",
            f"journalctl -b -g SECCOMP may name the call; allow it with {option(name)}.serviceConfig.SystemCallFilter, "
            f"or a 32-bit program with {option(name)}.nsguard.hardening.nativeCalls = false; {_again(name)}",
        )
    try:
        what = signal.Signals(number).name
    except ValueError:
        what = f"signal {number}"
    return Reason(f"its program was killed by {what}", _look(name))


def _socket(unit: Mapping[str, str], entries: Sequence[Entry]) -> Reason:
    name = unit["Id"]
    matches = sorted(match.groups() for entry in entries if (match := _SOCKET.search(entry.text)))
    if not matches:
        return Reason(f"systemd reports {unit.get('Result')}", _look(name))
    # A helper process opens a socket inside; systemd itself reports only that it received none ("Input/output error").
    # The helper's own line may lack the unit's name, because the helper is gone when journald looks up its unit.
    verb, where, error = matches[0]
    inside = unit.get("NetworkNamespacePath", "").rpartition("/")[2]
    see = f"ip netns exec {inside} ss -ltnp" if inside else "ss -ltnp"
    return Reason(
        f"it cannot listen at {where}" + (f": {error.lower()}" if verb == "create" else ""),
        f"{see} shows whether another program does; end that one, or choose another port; {_again(name)}",
    )


# Result → what it means, and what to do (systemd.service(5), systemd.socket(5)).
_RESULTS = {
    "oom-kill": ("it ran out of memory", "give it more memory or less work; then: systemctl restart {unit}"),
    "watchdog": (
        "it did not tell systemd in time that it is alive",
        "journalctl -b -u {unit}; systemctl restart {unit}",
    ),
    "timeout": (
        "it did not get ready, or did not stop, in time",
        "journalctl -b -u {unit} shows what it waits for; {option}.serviceConfig.TimeoutStartSec gives it more time",
    ),
    "protocol": (
        "it ended before it told systemd that it is ready",
        "journalctl -b -u {unit}; compare {option}.serviceConfig.Type with what the program does",
    ),
    "start-limit-hit": (
        "it failed so often that systemd gave up",
        "journalctl -b -u {unit} says why; fix it, then: systemctl reset-failed {unit} && systemctl start {unit}",
    ),
    "service-start-limit-hit": (
        "the service behind it failed so often that systemd gave up",
        "fix that one, then: systemctl reset-failed {unit} && systemctl start {unit}",
    ),
    "trigger-limit-hit": (
        "it was triggered so often that systemd stopped it",
        "journalctl -b -u {unit}; then: systemctl reset-failed {unit} && systemctl start {unit}",
    ),
    "resources": ("systemd could not start it", "journalctl -b -u {unit} says what was missing"),
}

_STEPS: dict[int, Callable[[Mapping[str, str], Sequence[Entry]], Reason]] = {
    200: _chdir,
    203: _exec,
    216: _account("Group"),
    217: _account("User"),
    218: _step("it may not have the capabilities that it asks for"),
    225: _step("systemd could not put it into its network namespace"),
    226: _mount,
    228: _step("systemd could not set up its filter of system calls"),
    233: _step("its runtime directory could not be made"),
    238: _step("its state directory could not be made"),
    239: _step("its cache directory could not be made"),
    240: _step("its logs directory could not be made"),
    241: _step("its configuration directory could not be made"),
    243: _credentials,
}
