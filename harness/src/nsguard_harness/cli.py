"""`nsguard-leaktest`: run the attacks, show the demo, list what there is."""

from __future__ import annotations

import argparse
import fnmatch
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from . import attacks
from .attacks._unreachable import UNREACHABLE
from .checkout import GUARDS
from .description import describe
from .errors import HarnessError
from .lab.base import Lab
from .lab.image import APPS
from .lab.kinds import KINDS
from .output.about import About
from .output.plain import plain
from .run.cells import no_attacks, no_states, runs_of
from .run.states import UP
from .run.subjects import subjects
from .run.suite import EXIT, TAIL_SECONDS, Report, Subject, Suite, Verdict, cells_for
from .target import wait_for_tunnel

if TYPE_CHECKING:
    from .output.page import Setting
    from .scenario import Protection

LAB_HELP = "vm: the client has a kernel of its own; sid: a newer systemd"


class UsageError(HarnessError):
    """An option's value that cannot be used."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 all contained, 1 a leak, 2 something vacuous or bad usage, 3 the lab failed.

    Of `compare`: 0 the same verdicts, 1 others, 3 a file that is no report.
    """
    options = _parser().parse_args(arguments)
    console = Console(highlight=False, markup=False)  # nothing from outside is markup
    try:
        status: int = options.run(options, console)
    except HarnessError as error:
        if isinstance(error, UsageError):
            _parser().error(str(error))
        print(f"nsguard-leaktest: {error}", file=sys.stderr)
        status = EXIT[Verdict.ERROR]
        if path := getattr(options, "json", None):
            path.write_text(json.dumps({"version": 1, "status": status, "error": str(error)}, indent=1) + "\n")
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nsguard-leaktest", description="Try every known way out of a confinement.")
    commands = parser.add_subparsers(required=True, metavar="command")
    demo = commands.add_parser("demo", help="show one confined service, watched from outside")
    run = commands.add_parser("run", help="run attacks and their controls, and judge the captures")
    for command in (demo, run):
        command.add_argument("--lab", choices=KINDS, default="container", help=LAB_HELP)
        which = command.add_mutually_exclusive_group()
        which.add_argument("--scenario", type=Path, help="a Nix file with other services (default: the demo's)")
        guards = sorted(path.stem for path in GUARDS.glob("*.nix") if path.stem != "common")
        which.add_argument("--guard", choices=guards, help="a weaker guard in place of nsguard, to see what it leaks")
        which.add_argument(
            "--system", type=Path, metavar="CLOSURE", help="the client is this NixOS, which has the scenario's services"
        )
        command.add_argument(
            "--image",
            type=Path,
            metavar="TREE",
            help="the file system tree on which --system boots (default: the lab's)",
        )
        command.add_argument("--pcap", type=Path, metavar="DIR", help="keep the captures there")
    run.add_argument("--state", default="*", metavar="GLOB", help="only states of the tunnel with such names")
    run.add_argument("--quick", action="store_true", help="the core set, with the tunnel up: half a minute")
    live = commands.add_parser("live", help="attack a namespace of this host: 15 seconds, few packets, no changes")
    live.description = "Attack a namespace of this host, as root: 15 seconds, few packets, no changes."
    live.add_argument("namespace", metavar="NAMESPACE", help="its name, as nsguard status shows it")
    live.add_argument(
        "--unit",
        action="append",
        default=[],
        metavar="UNIT",
        help="attack with this service's confinement (default: a running one)",
    )
    live.add_argument(
        "--pcap", type=Path, metavar="DIR", help="keep the captures there; they contain what this host sent"
    )
    for command in (run, live):
        command.add_argument(
            "--attack",
            action="append",
            default=[],
            metavar="GLOB",
            help="only attacks with such names; may be repeated",
        )
        command.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
        command.add_argument(
            "--junit", type=Path, metavar="FILE", help="write them as JUnit, for continuous integration"
        )
        command.add_argument("--html", type=Path, metavar="FILE", help="write them as one page, with the evidence")
        command.add_argument(
            "--tail",
            type=float,
            default=TAIL_SECONDS,
            metavar="SECONDS",
            help="watch for so long after the last attack",
        )
    mutants = commands.add_parser("mutants", help="remove each protection: the suite must turn red")
    mutants.add_argument("--lab", choices=KINDS, default="container", help=LAB_HELP)
    mutants.add_argument(
        "--only",
        nargs="+",
        action="extend",
        metavar="GLOB",
        help="only protections with such names; may be given again",
    )
    planted = commands.add_parser("planted", help="make a hole for each kind of attack: the suite must find it")
    for command in (mutants, planted):
        command.set_defaults(system=None, scenario=None, guard=None, pcap=None)
    mutants.set_defaults(run=_mutants)
    planted.set_defaults(run=_planted, lab="container")
    compare = commands.add_parser("compare", help="compare two reports: the cells whose verdicts differ")
    for name in ("one", "other"):
        compare.add_argument(name, type=Path, metavar=f"{name.upper()}.json", help="a file that `run --json` wrote")
    compare.set_defaults(run=_compare)
    demo.set_defaults(run=_demo)
    run.set_defaults(run=_run)
    live.set_defaults(run=_live)
    commands.add_parser("list", help="show the attacks and what each claims").set_defaults(run=_list)
    return parser


