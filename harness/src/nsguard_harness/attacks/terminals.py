"""Terminals of the host's users: what is typed there, and what is shown."""

from __future__ import annotations

import os
import select
import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..attack import Attack, Env, Outcome
from ._standins import WithStandins, connected, marked

if TYPE_CHECKING:
    from ..lab.base import Lab

TERMINALS = Path("/dev/pts")
SYSLOG, JOURNAL = "/run/systemd/journal/dev-log", "/run/systemd/journal/socket"
PERSON = "/run/nsguard-leaktest-person"
TYPED = b"typed at a terminal"  # by the person at the terminal, once the token is shown there


class Terminals(WithStandins):
    """Claim: the service neither writes to nor reads from a terminal of the host's, not even one of its own user's.

    Method: write the token to every terminal in /dev/pts, and read from each. A stand-in for the person who sits at it
    types a line for the token; that line is the success.
    Limitations: virtual consoles are devices of their own; see device-nodes.
    Source: pts(4), tty(4), devpts (kernel documentation).
    """

    name = "terminals"

    def run(self, env: Env) -> Outcome:
        faults, opened = [], {}
        for path in TERMINALS.glob("[0-9]*"):
            try:
                opened[os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)] = path
            except OSError as error:
                faults.append(f"{path}: {error.strerror}")
        try:
            for terminal in opened:
                with suppress(OSError):
                    os.write(terminal, f"{marked(env)}\n".encode())
            return _listen(opened, env.patience) or Outcome(
                False, ", ".join(faults) or f"{len(opened)} terminals answer nothing"
            )
        finally:
            for terminal in opened:
                os.close(terminal)


class TerminalsByTheJournal(Attack):
    """Claim: what the service logs is shown at no terminal of the host's, however urgent the service says it is.

    Method: write the token to every terminal, and log it as an emergency by syslog's socket, the journal's and
    standard output; the journal shows such messages wherever somebody is logged in. Somebody is, at a terminal to
    which everybody may write, and sends on what it shows.
    Limitations: the control's token may come by the terminal alone; a host that forwards its journal to a console
    shows everything there.
    Source: journald.conf(5), ForwardToWall=; sd-daemon(3); systemd.journal-fields(7).
    """

    name = "terminals-by-journal"
    families = (0,)
    evidence = "wire"
    alone = True
    core = False

    def before(self, lab: Lab) -> None:
        lab.peer.start("person", PERSON, lab.client)

    def after(self, lab: Lab) -> None:
        lab.peer.stop("person", PERSON, lab.client)

    def run(self, env: Env) -> Outcome:
        for path in TERMINALS.glob("[0-9]*"):
            with suppress(OSError):
                _write(path, f"{marked(env)}\n")
        with suppress(OSError):
            os.write(1, f"<0>{marked(env)}\n".encode())
        reports = []
        for address, message in (
            (SYSLOG, f"<0>nsguard-leaktest: {marked(env)}"),
            (JOURNAL, f"PRIORITY=0\nSYSLOG_IDENTIFIER=nsguard-leaktest\nMESSAGE={marked(env)}\n"),
        ):
            try:
                with connected(address, socket.SOCK_DGRAM) as journal:
                    journal.send(message.encode())
            except OSError as error:
                reports.append(str(error))
            else:
                reports.append(f"{address} took it")
        time.sleep(3 * env.patience)  # until the journal, and then whoever is logged in, has shown it
        return Outcome(True, ", ".join(reports))


def _write(path: Path, text: str) -> None:
    terminal = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        os.write(terminal, text.encode())
    finally:
        os.close(terminal)


def _listen(opened: dict[int, Path], patience: float) -> Outcome | None:
    """What is typed at one of the terminals within `patience` seconds; None for nothing."""
    end = time.monotonic() + patience
    while (left := end - time.monotonic()) > 0:
        for terminal in select.select(list(opened), [], [], left)[0]:
            with suppress(OSError):
                if TYPED in os.read(terminal, 4096):
                    return Outcome(True, f"read at {opened[terminal]} what was typed")
    return None
