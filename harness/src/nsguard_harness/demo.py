"""`make demo`: one confined service, watched from outside, from its address to a dead server and back."""

from __future__ import annotations

import fnmatch
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from .addresses import Addresses
from .attacks import registry
from .attacks.tunnel import ConnectionHeld
from .lab.base import Lab
from .output.plain import plain
from .output.report import attacks_table, classes_table, last_line
from .run.suite import Cell, Report, Result, Subject, Suite, cells_for
from .target import wait_for_tunnel
from .verdict.judge import merged

TOPOLOGY = """
  client {client:<15}                               server {server:<15}
 ┌──────────────────────────────────┐             ┌──────────────────────────┐
 │ ┌ namespace vpn ───────┐         │   capture   │ WireGuard {endpoint:<15}│
 │ │ app ─ wg0 {tunnel:<10} ├┄┄┐      │      │      │ inside it {inner:<15}│
 │ └──────────────────────┘  eth0 ━━━━━━━━━●━━━━━━━━ web, echo {web:<15}│
 │ resolved, D-Bus, nscd ────┘      │             │ the uplink's resolver    │
 └──────────────────────────────────┘             └──────────────────────────┘
"""
APP = "app-root.service"
# what a first look should see, in twenty seconds; `nsguard-leaktest run` has the rest
TOUR = (
    *("tcp-lan", "tcp-beyond", "udp-lan", "udp-beyond", "icmp-*", "bind-to-device", "af-packet*", "raw-spoofed"),
    *("dns-uplink", "getaddrinfo", "resolved-*", "nscd-*", "resolv-conf-renamed"),
    *("mdns", "llmnr", "broadcast-*", "all-nodes", "setns-*", "systemd-run-*", "io-uring-socket", "keyring"),
    *("proc-net", "trace", "link-deleted", "endpoint-down-at-boot"),  # a silent server has a scene of its own
)
HELD_SECONDS = 0.6  # how long the server stays silent
# a sender tries again 0.2, 0.6 and 1.4 s after it was first not answered (RFC 6298): by then it goes on
STREAM_SECONDS = 2.8


class Demo:
    """Prints as it goes. `run` gives the exit status."""

    def __init__(self, lab: Lab, subjects: tuple[Subject, ...], console: Console, started: float) -> None:
        """subjects: root first; started: the monotonic moment at which the lab began to boot."""
        self.lab, self.subjects, self.console, self.started = lab, subjects, console, started

    def run(self) -> tuple[int, str]:
        """The whole tour: exit status and the last line."""
        self._topology()
        self._inside_and_outside()
        report = self._attacks()
        report = self._silence(report)
        line = last_line(report).removeprefix("nsguard: ")
        return report.status, f"nsguard: {counted(report.results)}: {line}"

    def _heading(self, text: str) -> None:
        self.console.print(
            plain(f"\n{text}", "bold").append_text(plain(f" {time.monotonic() - self.started:.1f} s", "not bold dim"))
        )

    def _topology(self) -> None:
        at: Addresses = self.lab.addresses
        picture = TOPOLOGY.format(
            client=at.client.v4, server=at.server.v4, endpoint=at.endpoint.v4, tunnel=at.tunnel_client.v4,
            inner=at.tunnel_server.v4, web=at.web.v4,
        )  # fmt: skip
        self.console.print(picture.rstrip(), highlight=False)

    def _inside_and_outside(self) -> None:
        self._heading("The same program, confined and not")
        table = Table(box=None, pad_edge=False, header_style="dim")
        for column in ("", "confined", "unconfined"):
            table.add_column(column)
        subject = self.subjects[0]
        for label, attack in (("web server sees", "tcp-beyond"), ("resolver answers", "getaddrinfo")):
            for family in (4, 6):
                token = f"ng{secrets.token_hex(3)}x000"
                both = (subject.confined, subject.control)
                answers = [runs.run(attack, token, family, {}, 5.0).said.split()[-1] for runs in both]
                table.add_row(f"{label}, IPv{family}", *map(plain, answers))
        self.console.print(table)

    def _attacks(self) -> Report:
        names = {name for pattern in TOUR for name in fnmatch.filter(registry(), pattern)}
        all_cells = cells_for("*", self.subjects, quick=True) + cells_for("endpoint-down-at-boot", self.subjects[:1])
        cells = [cell for cell in all_cells if cell.attack.name in names]
        self._heading(f"{counted(cells)}, each confined, then unconfined as control")
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            tasks = {phase: progress.add_task(phase, total=len(cells)) for phase in ("confined", "control")}
            suite = Suite(self.lab, cells, lambda attack, phase: progress.advance(tasks[phase]), tail=1)
            report = suite.run()
        self.console.print(attacks_table(report))
        self._heading("Frames on the wire while the attacks ran confined")
        self.console.print(classes_table(report.confined.judgement))
        return report

    def _silence(self, report: Report) -> Report:
        """The server falls silent under a connection and comes back; the connection's cell joins the report."""
        self._heading("The server falls silent, and comes back")
        before = self._process()
        cell = Cell(Narrated(self.console), 4, self.subjects[0], f"ng{secrets.token_hex(3)}x001")
        more = Suite(self.lab, [cell], parameters={"seconds": STREAM_SECONDS}, tail=0).run()
        same = "the same process" if before == self._process() else "ANOTHER process"
        self.console.print(plain(f"  the app saw {more.results[0].said}; it is {same}"))
        self.console.print(attacks_table(more))
        self.console.print(classes_table(more.confined.judgement))
        judgement = merged(report.confined.judgement, more.confined.judgement)
        confined = replace(report.confined, judgement=judgement)
        return replace(report, results=report.results + more.results, confined=confined)

    def _process(self) -> str:
        return self.lab.client.get_unit_property(APP, "MainPID")


def counted(cells: Sequence[Cell | Result]) -> str:
    """How many attacks there are, each a row of a table, and how many attempts: by family and by user."""
    names = {item.attack if isinstance(item, Result) else item.attack.name for item in cells}
    return f"{len(names)} attacks in {len(cells)} attempts"


class Narrated(ConnectionHeld):
    """The same attack, which prints what happens meanwhile."""

    def __init__(self, console: Console) -> None:
        self._console, self._start = console, time.monotonic()

    def during(self, lab: Lab) -> None:
        self._start = time.monotonic()
        self._tell("the app reads a stream; the server stops")
        lab.peer.stop_wireguard()
        time.sleep(HELD_SECONDS)
        self._tell("the app is held; the server starts again")
        lab.peer.start_wireguard()
        wait_for_tunnel(lab)
        self._tell("the tunnel answers")

    def _tell(self, text: str) -> None:
        self._console.print(plain(f"  {time.monotonic() - self._start:4.1f} s", "dim").append_text(plain(f"  {text}")))
