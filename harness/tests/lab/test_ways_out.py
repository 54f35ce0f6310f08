"""docs/ways-out.md: every way out is open again without what closes it, and closed with it."""

from __future__ import annotations

import re

import pytest

from marks import needs_nix
from nsguard_harness import attacks, scenario
from nsguard_harness.checkout import ROOT
from nsguard_harness.lab.container import ContainerLab
from ways_out import CONTAINER, PAGE, WAYS, check, measured

FOLDERS = ("checks", "harness/tests", "pkgs/nsguard/tests")


@needs_nix
def test_ways_name_protections_and_attacks_that_exist() -> None:
    protections = {protection.name for protection in scenario.protections()}
    assert {name for way in WAYS for name in way.without} <= protections
    assert {name for way in WAYS for name in way.attacks} <= set(attacks.registry())


def test_the_tests_that_the_page_names_exist() -> None:
    named = re.findall(r"`(test_\w+\.py)::(\w+)`", PAGE.read_text())
    assert len(named) > 10
    for file, name in named:
        texts = [path.read_text() for folder in FOLDERS for path in (ROOT / folder).rglob(file)]
        assert any(re.search(rf"^def {name}\(", text, re.MULTILINE) for text in texts), f"{file}: no {name}"


@pytest.mark.lab
@needs_nix
def test_the_page_has_what_a_container_shows() -> None:
    with ContainerLab() as lab:
        check(CONTAINER, measured(lab, WAYS))