def _list(options: argparse.Namespace, console: Console) -> int:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("attack", no_wrap=True)
    table.add_column("what holds when it is contained")
    for name, attack in attacks.registry().items():
        table.add_row(plain(name), plain(describe(attack).claim))
    console.print(table)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("out of reach", "why", "what stands against it", "source"):
        table.add_column(heading)
    for way in UNREACHABLE:
        table.add_row(*map(plain, way))
    console.print(table)
    return 0


def _run(options: argparse.Namespace, console: Console) -> int:
    _check(options)
    with _lab(options) as (lab, attackers), Progress(console=console, transient=True) as progress:
        cells = cells_for(
            options.attack or "*", attackers, UP.name if options.quick else options.state, quick=options.quick
        )
        task = progress.add_task("attacks and controls", total=runs_of(cells))
        about = About.of(lab.client.execute, _guard(options))
        report = Suite(lab, cells, lambda attack, phase: progress.advance(task), options.tail).run()
    return _print_and_write(options, console, report, about)


def _guard(options: argparse.Namespace) -> str:
    """What confines the attacks, by the options of the command line."""
    from . import scenario

    if options.system:
        return f"system {options.system}"
    return f"guard {options.guard}" if options.guard else f"scenario {(options.scenario or scenario.DEMO).stem}"


def _live(options: argparse.Namespace, console: Console) -> int:
    from .live.catalogue import CATALOGUE
    from .live.picture import setting
    from .live.run import Live

    for glob in options.attack:
        if not fnmatch.filter(CATALOGUE, glob):
            raise UsageError(f"--attack {glob}: no attack with such a name is fit for a host in use")
    _check_files(options)
    live = Live.of(options.namespace, options.unit)
    about = About.of(_execute, f"namespace {live.namespace}, as {', '.join(service.unit for service in live.services)}")
    console.print(plain(f"{about.line()}; captured: {', '.join(link.name for link in live.links)}", "dim"))
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("attacks and controls", total=None)
        report = live.run(
            options.attack or "*", lambda attack, phase: progress.advance(task), options.pcap, options.tail
        )
    return _print_and_write(options, console, report, about, setting(live))


def _execute(command: str) -> tuple[int, str]:
    """Run a shell command on this host; returns its exit status and standard output."""
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, errors="replace")
    return done.returncode, done.stdout


def _print_and_write(
    options: argparse.Namespace, console: Console, report: Report, about: About, setting: Setting | None = None
) -> int:
    """Print a report and write it to the files of the options; returns its exit status."""
    from .output.report import attacks_table, classes_table, last_line

    console.print(attacks_table(report))
    console.print(Text("\nframes on the wire while the attacks ran confined", "bold"))
    console.print(classes_table(report.confined.judgement))
    _write(options, report, about, setting)
    print(last_line(report))
    return report.status


def _write(options: argparse.Namespace, report: Report, about: About, setting: Setting | None) -> None:
    from .output.junit import junit
    from .output.page import page
    from .output.report import as_json

    if options.json:
        options.json.write_text(json.dumps(as_json(report, about), indent=1) + "\n")
    if options.junit:
        options.junit.write_text(junit(report, about))
    if options.html:
        options.html.write_text(page(report, datetime.now().astimezone(), setting, about))


