"""Two tunnels of the kernel's own WireGuard, one inside the other."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from hopping import attacked, fails_closed, inside, mtu, whose, witnessed
from nsguard_harness import scenario
from nsguard_harness.lab.hops import ENTRY, SCENARIO, VmHops
from nsguard_harness.run.suite import Run
from nsguard_harness.target import wait_for_tunnel

HOST = ""  # the host's own network namespace has no name


@pytest.fixture(scope="module")
def lab() -> Iterator[VmHops]:
    with VmHops() as lab:
        scenario.apply(lab.client, SCENARIO)
        wait_for_tunnel(lab)
        yield lab


def ports(lab: VmHops, namespace: str) -> set[int]:
    """The UDP ports of all sockets in a namespace, including those of the kernel itself."""
    return {int(port) for port in re.findall(r":(\d+)\s", lab.client.succeed(f"{inside(namespace)}ss -Hnlu"))}


def listens(lab: VmHops, namespace: str) -> int:
    """The UDP port at which the tunnel of a namespace listens."""
    return int(lab.client.succeed(f"{inside(namespace)}wg show wg0 listen-port"))


def test_each_socket_stays_where_its_link_was_made(lab: VmHops) -> None:
    """The exit's socket is in the entry's namespace, the entry's on the host, and none in the app's namespace."""
    assert lab.client.succeed("nsguard status").count(", kernel)") == 2
    entry, last = listens(lab, "entry"), listens(lab, "vpn")
    assert entry in ports(lab, HOST) - ports(lab, "entry") - ports(lab, "vpn")
    assert last in ports(lab, "entry") - ports(lab, HOST) - ports(lab, "vpn")
    for namespace in ("entry", "vpn"):
        assert set(lab.client.succeed(f"{inside(namespace)}ls /sys/class/net").split()) == {"lo", "wg0"}


def test_who_asks_comes_out_of_the_last_one(lab: VmHops) -> None:
    seen = whose(lab, "vpn"), whose(lab, "entry"), whose(lab, HOST)
    assert seen == (lab.addresses.tunnel_client.v4, ENTRY.client.v4, lab.addresses.client.v4)


def test_the_second_is_smaller_by_a_header_of_its_own(lab: VmHops) -> None:
    assert mtu(lab, "entry", "vpn") == {"entry": 1420, "vpn": 1360}


def test_the_ways_of_packets_and_names_are_contained(lab: VmHops) -> None:
    attacked(lab, (4, 6))


@pytest.fixture(scope="module")
def controls(lab: VmHops) -> Run:
    return witnessed(lab, (4, 6))


@pytest.mark.parametrize("way", ["first server silent", "first link deleted", "first stopped"])
def test_the_failure_of_the_first_is_closed(lab: VmHops, controls: Run, way: str) -> None:
    fails_closed(lab, way, (4, 6), controls)
