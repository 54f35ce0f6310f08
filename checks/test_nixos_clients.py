"""Published ports that name their clients, on NixOS: their rules stay in force, whatever NixOS's firewall does."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from closures import NIXOS, closure, connected, needs_nixos
from linked import Target, Way, echoing, status, wait_for_echoes
from nsguard_harness.addresses import LAB
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict, cells_for
from nsguard_harness.verdict.rules import ROUTER

pytestmark = [pytest.mark.lab, needs_nixos]
LINKED = LAB.narrowed_ports[2]
TARGETS = {Target("tcp", at, port) for at in LAB.client for port in LAB.narrowed_ports}
TARGETS |= {Target("udp", at, LINKED) for at in LAB.client}
# The server by its address in a network that the port names, and by an address in another network.
NAMED, OTHER = Way(LAB.server), Way(LAB.web)


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with connected(closure(NIXOS / "clients.nix")) as lab:
        lab.client.exceptions = (ROUTER,)
        lab.client.wait_for_unit("nftables.service")
        yield lab


def reached(lab: ContainerLab, way: Way) -> set[Target]:
    return echoing(lab.server, TARGETS, ways=[way])


def test_the_network_that_is_named_is_let_in_and_no_other(lab: ContainerLab) -> None:
    wait_for_echoes(lab.server, TARGETS, ways=[NAMED])
    assert reached(lab, OTHER) == set()


def test_the_attack_is_contained_and_its_control_seen(lab: ContainerLab) -> None:
    report = Suite(lab, cells_for("published-to-others", subjects(lab.client))).run()
    assert [result.verdict for result in report.results] == [Verdict.CONTAINED] * 2, report.results


def test_the_firewall_may_be_started_again_or_be_gone(lab: ContainerLab) -> None:
    """NixOS's nftables.service empties tables when it starts."""
    for verb in ("restart", "stop", "start", "reload"):
        lab.client.succeed(f"systemctl {verb} nftables")
        assert (verb, reached(lab, OTHER)) == (verb, set())
    wait_for_echoes(lab.server, TARGETS, ways=[NAMED])
    assert lab.client.execute("nsguard doctor vpn")[0] == 0


def test_it_was_the_rules_that_kept_them_out(lab: ContainerLab) -> None:
    lab.client.succeed("nft delete table inet nsguard_from-vpn")
    wait_for_echoes(lab.server, TARGETS, ways=[OTHER])
    assert "vpn: clients: on the host, table nsguard_from-vpn is gone" in lab.client.execute("nsguard doctor vpn")[1]
    lab.client.succeed("systemctl reload nsguard-netns-vpn")
    assert reached(lab, OTHER) == set()


def test_status_says_who_may_come_and_where_it_is_everybody(lab: ContainerLab) -> None:
    clients = {(port["name"], port["port"]): port["from"] for port in status(lab)["published"]}
    networks = list(LAB.lan)
    assert clients.pop(("web", 9091)) == []  # on loopback only
    assert all(networks == each for each in clients.values())
    assert len(clients) == 4
