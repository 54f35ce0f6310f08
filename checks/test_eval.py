"""Evaluation tests: what a configuration must yield, and what it must be refused with.

The cases are files below checks/eval/. The plan is evaluated by any Nix; the NixOS options need a tree with
nixpkgs' lib/ and nixos/ side by side, named by NSGUARD_NIXPKGS, and are skipped without it.
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

CHECKS = Path(__file__).parent
CASES = {path.stem: path.read_text() for kind in ("accept", "reject") for path in (CHECKS / "eval" / kind).iterdir()}
OF_PLAN = [name for name, text in CASES.items() if re.search(r"^  specification\b", text, re.MULTILINE)]
NIXPKGS = os.environ.get("NSGUARD_NIXPKGS")

needs_nixpkgs = pytest.mark.skipif(
    not NIXPKGS,
    reason="NSGUARD_NIXPKGS does not name a tree with nixpkgs' lib/ and nixos/: NixOS's side is NOT tested",
)


def evaluate(expression: str) -> Any:
    """The value of a Nix expression, as JSON has it; fails the test with Nix's own message."""
    command = [
        "nix-instantiate",
        "--option",
        "store",
        "dummy://",
        "--eval",
        "--strict",
        "--json",
        "-E",
        expression,
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@functools.cache
def plan_outcomes() -> dict[str, dict[str, Any]]:
    return dict(evaluate(f"(import {CHECKS}/eval).plan"))


def nixos_arguments(directory: Path) -> str:
    """What checks/eval/nixos.nix takes. Any word of the tree may be the name of a package that a module asks for."""
    tree = Path(NIXPKGS or "")
    words = {word for path in tree.glob("nixos/**/*.nix") for word in re.findall(r"[A-Za-z_][\w-]*", path.read_text())}
    (directory / "names.json").write_text(json.dumps(sorted(words)))
    names = f"builtins.fromJSON (builtins.readFile {directory}/names.json)"
    return f"{{ lib = import {tree}/lib; nixos = {tree}/nixos; names = {names}; }}"


@pytest.fixture(scope="session")
def arguments(tmp_path_factory: pytest.TempPathFactory) -> str:
    return nixos_arguments(tmp_path_factory.mktemp("nixos"))


@pytest.fixture(scope="session")
def nixos_outcomes(arguments: str) -> dict[str, dict[str, Any]]:
    return dict(evaluate(f"(import {CHECKS}/eval).nixos {arguments}"))


def test_every_case_is_judged() -> None:
    assert set(plan_outcomes()) == set(OF_PLAN)
    assert len(OF_PLAN) >= 15


@pytest.mark.parametrize("case", OF_PLAN)
def test_plan(case: str) -> None:
    outcome = plan_outcomes()[case]
    assert outcome["actual"] == outcome["expected"]


@needs_nixpkgs
@pytest.mark.parametrize("case", CASES)
def test_nixos(case: str, nixos_outcomes: dict[str, dict[str, Any]]) -> None:
    outcome = nixos_outcomes[case]
    assert outcome["actual"] == outcome["expected"]


def directives(text: str) -> list[tuple[str, str, str]]:
    """A unit's text as sorted (section, key, value), without the environment that NixOS gives to every service."""
    section, found = "", []
    for line in text.splitlines():
        if line.startswith("["):
            section = line
        elif line and not re.match(r'Environment="?(PATH|TZDIR|LOCALE_ARCHIVE)=', line):
            key, _, value = line.partition("=")
            found.append((section, key, value.strip('"') if key == "Environment" else value))
    return sorted(found)


@needs_nixpkgs
@pytest.mark.parametrize(
    "scenario",
    sorted((CHECKS.parent / "harness/scenarios").glob("*.nix")),
    ids=lambda p: p.stem,
)
def test_nixos_renders_the_units_of_the_plan(scenario: Path, arguments: str) -> None:
    texts = evaluate(f"(import {CHECKS}/eval).unitTexts {arguments} (import {scenario})")
    assert texts["plan"], "the scenario has no unit"
    for name in texts["plan"]:
        assert directives(texts["nixos"][name]) == directives(texts["plan"][name]), name


@needs_nixpkgs
def test_the_flake_offers_what_it_should(arguments: str) -> None:
    offered = evaluate(f"import {CHECKS}/eval/flake.nix {arguments}")
    assert offered["modules"] == ["default", "nsguard"]
    assert set(offered["packages"]) == {"x86_64-linux", "aarch64-linux"}
    for packages in offered["packages"].values():
        assert packages == {"default": "nsguard", "nsguard": "nsguard", "nsguard-harness": "nsguard-leaktest"}
    for checks in offered["checks"].values():
        assert {"nsguard", "nsguard-harness", "docs-options", "lint-nix", "lint-python", "lint-shell"} <= set(checks)
        assert {f"eval-plan-{name}" for name in OF_PLAN} | {f"eval-nixos-{name}" for name in CASES} <= set(checks)
