"""Rules for the clients of published ports."""

import re
from typing import Any

import pytest

from box import NAME, Box, spec
from undoing import undone_from_each_step

CLIENTS = f"/etc/nsguard/{NAME}/clients.nft"


def _narrowed() -> dict[str, Any]:
    return spec() | {"rulesets": spec()["rulesets"] | {"clients": CLIENTS}}


def test_rules_for_clients_come_change_and_go_with_the_spec(box: Box) -> None:
    box.write_spec(_narrowed())
    for chain in ("one", "other"):
        box.write(CLIENTS, f"table inet nsguard_from-{NAME} {{\nchain {chain} {{\n}}\n}}\n")
        assert box.nsguard("netns", "up", NAME).returncode == 0
        assert re.findall(r"chain (\w+)", box.out("nft", "list", "table", "inet", f"nsguard_from-{NAME}")) == [chain]
    box.write(CLIENTS, "wrong\n")  # rules that cannot be loaded leave the old rules in place
    assert box.nsguard("netns", "up", NAME).returncode != 0
    assert "chain other" in box.out("nft", "list", "table", "inet", f"nsguard_from-{NAME}")
    box.write_spec(spec())
    assert box.nsguard("netns", "up", NAME).returncode == 0
    assert box.out("nft", "list", "tables") == ""
    assert box.nsguard("netns", "down", NAME).returncode == 0


@pytest.mark.parametrize("mode", ["fail-before", "kill-after"])
def test_rules_for_clients_are_undone_from_wherever_it_failed(boxes: list[Box], mode: str) -> None:
    def prepare(box: Box) -> None:
        box.write_spec(_narrowed())
        box.write(CLIENTS, f"table inet nsguard_from-{NAME} {{\n}}\n")

    undone_from_each_step(boxes, mode, prepare)
