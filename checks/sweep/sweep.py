"""Every service module of nixpkgs with the smallest configuration that evaluates, all its services confined.

    sweep.py [--every N] [--json FILE] [MODULE …]

NSGUARD_NIXPKGS names the tree. Nothing is built. The sweep reads refusals, warnings and the text of units, which the
judge of finished units searches for ways out. A module is evaluated once more with the lines that its refusals and
warnings name. A hole, a crash or a refusal of these lines makes the exit status 1.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from needed import Needed  # noqa: E402 - it is beside this file
from words import nixos_arguments  # noqa: E402 - it is in the folder above

SHARD = 24
WORKERS = 4
NIX = ("nix-instantiate", "--option", "store", "dummy://", "--eval", "--strict", "--json", "-E")
# Nix's initial heap in bytes, large enough that garbage is seldom collected.
HEAP = "1000000000"

UNSET = (
    "set NSGUARD_NIXPKGS to a checkout of nixpkgs, for example one made by"
    " git clone --depth 1 https://github.com/NixOS/nixpkgs"
)

# Outcomes that may be different with all modules of NixOS.
UNTOLD = ("crash", "not evaluable")
# Begins a message of a module that is refused with the lines of its messages.
THEN = "then: "
KINDS = ("clean", "cannot work", "refused", "hole", "crash", "without services", "not evaluable")


class Module(NamedTuple):
    """The outcome of one module. name: its option below `services`; said: refusals, warnings, holes or the error.

    lines: the lines that its messages name; mended: whether nothing is refused with these, None if that was not tried;
    refusals: how many of the messages refuse, from the first.
    """

    name: str
    kind: str
    services: list[str]
    said: list[str]
    lines: tuple[str, ...] = ()
    mended: bool | None = None
    refusals: int = 0


def lines_of(messages: Iterable[str]) -> tuple[str, ...]:
    """From each message the last line that it says to write, or the last two if they belong together.

    A list that begins as another line's is left out: the message says to write the longer one instead.
    """
    written = []
    for message in messages:
        lines = re.findall(r"systemd\.(?:services|sockets)\.[^;=]*? = (?:\{[^}]*\}|[^;{]*);", message)
        written += lines[-2:] if "; and, " in message else lines[-1:]
    longer = {line: [it for it in written if it.startswith(f'{line.removesuffix("];")}"')] for line in written}
    return tuple(line for line in longer if not longer[line])


class Tree:
    """A tree with nixpkgs' lib/ and nixos/, evaluated with stand-ins for its packages."""

    def __init__(self, tree: Path, directory: Path) -> None:
        self._arguments = nixos_arguments(directory, tree)
        self._sweep = f"(import {HERE} {self._arguments})"
        found = self._value("{ inherit (sweep) declaring elsewhere paths; }")
        self.paths: list[list[str]] = found["paths"]
        self._needed = Needed(tree, found["declaring"], found["elsewhere"])
        (directory / "common.json").write_text(json.dumps(self._needed.common))
        self._sweep = (
            f"(import {HERE} ({self._arguments} "
            f"// {{ common = builtins.fromJSON (builtins.readFile {directory}/common.json); }}))"
        )

    def _evaluate(self, expression: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*NIX, f"let sweep = {self._sweep}; in {expression}"],
            check=False,
            capture_output=True,
            text=True,
            env={"GC_INITIAL_HEAP_SIZE": HEAP, **os.environ},
        )

    def _value(self, expression: str) -> dict[str, Any]:
        done = self._evaluate(expression)
        if done.returncode:
            raise SystemExit(done.stderr)
        return dict(json.loads(done.stdout))

    def _outcomes(self, modules: Iterable[str]) -> tuple[list[dict[str, Any]], str]:
        """The outcomes of modules up to one that ends the evaluation, as plain data, and Nix's error for that one."""
        done = self._evaluate(f"sweep.say [ {' '.join(modules)} ]")
        outcomes = [
            json.loads(line.removeprefix("trace: swept "))
            for line in done.stderr.splitlines()
            if line.startswith("trace: swept ")
        ]
        return outcomes, done.stderr[done.stderr.rfind("error:") :] if done.returncode else ""

    def modules(self, paths: list[list[str]], more: str = "{ }", *, whole: bool = False) -> Iterator[Module]:
        """The outcome of each path in turn. more: a NixOS module added to each; whole: with all modules of NixOS."""
        while paths:
            asked = [self._asked(path, more, whole=whole) for path in paths]
            outcomes, error = self._outcomes(asked)
            for module in map(classified, paths, outcomes):
                yield from (
                    [module] if whole or module.kind not in UNTOLD else self.modules([_path(module)], more, whole=True)
                )
            if error:
                path = paths[len(outcomes)]
                yield from [self._apart(path, error, more)] if whole else self.modules([path], more, whole=True)
                paths = paths[len(outcomes) + 1 :]
            else:
                return

    def mended(self, module: Module) -> Module:
        """The outcome of a module, evaluated again with the lines of its messages if each refusal names some."""
        lines = lines_of(module.said)
        if not lines or not all(lines_of([it]) for it in module.said[: module.refusals]):
            return module._replace(lines=lines, mended=None)
        (again,) = self.modules([_path(module)], f"{{ lib, ... }}: {{ {' '.join(lines)} }}")
        if again.kind in ("clean", "cannot work"):
            return module._replace(lines=lines, mended=True)
        then = [f"{THEN}{message}" for message in again.said]
        return module._replace(lines=lines, mended=False, said=[*module.said, *then])

    def _asked(self, path: list[str], more: str, *, whole: bool, fillings: str = "") -> str:
        """A module in the form that ./default.nix takes."""
        needs = None if whole else self._needed.of(path)
        written = "null" if needs is None else _list(needs)
        return f"{{ path = {_list(path)}; needs = {written}; more = {more}; {fillings} }}"

    def _apart(self, path: list[str], error: str, more: str) -> Module:
        """The outcome of a module that ends the evaluation, tried again with fewer options set, and then unconfined."""
        for filling in ('"required"', '"nothing"', ""):
            outcomes, _ = self._outcomes([self._asked(path, more, whole=True, fillings=f"fillings = [ {filling} ];")])
            if outcomes and (filling or outcomes[0]["crashed"]):
                return classified(path, outcomes[0])
        return Module(".".join(path), "not evaluable", [], [error])