def _mutants(options: argparse.Namespace, console: Console) -> int:
    from . import scenario
    from .mutants import Fate, Mutants
    from .output.report import fate_line

    protections = scenario.protections()
    globs = options.only or ["*"]
    for glob in globs:
        if not any(fnmatch.fnmatchcase(protection.name, glob) for protection in protections):
            raise UsageError(f"--only {glob}: no protection has such a name")
    chosen = [
        protection for protection in protections if any(fnmatch.fnmatchcase(protection.name, glob) for glob in globs)
    ]
    untried = [protection for protection in chosen if protection.own_kernel and options.lab == "container"]
    if untried:
        console.print(f"not tried, for they show on a kernel of the client's own: --lab vm --only {_names(untried)}")
    chosen = [protection for protection in chosen if protection not in untried]
    fates: list[Fate] = []
    width = max((len(protection.name) for protection in chosen), default=0)
    for path in dict.fromkeys(protection.scenario for protection in chosen):
        standing = [protection for protection in chosen if protection.scenario == path]
        options.scenario = path
        with _lab(options) as (lab, _), Progress(console=console, transient=True) as progress:
            mutants = Mutants(lab, path, subjects)
            task = progress.add_task("the whole plan", total=None)
            mutants.look()
            progress.update(task, total=len(standing))
            for protection in standing:
                progress.update(task, description=f"without {protection.name}")
                fates.append(mutants.fate(protection))
                progress.console.print(fate_line(fates[-1], width), soft_wrap=True)
                progress.advance(task)
        if mutants.red:
            console.print(f"left out, for they are red with nothing removed: {', '.join(sorted(mutants.red))}")
    survived = sum(not fate.killed for fate in fates)
    print(f"nsguard: {len(fates)} mutants, {len(fates) - survived} killed, {survived} survived")
    return EXIT[Verdict.LEAKED if survived else Verdict.CONTAINED]


def _names(protections: Iterable[Protection]) -> str:
    return " ".join(f"'{protection.name}'" for protection in protections)


def _planted(options: argparse.Namespace, console: Console) -> int:
    from . import scenario
    from .output.report import finds_table
    from .planted import HOLES, Find, find

    finds: list[Find] = []
    with _lab(options) as (lab, _), Progress(console=console, transient=True) as progress:
        made = scenario.render(scenario.DEMO)
        for hole in progress.track(HOLES):
            finds.append(find(lab, made, subjects, hole))
    console.print(finds_table(finds))
    missed = sum(bool(result.missed) for result in finds)
    print(f"nsguard: {len(finds)} leaks planted, {len(finds) - missed} caught, {missed} missed")
    return EXIT[Verdict.LEAKED if missed else Verdict.CONTAINED]


def _compare(options: argparse.Namespace, console: Console) -> int:
    from .output.compare import differences, read
    from .output.report import compared_line, differences_table

    first, second = read(options.one), read(options.other)
    pairs = differences(first, second)
    if pairs:
        console.print(differences_table(pairs, options.one.stem, options.other.stem))
    print(compared_line(first, second, pairs))
    return int(bool(pairs))


def _demo(options: argparse.Namespace, console: Console) -> int:
    from .demo import Demo

    started = time.monotonic()
    with _lab(options) as (lab, attackers):
        status, line = Demo(lab, attackers, console, started).run()
    console.print(plain(f"\n{time.monotonic() - started:.1f} s in all; nothing is left behind", "dim"))
    print(line)
    return status


def _check(options: argparse.Namespace) -> None:
    """Raise UsageError for options that cannot be used, before a lab is built."""
    if options.system and not (options.system / "init").exists():
        raise UsageError(f"--system {options.system}: is no system's closure; it has no init")
    for glob in options.attack:
        if reason := no_attacks(glob, quick=options.quick):
            raise UsageError(f"--attack {reason}")
    if reason := no_states(options.state):
        raise UsageError(f"--state {reason}")
    _check_files(options)


def _check_files(options: argparse.Namespace) -> None:
    for option in ("json", "junit", "html"):
        path = getattr(options, option)
        if path and not os.access(path.parent, os.W_OK):
            raise UsageError(f"--{option} {path}: cannot write there; name a file in a directory that exists")


@contextmanager
def _lab(options: argparse.Namespace) -> Iterator[tuple[Lab, tuple[Subject, ...]]]:
    """The lab with the scenario on its client, and the agents of its services."""
    from . import scenario

    with _made(options) as lab:
        if options.system:
            wait_for_tunnel(lab)
            yield lab, subjects(lab.client)
            return
        guard = GUARDS / f"{options.guard}.nix" if options.guard else None
        scenario.apply(lab.client, guard or options.scenario or scenario.DEMO)
        yield lab, subjects(lab.client)


def _made(options: argparse.Namespace) -> Lab:
    """The lab that the options describe."""
    from . import scenario
    from .lab.debian import debian_client, nixos_client
    from .lab.image import check_root, image
    from .lab.kinds import make

    check_root()
    client = nixos_client(options.system, options.image or image()) if options.system else None
    if options.lab.startswith("container") and options.scenario == scenario.APPS:
        client = debian_client(image(replace(APPS, suite=KINDS[options.lab])))
    return make(options.lab, options.pcap, client)
