"""docs/ways-out.md: each way out is open without the protections that close it, and closed with them."""

from __future__ import annotations

import pytest

from marks import needs_nix
from nsguard_harness import attacks, scenario
from nsguard_harness.lab.container import ContainerLab
from ways_out import CONTAINER, WAYS, check, measured


@needs_nix
def test_ways_name_protections_and_attacks_that_exist() -> None:
    protections = {protection.name for protection in scenario.protections()}
    assert {name for way in WAYS for name in way.without} <= protections
    assert {name for way in WAYS for name in way.attacks} <= set(attacks.registry())


@pytest.mark.lab
@needs_nix
def test_the_page_has_what_a_container_shows() -> None:
    with ContainerLab() as lab:
        check(CONTAINER, measured(lab, WAYS))
