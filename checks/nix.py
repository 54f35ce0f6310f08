"""How the checks evaluate Nix expressions.

NSGUARD_NIXPKGS names a tree with nixpkgs' lib/ and nixos/ side by side; tests that need it are skipped without it.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import words

NIXPKGS = os.environ.get("NSGUARD_NIXPKGS")

needs_nixpkgs = pytest.mark.skipif(
    not NIXPKGS,
    reason="NSGUARD_NIXPKGS does not name a tree with nixpkgs' lib/ and nixos/: NixOS's side is NOT tested",
)


def evaluate(expression: str) -> Any:
    """The value of a Nix expression, passed on as JSON; fails the test with Nix's own message."""
    done = _run(expression)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def error_of(expression: str) -> str:
    """The message with which the evaluation of a Nix expression ends; fails the test if it yields a value."""
    done = _run(expression)
    assert done.returncode != 0, done.stdout
    return done.stderr


def _run(expression: str) -> subprocess.CompletedProcess[str]:
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
    return subprocess.run(command, check=False, capture_output=True, text=True)


def nixos_arguments(directory: Path, tree: Path | None = None) -> str:
    """The arguments of checks/eval/nixos.nix. tree: nixpkgs' lib/ and nixos/, in place of NSGUARD_NIXPKGS."""
    return words.nixos_arguments(directory, tree or Path(NIXPKGS or ""))
