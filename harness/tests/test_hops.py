"""Two tunnels and three, one in the other: the suite on them, and each one's failure under a sending app."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from nsguard_harness import inspection, scenario
from nsguard_harness.attacks.tunnel import SECONDS, LinkDeleted, wait_for_tunnel
from nsguard_harness.cli import subjects
from nsguard_harness.lab.base import Lab
from nsguard_harness.lab.hops import ENTRY, MIDDLE, SCENARIO, THREE, Hops
from nsguard_harness.suite import Cell, Suite, Verdict, plan

pytestmark = pytest.mark.lab
UNIT = "nsguard-tunnel-entry.service"
# The ways of packets and names: what they can reach depends on how deep the tunnels are.
CORE = ("udp-*", "tcp-*", "dns-*", "icmp-*", "raw-*", "af-packet*")


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


def mtu(lab: Hops, *namespaces: str) -> dict[str, int]:
    """That of each namespace's tunnel; a packet as large as the last's goes through whole, a larger one does not."""
    found = {it: int(lab.client.succeed(f"ip netns exec {it} cat /sys/class/net/wg0/mtu")) for it in namespaces}
    ping = f"ip netns exec vpn ping -c 1 -W 5 -M do {lab.addresses.tunnel_server.v4}"
    lab.client.succeed(f"{ping} -s {found['vpn'] - 28}")
    lab.client.fail(f"{ping} -s {found['vpn'] - 27}")
    return found


def test_the_second_is_in_the_first(lab: Hops) -> None:
    assert inspection.namespace(lab.client, "entry").links == {"lo", "wg0"}
    assert inspection.namespace(lab.client, "vpn").links == {"lo", "wg0"}
    addresses = {address for _, address in inspection.namespace(lab.client, "entry").addresses}
    assert f"{ENTRY.client.v4}/32" in addresses
    assert mtu(lab, "entry", "vpn") == {"entry": 1420, "vpn": {4: 1360, 6: 1340}[lab.family]}
    sockets = lab.client.succeed("ip netns exec entry ss -Hnlu; ss -Hnlu").splitlines()
    assert len(sockets) >= 2


def test_the_core_set_is_contained_on_two_hops(lab: Hops) -> None:
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
        assert isinstance(lab, Hops)
        time.sleep(SECONDS / 3)  # the moment of the disturbance, once the burst is under way
        match self.breaking:
            case "first server silent":
                lab.silence()
            case "second server silent":
                lab.peer.stop_wireguard()
            case "first link deleted":
                lab.client.succeed("ip -n entry link delete wg0")
            case "middle server silent":
                lab.silence(MIDDLE)
            case "middle link deleted":
                lab.client.succeed("ip -n middle link delete wg0")
            case "first stopped":
                lab.client.succeed(f"systemctl stop {UNIT}")
            case "first namespace restarted":
                lab.client.succeed("systemctl restart nsguard-netns-entry")

    def after(self, lab: Lab) -> None:
        assert isinstance(lab, Hops)
        match self.breaking:
            case "first server silent":
                lab.speak()
            case "second server silent":
                lab.peer.start_wireguard()
            case "first link deleted":
                lab.client.succeed(f"systemctl reload {UNIT}")
            case "middle server silent":
                lab.speak(MIDDLE)
            case "middle link deleted":
                lab.client.succeed("systemctl reload nsguard-tunnel-middle")
            case "first stopped" | "first namespace restarted":
                lab.client.succeed(f"systemctl start {UNIT}")
        wait_for_tunnel(lab)


WAYS = (
    "first server silent",
    "second server silent",
    "first link deleted",
    "first stopped",
    "first namespace restarted",
)


@pytest.mark.parametrize("way", WAYS)
def test_the_failure_of_each_is_closed(lab: Hops, way: str) -> None:
    fails_closed(lab, way, (4, 6))


def fails_closed(lab: Hops, way: str, families: tuple[int, ...]) -> None:
    root = subjects(lab.client)[0]
    before = lab.client.get_unit_property("app-root.service", "MainPID")
    attack = type("Broken", (Broken,), {"breaking": way, "__doc__": Broken.__doc__})
    cells = [Cell(attack(), family, root, f"nghops{family}x000") for family in families]
    report = Suite(lab, cells).run()
    assert [result.verdict for result in report.results] == [Verdict.CONTAINED] * len(families), report.results
    assert report.confined.judgement.unowned == ()
    assert lab.client.get_unit_property("app-root.service", "MainPID") == before


def test_the_second_comes_with_the_first_at_boot(lab: Hops) -> None:
    lab.client.reboot()
    wait_for_tunnel(lab, 60)
    endpoint = inspection.peers(lab.client, "entry")[0].endpoint
    assert endpoint is not None
    assert endpoint.endswith(f":{ENTRY.port}")


def test_three_in_a_row(three: Hops) -> None:
    """The web server sees the address that the third server gave, and has it from no other's packets."""
    assert mtu(three, "entry", "middle", "vpn") == {"entry": 1420, "middle": 1360, "vpn": 1300}
    before = three.server.succeed("for it in wg9 wg8 wg0; do wg show $it transfer; done").split()[1::3]
    web = f"http://{three.addresses.web.v4}/ip"
    fetch = f"import urllib.request; print(urllib.request.urlopen('{web}', timeout=5).read().decode())"
    seen = three.client.succeed(f'ip netns exec vpn python3 -c "{fetch}"').strip()
    assert seen == three.addresses.tunnel_client.v4
    after = three.server.succeed("for it in wg9 wg8 wg0; do wg show $it transfer; done").split()[1::3]
    grown = [int(b) - int(a) for a, b in zip(before, after, strict=True)]
    assert grown[0] > grown[1] > grown[2] > 0, "each carries the next one's packets, with a header more"
    # Each socket is where the one before leads out, and the host's network sees that of the first alone.
    assert inspection.peers(three.client, "middle")[0].endpoint == f"{three.addresses.endpoint.v4}:{MIDDLE.port}"


def test_the_core_set_is_contained_on_three_hops(three: Hops) -> None:
    """Of one service over IPv4, by the ways that packets and names take."""
    known = subjects(three.client)
    chosen = [cell for name in CORE for cell in plan(name, known, quick=True) if cell.family in (0, 4)]
    report = Suite(three, chosen).run()
    assert [str(one) for one in report.results if one.verdict is not Verdict.CONTAINED] == []
    assert report.confined.judgement.unowned == ()
    assert report.confined.judgement.classes["wireguard"] > 20
    assert len(report.results) >= len(CORE)


@pytest.mark.parametrize("way", ["middle server silent", "middle link deleted"])
def test_the_failure_of_the_middle_is_closed(three: Hops, way: str) -> None:
    fails_closed(three, way, (4,))
