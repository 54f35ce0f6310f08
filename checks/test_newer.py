"""A newer NixOS: what is evaluated on the tree of March 2025 gives the same with the known later changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import newer
import pytest
from nix import NIXPKGS, evaluate, needs_nixpkgs, nixos_arguments
from test_eval import CASES, hosts_on_the_labs_network, judge_script

pytestmark = needs_nixpkgs
CHECKS = Path(__file__).parent


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return newer.lay(Path(NIXPKGS or ""), tmp_path_factory.mktemp("newer") / "nixpkgs")


@pytest.fixture(scope="module")
def arguments(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return nixos_arguments(tmp_path_factory.mktemp("names"), tree)


def test_the_tree_is_a_newer_one_and_the_older_stays_as_it_was(tree: Path, arguments: str) -> None:
    older = Path(NIXPKGS or "")
    for name in newer.CHANGES:
        assert (tree / "nixos/modules" / name).read_text() != (older / "nixos/modules" / name).read_text()
    # a host as quickstarts showed it until 2025
    host = f'(import {CHECKS}/eval/nixos.nix {arguments}).evaluate {{ fileSystems."/".device = "/dev/sda"; }}'
    with pytest.raises(AssertionError, match="fsType"):
        evaluate(f'({host}).fileSystems."/".fsType')


def test_a_tree_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="not once"):
        newer.filesystems("{ }")


def test_every_configuration_is_accepted_or_refused_as_before(arguments: str) -> None:
    outcomes: dict[str, dict[str, Any]] = evaluate(f"(import {CHECKS}/eval).nixos {arguments}")
    assert set(outcomes) == set(CASES)
    assert [name for name, outcome in outcomes.items() if outcome["actual"] != outcome["expected"]] == []


def test_hosts_and_the_flakes_tests_evaluate_to_a_driver(arguments: str, tmp_path: Path) -> None:
    hosts_on_the_labs_network(arguments)
    offered = evaluate(f"{{ inherit (import {CHECKS}/eval/flake.nix {arguments}) leaks template scripts; }}")
    assert len(offered["scripts"]) > 3
    judge_script(offered["leaks"]["script"], tmp_path)


def test_the_labs_own_machine_names_its_resolvers_in_the_newer_words(arguments: str) -> None:
    module = f"{{ imports = [ {CHECKS}/nixos/resolvers.nix ]; }}"
    settings = evaluate(
        f"((import {CHECKS}/eval/nixos.nix {arguments}).evaluate {module}).services.resolved.settings.Resolve"
    )
    assert settings["Cache"] == "no" and settings["Domains"] == ["~local"], json.dumps(settings)
