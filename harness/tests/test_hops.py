"""Two tunnels, one in the other: the suite on them, and each one's failure under a sending app."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from nsguard_harness import inspection, scenario
from nsguard_harness.attacks.tunnel import SECONDS, LinkDeleted, wait_for_tunnel
from nsguard_harness.cli import subjects
from nsguard_harness.lab.base import Lab
from nsguard_harness.lab.hops import CLIENT, PORT, SCENARIO, TwoHops
from nsguard_harness.suite import Cell, Suite, Verdict, plan

pytestmark = pytest.mark.lab
ENTRY = "nsguard-tunnel-entry.service"


@pytest.fixture(scope="module", params=[4, 6], ids=["IPv4", "IPv6"])
def lab(request: pytest.FixtureRequest) -> Iterator[TwoHops]:
    with TwoHops(request.param) as lab:
        scenario.apply(lab.client, SCENARIO)
        wait_for_tunnel(lab)
        yield lab


def test_the_second_is_in_the_first(lab: TwoHops) -> None:
    assert inspection.namespace(lab.client, "entry").links == {"lo", "wg0"}
    assert inspection.namespace(lab.client, "vpn").links == {"lo", "wg0"}
    addresses = {address for _, address in inspection.namespace(lab.client, "entry").addresses}
    assert f"{CLIENT.v4}/32" in addresses
    mtu = {
        name: int(lab.client.succeed(f"ip netns exec {name} cat /sys/class/net/wg0/mtu")) for name in ("vpn", "entry")
    }
    assert mtu == {"entry": 1420, "vpn": {4: 1360, 6: 1340}[lab.family]}
    # A packet as large as it may be goes through whole, and one that is larger does not.
    ping = f"ip netns exec vpn ping -c 1 -W 5 -M do {lab.addresses.tunnel_server.v4}"
    lab.client.succeed(f"{ping} -s {mtu['vpn'] - 28}")
    lab.client.fail(f"{ping} -s {mtu['vpn'] - 27}")
    sockets = lab.client.succeed("ip netns exec entry ss -Hnlu; ss -Hnlu").splitlines()
    assert len(sockets) >= 2


def test_the_core_set_is_contained_on_two_hops(lab: TwoHops) -> None:
    """The only frames that may be on the uplink are those to the first endpoint.

    One attack has no control here: unconfined, too, no packet with the second tunnel's mark leaves the host.
    """
    cells = [cell for cell in plan("*", subjects(lab.client), quick=True) if cell.attack.name != "tunnel-mark"]
    report = Suite(lab, cells).run()
    bad = [str(one) for one in report.results if one.verdict not in (Verdict.CONTAINED, Verdict.CANNOT)]
    assert bad == []
    assert report.confined.judgement.unowned == ()
    assert report.confined.judgement.classes["wireguard"] > 100
    assert len(report.results) > 40


class Broken(LinkDeleted):
    """A burst, while one of the two tunnels breaks."""

    name = "link-deleted"
    breaking: str

    def during(self, lab: Lab) -> None:
        assert isinstance(lab, TwoHops)
        time.sleep(SECONDS / 3)  # the moment of the disturbance, once the burst is under way
        match self.breaking:
            case "first server silent":
                lab.silence()
            case "second server silent":
                lab.peer.stop_wireguard()
            case "first link deleted":
                lab.client.succeed("ip -n entry link delete wg0")
            case "first stopped":
                lab.client.succeed(f"systemctl stop {ENTRY}")
            case "first namespace restarted":
                lab.client.succeed("systemctl restart nsguard-netns-entry")

    def after(self, lab: Lab) -> None:
        assert isinstance(lab, TwoHops)
        match self.breaking:
            case "first server silent":
                lab.speak()
            case "second server silent":
                lab.peer.start_wireguard()
            case "first link deleted":
                lab.client.succeed(f"systemctl reload {ENTRY}")
            case "first stopped" | "first namespace restarted":
                lab.client.succeed(f"systemctl start {ENTRY}")
        wait_for_tunnel(lab)


WAYS = (
    "first server silent",
    "second server silent",
    "first link deleted",
    "first stopped",
    "first namespace restarted",
)


@pytest.mark.parametrize("way", WAYS)
def test_the_failure_of_each_is_closed(lab: TwoHops, way: str) -> None:
    root = subjects(lab.client)[0]
    before = lab.client.get_unit_property("app-root.service", "MainPID")
    attack = type("Broken", (Broken,), {"breaking": way, "__doc__": Broken.__doc__})
    cells = [Cell(attack(), family, root, f"nghops{family}x000") for family in (4, 6)]
    report = Suite(lab, cells).run()
    assert [result.verdict for result in report.results] == [Verdict.CONTAINED] * 2, report.results
    assert report.confined.judgement.unowned == ()
    assert lab.client.get_unit_property("app-root.service", "MainPID") == before


def test_the_second_comes_with_the_first_at_boot(lab: TwoHops) -> None:
    lab.client.reboot()
    wait_for_tunnel(lab, 60)
    endpoint = inspection.peers(lab.client, "entry")[0].endpoint
    assert endpoint is not None
    assert endpoint.endswith(f":{PORT}")
