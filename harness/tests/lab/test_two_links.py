"""Two host links side by side: each namespace has its own ports, and neither reaches the other's via the host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from linked import FORWARDING, MASKED, PROXIED, Target, Way, at_uplink, check_reached, echoing, status, wait_for_echoes
from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.attacks.hostlink import INSIDE
from nsguard_harness.checkout import SCENARIOS
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.peer import CONFIGURATION, generate
from nsguard_harness.run.trial import switch

pytestmark = pytest.mark.lab
TWO_LINKS = SCENARIOS / "two-links.nix"


class Side(NamedTuple):
    """One of the two namespaces, the service that it publishes, and what is added to the numbers of its ports."""

    namespace: str
    service: str
    more: int


SIDES = Side("vpn", "echo", 0), Side("other", "echo-other", 100)
ONE, OTHER = SIDES


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with ContainerLab() as lab:
        secrets = lab.peer.secrets
        stranger = secrets.client_configuration().replace(secrets.client.private, generate().private)
        lab.client.write_files({f"{CONFIGURATION}/other.conf": stranger}, mode=0o600)
        assert lab.client.succeed(FORWARDING) == "0\n0\n"
        scenario.apply(lab.client, TWO_LINKS)
        yield lab


def places(lab: ContainerLab, side: Side, near: Side) -> set[Target]:
    """All targets at which the host reaches a side, also those at addresses that only the host itself can reach."""
    far_link, near_link = (status(lab, it.namespace)["hostLink"] for it in (side, near))
    proxied = Target("tcp", "", PROXIED + side.more), Target("udp", "", MASKED + side.more)
    at_hosts = {
        it._replace(address=at) for at in (*far_link["host"], *near_link["host"], *LAB.client) for it in proxied
    }
    at_link = {Target(kind, at, LAB.linked_port) for kind in ("tcp", "udp") for at in far_link["namespace"]}
    return at_uplink(side.more) | at_hosts | at_link


def reached_by_link(lab: ContainerLab, near: Side, targets: set[Target]) -> set[Target]:
    """The targets that root in a namespace reaches by its host link: from its address there, bound to it, or both."""
    own = tuple(status(lab, near.namespace)["hostLink"]["namespace"])
    ways = Way(own), Way(device=INSIDE), Way(own, INSIDE)
    return echoing(lab.client, targets, near.namespace, ways)


@pytest.mark.parametrize("side", SIDES, ids=lambda side: side.namespace)
def test_each_is_reached_by_its_own_ports_and_sees_who_comes(lab: ContainerLab, side: Side) -> None:
    check_reached(lab, *side)


@pytest.mark.parametrize(
    ("without", "held"),
    [
        ([], True),
        (["output", "entered", "input"], True),  # the host's rules suffice
        (["output", "entered", "input", "host-input", "forward-out", "forward-in", "forward-others"], False),
    ],
    ids=["whole", "host", "none"],
)
def test_neither_reaches_the_other_by_the_host(lab: ContainerLab, without: list[str], held: bool) -> None:
    if without:
        switch(lab.client, scenario.render(TWO_LINKS, [f"nft:link-{name}" for name in without]))
    for near, far in ((ONE, OTHER), (OTHER, ONE)):
        targets = places(lab, far, near)
        wait_for_echoes(lab.client, targets)  # control: the host reaches all of them
        assert reached_by_link(lab, near, targets) == (set() if held else targets)


def test_one_goes_and_the_other_stays_and_forwarding_goes_with_the_last(lab: ContainerLab) -> None:
    """Each of the two stops first once: the host goes on forwarding for the other, whichever started first."""
    switch(lab.client, scenario.render(TWO_LINKS))
    for gone, stays in ((ONE, OTHER), (OTHER, ONE)):
        stop(lab, gone)
        assert lab.client.succeed(FORWARDING) == "1\n1\n"
        assert lab.client.succeed("nft list tables | grep -o 'nsguard_link-.*'") == f"nsguard_link-{stays.namespace}\n"
        assert not echoing(lab.server, at_uplink(gone.more))
        check_reached(lab, *stays)
        lab.client.succeed(f"systemctl start {gone.service}")
        check_reached(lab, *gone)
    for side in SIDES:
        stop(lab, side)
    assert lab.client.succeed(FORWARDING) == "0\n0\n"
    assert lab.client.succeed("ip -o link | grep -c vensg- || true") == "0\n"


def stop(lab: ContainerLab, side: Side) -> None:
    users = "app-root app-user" if side is ONE else ""
    name = side.namespace
    lab.client.succeed(f"systemctl stop {side.service} {users} 'nsguard-publish-{name}@*' nsguard-netns-{name}")
