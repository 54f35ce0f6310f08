"""`python -m nsguard_harness.bench`: measure, print tables of ratios, and write them as JSON and as a page."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from ..checkout import ROOT, SCENARIOS
from ..errors import HarnessError
from ..lab.image import image
from ..lab.kinds import make
from ..lab.wired import WiredLab
from ..scenario import apply
from ..target import wait_for_tunnel
from . import namespaces, packets, peers, starts, tables, usual
from .figures import Figures
from .page import page

LABS = ("container", "vm")
PARTS = ("starts", "namespaces", "packets", "many", "evaluation")
LEAST = 9
COUNTS = (1, 10, 25, 50, 100)


def main(words: Sequence[str] | None = None) -> int:
    """The exit status: 0, or 2 for a wrong command line; what is slow is no failure."""
    options = parser().parse_args(words)
    console = Console()
    try:
        closures = peers.parse(options.peer)
        check(options)
        figures = measure(options.lab, options.rounds, set(options.only or PARTS), closures, options.image)
    except ValueError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except HarnessError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    tables.show(console, figures)
    if options.json:
        options.json.write_text(json.dumps(figures.data(), indent=1) + "\n")
    if options.page:
        options.page.write_text(page(figures))
    return 0


def parser() -> argparse.ArgumentParser:
    """What the command line may say."""
    made = argparse.ArgumentParser(prog="python -m nsguard_harness.bench", description=__doc__)
    made.add_argument("--lab", choices=LABS, default="container", help="where: vm has the kernel's WireGuard")
    made.add_argument("--rounds", type=_rounds, default=15, metavar="N", help=f"at least {LEAST}")
    made.add_argument("--only", action="append", choices=PARTS, help="measure this part alone; may be given again")
    made.add_argument(
        "--peer", action="append", default=[], metavar="NAME=CLOSURE", help="a NixOS system that another guard confines"
    )
    made.add_argument(
        "--image",
        type=_tree,
        metavar="TREE",
        help="the file system tree on which each --peer boots (default: the lab's)",
    )
    made.add_argument("--json", type=Path, metavar="FILE")
    made.add_argument("--page", type=Path, metavar="FILE", help="write the figures as HTML")
    return made


def check(options: argparse.Namespace) -> None:
    """Raise ValueError for options that measure nothing together."""
    if options.peer and options.lab != "container":
        raise ValueError(f"--peer: a peer boots in a container, and nsguard with --lab {options.lab} does not")
    if options.peer and options.only == ["evaluation"]:
        raise ValueError("--peer: evaluation starts no machine; name another part with --only, or none")
    if options.image and not options.peer:
        raise ValueError("--image: only peers boot on it; name one with --peer")


def _tree(word: str) -> Path:
    if not Path(word).is_dir():
        raise argparse.ArgumentTypeError(f"{word!r} is not a directory")
    return Path(word)


def _rounds(word: str) -> int:
    if not word.isdigit() or int(word) < LEAST:
        raise argparse.ArgumentTypeError(f"{word!r} is not a number from {LEAST} up")
    return int(word)


def measure(lab: str, rounds: int, parts: set[str], closures: dict[str, Path], tree: Path | None = None) -> Figures:
    """All parts that are asked for. tree: what closures boot on; None: the lab's image. Raises HarnessError."""
    figures, before = Figures(lab, "none", rounds), os.getloadavg()[0]
    if parts != {"evaluation"}:
        with make(lab) as made:
            figures = _in_lab(made, figures, parts, closures, tree)
    if "evaluation" in parts:
        figures = replace(figures, evaluation=evaluation())
    return replace(figures, load=(before, os.getloadavg()[0]))


def _in_lab(lab: WiredLab, figures: Figures, parts: set[str], closures: dict[str, Path], tree: Path | None) -> Figures:
    client, rounds = lab.client, figures.rounds
    plan = apply(client, SCENARIOS / "bench.nix")
    wait_for_tunnel(lab)
    kernel = client.execute("ip link add probe type wireguard && ip link delete probe")[0] == 0
    figures = replace(figures, wireguard="the kernel's WireGuard" if kernel else "wireguard-go")
    packets.save(client)
    results = []
    if "starts" in parts:
        starts.install(client, plan)
        service, stages = starts.service(client, rounds)
        results += [service, starts.command(client, rounds, plan)]
        figures = replace(figures, stages=stages)
    if "namespaces" in parts:
        usual.install(client, kernel=kernel)
        namespaces.lay_empty(client)
        results += namespaces.up_and_down(client, rounds)
        figures = replace(figures, steps=namespaces.steps(client))
    if closures:
        with ExitStack() as stack:
            results += peers.measure(client, stack.enter_context(peers.booted(closures, tree or image())), rounds)
    if "packets" in parts:
        results += [packets.flood(lab, rounds), *packets.tcp(lab, rounds)]
    if "many" in parts:
        figures = replace(figures, counts=namespaces.many(lab, list(COUNTS)))
    return replace(figures, figures=results)


def evaluation() -> dict[str, float]:
    """Host → the share of values that nsguard adds to its evaluation; empty without a nixpkgs to evaluate with."""
    done = subprocess.run([sys.executable, ROOT / "checks/cost.py", "--json"], capture_output=True, text=True)
    if done.returncode:
        print(f"bench: evaluation is left out: {done.stderr.strip()[-300:]}", file=sys.stderr)
        return {}
    return {str(host): float(more) for host, more in json.loads(done.stdout).items()}


if __name__ == "__main__":
    sys.exit(main())
