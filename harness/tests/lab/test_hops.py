"""Two and three tunnels, one inside the other: the suite, and the failure of each while an app sends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hopping import attacked, fails_closed, mtu, whose, witnessed
from nsguard_harness import inspection, scenario
from nsguard_harness.lab.hops import ENTRY, MIDDLE, SCENARIO, THREE, Hops
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Run, Suite, Verdict, cells_for
from nsguard_harness.target import wait_for_tunnel

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module", params=[4, 6], ids=["IPv4", "IPv6"])
def lab(request: pytest.FixtureRequest) -> Iterator[Hops]:
    with Hops(request.param) as lab:
        scenario.apply(lab.client, SCENARIO)
        wait_for_tunnel(lab)
        yield lab


@pytest.fixture(scope="module")
def three() -> Iterator[Hops]:
    with Hops(hops=(ENTRY, MIDDLE)) as lab:
        scenario.apply(lab.client, THREE)
        wait_for_tunnel(lab)
        yield lab


def test_the_second_is_in_the_first(lab: Hops) -> None:
    assert inspection.namespace(lab.client, "entry").links == {"lo", "wg0"}
    assert inspection.namespace(lab.client, "vpn").links == {"lo", "wg0"}
    addresses = {address for _, address in inspection.namespace(lab.client, "entry").addresses}
    assert f"{ENTRY.client.v4}/32" in addresses
    assert mtu(lab, "entry", "vpn") == {"entry": 1420, "vpn": {4: 1360, 6: 1340}[lab.family]}
    sockets = lab.client.succeed("ip netns exec entry ss -Hnlu; ss -Hnlu").splitlines()
    assert len(sockets) >= 2


def test_the_doctor_finds_nothing_wrong_with_either(lab: Hops) -> None:
    """Not even with the second tunnel's process in the first namespace, or with what shares its directory."""
    assert lab.client.execute("nsguard doctor") == (0, "entry: healthy\nvpn: healthy\n")


def test_the_core_set_is_contained_on_two_hops(lab: Hops) -> None:
    """The only frames that may be on the uplink are those to the first endpoint.

    One attack has no control here: unconfined, too, no packet with the second tunnel's mark leaves the host.
    """
    cells = [cell for cell in cells_for("*", subjects(lab.client), quick=True) if cell.attack.name != "tunnel-mark"]
    report = Suite(lab, cells).run()
    bad = [str(result) for result in report.results if result.verdict not in (Verdict.CONTAINED, Verdict.CANNOT)]
    assert bad == []
    assert report.confined.judgement.unowned == ()
    assert report.confined.judgement.classes["wireguard"] > 100
    assert len(report.results) > 40


WAYS = (
    "first server silent",
    "second server silent",
    "first link deleted",
    "first stopped",
    "first namespace restarted",
)


@pytest.fixture(scope="module")
def controls(lab: Hops) -> Run:
    return witnessed(lab, (4, 6))


@pytest.mark.parametrize("way", WAYS)
def test_the_failure_of_each_is_closed(lab: Hops, controls: Run, way: str) -> None:
    fails_closed(lab, way, (4, 6), controls)


def test_the_second_comes_with_the_first_at_boot(lab: Hops) -> None:
    lab.client.reboot()
    wait_for_tunnel(lab, 60)
    endpoint = inspection.peers(lab.client, "entry")[0].endpoint
    assert endpoint is not None
    assert endpoint.endswith(f":{ENTRY.port}")


def test_three_in_a_row(three: Hops) -> None:
    """The web server sees only the address that the third server gave."""
    assert mtu(three, "entry", "middle", "vpn") == {"entry": 1420, "middle": 1360, "vpn": 1300}
    before = three.server.succeed("for it in wg9 wg8 wg0; do wg show $it transfer; done").split()[1::3]
    assert whose(three, "vpn") == three.addresses.tunnel_client.v4
    after = three.server.succeed("for it in wg9 wg8 wg0; do wg show $it transfer; done").split()[1::3]
    grown = [int(b) - int(a) for a, b in zip(before, after, strict=True)]
    assert grown[0] > grown[1] > grown[2] > 0, "each carries the next one's packets, with a header more"
    # Each tunnel's socket is in the namespace of the one before; only the first tunnel's is on the host.
    assert inspection.peers(three.client, "middle")[0].endpoint == f"{three.addresses.endpoint.v4}:{MIDDLE.port}"


def test_the_core_set_is_contained_on_three_hops(three: Hops) -> None:
    """For one service, over IPv4: the ways of packets and of look-ups."""
    attacked(three, (4,))


@pytest.fixture(scope="module")
def controls_of_three(three: Hops) -> Run:
    return witnessed(three, (4,))


@pytest.mark.parametrize("way", ["middle server silent", "middle link deleted"])
def test_the_failure_of_the_middle_is_closed(three: Hops, controls_of_three: Run, way: str) -> None:
    fails_closed(three, way, (4,), controls_of_three)