def _path(module: Module) -> list[str]:
    return module.name.split(".")


def _list(words: Iterable[str]) -> str:
    return f"[ {' '.join(map(json.dumps, words))} ]"


def release(tree: Path) -> str:
    """Which nixpkgs a tree is: its release, and the commit if it is a checkout."""
    version = (tree / "lib/.version").read_text().strip()
    git = ["git", "-C", tree, "log", "-1", "--format=%h of %cs"]
    commit = subprocess.run(git, check=False, capture_output=True, text=True) if (tree / ".git").exists() else None
    return f"{version}, commit {commit.stdout.strip()}" if commit and not commit.returncode else version


def unit_of(message: str) -> str:
    """The service or socket that a message is about."""
    match = re.match(r'systemd\.(?:services|sockets)\.("[^"]*"|[\w-]+)', message)
    return match[1].strip('"') if match else message


def classified(path: list[str], value: dict[str, Any]) -> Module:
    """The outcome of a module, by the worst of its services."""
    name = ".".join(path)
    if "services" not in value:
        return Module(name, "crash" if value["crashed"] else "not evaluable", [], ["throws"])
    refused = {unit_of(message) for message in value["problems"]}
    holes = [hole for hole in value["holes"] if unit_of(hole) not in refused]
    kind, messages = "clean", []
    if holes:
        kind, messages = "hole", holes
    elif value["problems"]:
        kind, messages = "refused", value["problems"] + value["warnings"]
    elif value["warnings"]:
        kind, messages = "cannot work", value["warnings"]
    elif not value["services"]:
        kind = "without services"
    return Module(name, kind, value["services"], messages, refusals=len(value["problems"]))


def swept(paths: list[list[str]] | None = None, every: int = 1) -> Iterator[Module]:
    """The outcomes of every `every`-th module of the tree, or of those at `paths`, one shard at a time."""
    with tempfile.TemporaryDirectory() as directory:
        tree = Tree(Path(os.environ["NSGUARD_NIXPKGS"]), Path(directory))
        chosen = tree.paths[::every] if paths is None else paths
        shards = [chosen[i : i + SHARD] for i in range(0, len(chosen), SHARD)]
        with ThreadPoolExecutor(WORKERS) as pool:
            for modules in pool.map(lambda shard: [tree.mended(it) for it in tree.modules(shard)], shards):
                yield from modules


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help="options below services; all where none is named")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="one module in N")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what became of each")
    options = parser.parse_args()
    if "NSGUARD_NIXPKGS" not in os.environ:
        parser.exit(2, f"sweep.py: {UNSET}\n")
    nixpkgs = release(Path(os.environ["NSGUARD_NIXPKGS"]))
    modules = []
    for module in swept([name.split(".") for name in options.modules] or None, options.every):
        modules.append(module)
        if options.json:  # the outcomes so far, for readers who do not wait for the end
            document = {"nixpkgs": nixpkgs, "modules": [it._asdict() for it in modules]}
            options.json.write_text(json.dumps(document, indent=1))
    counts = Counter(it.kind for it in modules)
    for kind in KINDS:
        print(f"{counts[kind]:5} {kind}")
    bad = [it for it in modules if it.kind in ("hole", "crash") or it.mended is False]
    for it in bad:
        kind = "refused again" if it.mended is False else it.kind
        print(f"{kind}: {it.name}: {it.said[-1].strip()[-300:]}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
