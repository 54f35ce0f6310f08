"""`python -m nsguard_harness.bench`: measure, print tables of ratios, and write them as JSON and as a page."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

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
        others = Others(peers.parse(options.peer + options.earlier), _names(options.earlier), options.image)
        check(options)
        figures = measure(options.lab, options.rounds, set(options.only or PARTS), others)
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
        "--peer", action="append", default=[], metavar="NAME=CLOSURE", help="a NixOS system with another guard"
    )
    made.add_argument(
        "--earlier", action="append", default=[], metavar="NAME=CLOSURE", help="as --peer, with another nsguard"
    )
    made.add_argument(
        "--image",
        type=_tree,
        metavar="TREE",
        help="the file system tree on which these closures boot (default: the lab's)",
    )
    made.add_argument("--json", type=Path, metavar="FILE")
    made.add_argument("--page", type=Path, metavar="FILE", help="write the figures as HTML")
    return made


def check(options: argparse.Namespace) -> None:
    """Raise ValueError for options that measure nothing together."""
    closures = "--peer" if options.peer else "--earlier" if options.earlier else None
    if closures and options.lab != "container":
        raise ValueError(f"{closures}: a closure boots in a container, and nsguard with --lab {options.lab} does not")
    if closures and options.only == ["evaluation"]:
        raise ValueError(f"{closures}: evaluation starts no machine; name another part with --only, or none")
    if options.image and not closures:
        raise ValueError("--image: only closures boot on it; name one with --peer or --earlier")


def _tree(word: str) -> Path:
    if not Path(word).is_dir():
        raise argparse.ArgumentTypeError(f"{word!r} is not a directory")
    return Path(word)


def _rounds(word: str) -> int:
    if not word.isdigit() or int(word) < LEAST:
        raise argparse.ArgumentTypeError(f"{word!r} is not a number from {LEAST} up")
    return int(word)


class Others(NamedTuple):
    """The NixOS closures beside nsguard, by their names.

    earlier: those that are versions of nsguard; tree: what they boot on; None: the lab's image.
    """

    closures: Mapping[str, Path]
    earlier: Collection[str] = ()
    tree: Path | None = None


def _names(words: Sequence[str]) -> frozenset[str]:
    return frozenset(word.partition("=")[0] for word in words)


def measure(lab: str, rounds: int, parts: set[str], others: Others) -> Figures:
    """All parts that are asked for. Raises HarnessError."""
    figures, before = Figures(lab, "none", rounds), os.getloadavg()[0]
    if parts != {"evaluation"}:
        with make(lab) as made:
            figures = _in_lab(made, figures, parts, others)
    if "evaluation" in parts:
        figures = replace(figures, evaluation=evaluation())
    return replace(figures, load=(before, os.getloadavg()[0]))


def _in_lab(lab: WiredLab, figures: Figures, parts: set[str], others: Others) -> Figures:
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
    if others.closures:
        with peers.booted(others.closures, others.tree or image()) as machines:
            results += peers.measure(client, machines, rounds, others.earlier)
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
