"""docs/ways-out.md: ways out that were once open, what closes each, and the attacks that show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from nsguard_harness import scenario
from nsguard_harness.checkout import ROOT
from nsguard_harness.lab.base import Lab
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Report, Suite, Verdict, cells_for
from nsguard_harness.run.trial import renewed, switch
from nsguard_harness.target import wait_for_tunnel
from page_table import PageTable

TABLE = PageTable(
    ROOT / "docs/ways-out.md",
    "| way out | attack | without | container | virtual machine |\n|---|---|---|---|---|\n",
    "NSGUARD_WRITE_WAYS_OUT",
)
CONTAINER, VIRTUAL = 3, 4  # columns
# The worst verdict among an attack's cells counts.
WORST = (Verdict.LEAKED, Verdict.ERROR, Verdict.VACUOUS, Verdict.CONTAINED, Verdict.CANNOT)


@dataclass(frozen=True)
class Way:
    """A way out, what is taken away so that it is open again, and the attacks that go by it.

    without: protections, by their names in the plan; own_kernel: whether it leads by the kernel's own files and calls,
    so that a container shows it in part or not at all.
    """

    what: str
    without: tuple[str, ...]
    attacks: tuple[str, ...]
    scenario: Path = scenario.DEMO
    own_kernel: bool = False


TUNABLES = ("property:kernel-tunables",)
COUNTING = ("property:capability-bounds", "property:private-users")  # without these, a capability of root's counts

WAYS = (
    Way(
        "a program that the kernel runs as the host's root when a process crashes",
        TUNABLES,
        ("core-pattern",),
        own_kernel=True,
    ),
    Way(
        "the kernel's files: system requests, formats, tracing, settings of the machine and the namespace",
        TUNABLES,
        ("system-request", "foreign-format", "tracing", "kernel-files", "namespace-settings"),
        own_kernel=True,
    ),
    Way("the host's name", (*TUNABLES, *COUNTING, "property:host-name"), ("host-name-set",), own_kernel=True),
    Way("the host's clock", (*COUNTING, "property:clock"), ("clock",), own_kernel=True),
    Way("a module for the kernel", (*COUNTING, "property:kernel-modules"), ("kernel-module",), own_kernel=True),
    Way(
        "the kernel's log",
        (*COUNTING, "property:kernel-log", "property:private-devices", "property:own-processes"),
        ("kernel-log",),
        own_kernel=True,
    ),
    Way("other units' control groups", ("property:control-groups",), ("other-control-groups",), own_kernel=True),
    Way("messages to systemd about other processes", ("property:notify-relay",), ("main-process-elsewhere",)),
    Way(
        "a home that is not below `/home`",
        ("property:hidden-homes:elsewhere",),
        ("socket-in-own-home", "left-in-own-home"),
    ),
    Way("a user's Nix profile", ("property:profiles",), ("left-in-a-profile",)),
    Way("a user's programs in `/usr/local`", ("property:left-for-later:programs",), ("left-on-the-path",)),
    Way("a user's timetables of cron and at", ("property:left-for-later:tables",), ("left-in-a-table",)),
    Way(
        "signals and limits for the user's processes outside",
        ("property:own-processes",),
        ("signal-outside", "limits-outside"),
    ),
    Way("the terminals of the host's users", ("property:own-terminals",), ("terminals",)),
    Way("emergencies that the journal shows at terminals", ("host:wall",), ("terminals-by-journal",)),
    Way("set-uid files", ("property:set-uid-files",), ("set-uid-file",)),
    Way(
        "a bind of all of `/run`, spelt `/run/` or `%t`",
        ("property:own-binds",),
        ("nscd-socket", "sockets-in-sight"),
    ),
    Way(
        "a list of commands that begins with a reset, in the wrong namespace",
        ("property:namespace-check",),
        ("host-under-the-name",),
    ),
    Way(
        "a socket that only a package's own file defines",
        ("property:own-sockets",),
        ("socket-of-a-package",),
    ),
    Way(
        "a peer that moves, after somebody has emptied the tunnel's pin",
        ("nft:marks", "nft:own-marks"),
        ("endpoint-roams-when-emptied",),
    ),
    Way(
        "a peer that moves, after somebody has emptied the set of marks as well",
        ("nft:own-marks",),
        ("endpoint-roams-without-marks",),
    ),
    Way(
        "answers over a host link to packets that went over `lo`",
        ("nft:link-loopback", "nft:link-entered"),
        ("link-freebind", "link-own-address"),
        scenario.HOSTLINK,
    ),
)


def measured(lab: Lab, ways: Sequence[Way]) -> Iterator[tuple[str, str]]:
    """For each attack the verdict without the protections and with them; one of these where they are the same."""
    for path in dict.fromkeys(way.scenario for way in ways):
        of_scenario = [way for way in ways if way.scenario == path]
        lab.client.execute("systemctl stop 'app-*' 'free*' 'nsguard-*'")  # of another scenario
        scenario.apply(lab.client, path)
        wait_for_tunnel(lab)
        cells = cells_for([attack for way in of_scenario for attack in way.attacks], subjects(lab.client))
        whole = Suite(lab, cells).run()
        now = _worst(whole)
        for way in of_scenario:
            switch(lab.client, scenario.render(path, way.without))
            wait_for_tunnel(lab)
            chosen = renewed([cell for cell in cells if cell.attack.name in way.attacks])
            without = _worst(Suite(lab, chosen).run(whole.control))
            for attack in way.attacks:
                print(attack, without[attack], now[attack], flush=True)
                yield attack, now[attack] if without[attack] == now[attack] else f"{without[attack]} → {now[attack]}"


def _worst(report: Report) -> Mapping[str, str]:
    """The worst verdict of each attack."""
    verdicts: dict[str, Verdict] = {}
    for result in report.results:
        verdicts[result.attack] = min(verdicts.get(result.attack, Verdict.CANNOT), result.verdict, key=WORST.index)
    return verdicts


def check(column: int, verdicts: Iterable[tuple[str, str]]) -> None:
    """The page's table has these verdicts in a column; or is written so. Other cells are compared with WAYS alone."""
    known = dict(verdicts)
    shown = {cells[1]: cells[CONTAINER:] for cells in _cells(TABLE.rows())}
    table = ""
    for way in WAYS:
        for attack in way.attacks:
            name = f"`{attack}`"
            cells = [way.what, name, ", ".join(f"`{it}`" for it in way.without), *shown.get(name, ["", ""])]
            cells[VIRTUAL] = cells[VIRTUAL] if way.own_kernel else "not needed"
            cells[column] = known.get(attack, cells[column])
            table += f"| {' | '.join(cells)} |\n"
    TABLE.check(table)


def _cells(table: str) -> Iterator[list[str]]:
    for line in table.splitlines():
        yield [cell.strip() for cell in line.strip("|").split("|")]
