"""What tests of tunnels in a row share, whatever the lab's kernel."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from nsguard_harness.attacks.tunnel import LinkDeleted
from nsguard_harness.lab.base import Lab
from nsguard_harness.lab.hops import MIDDLE, InARow
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Cell, Report, Run, Suite, Verdict, cells_for
from nsguard_harness.target import wait_for_tunnel

UNIT = "nsguard-tunnel-entry.service"
# The ways of packets and names: what they can reach depends on how deep the tunnels are.
CORE = ("udp-*", "tcp-*", "dns-*", "icmp-*", "raw-*", "af-packet*")


def on_client(command: str) -> Callable[[InARow], object]:
    """A step that runs a command on the client."""
    return lambda lab: lab.client.succeed(command)


def inside(namespace: str) -> str:
    """The words that run a command in a namespace; none for the host's own, which has no name."""
    return f"ip netns exec {namespace} " if namespace else ""


def mtu(lab: InARow, *namespaces: str) -> dict[str, int]:
    """The MTU of each namespace's tunnel; a packet as large as the last's goes through whole, a larger one does not."""
    mtus = {it: int(lab.client.succeed(f"{inside(it)}cat /sys/class/net/wg0/mtu")) for it in namespaces}
    ping = f"{inside('vpn')}ping -c 1 -W 5 -M do {lab.addresses.tunnel_server.v4}"
    lab.client.succeed(f"{ping} -s {mtus['vpn'] - 28}")
    lab.client.fail(f"{ping} -s {mtus['vpn'] - 27}")
    return mtus


def whose(lab: InARow, namespace: str) -> str:
    """The IPv4 address from which the web server sees a request from a namespace come."""
    web = f"http://{lab.addresses.web.v4}/ip"
    fetch = f"import urllib.request; print(urllib.request.urlopen('{web}', timeout=60).read().decode())"
    return lab.client.succeed(f'{inside(namespace)}python3 -c "{fetch}"').strip()


def attacked(lab: InARow, families: tuple[int, ...]) -> Report:
    """CORE against one service, which must be contained by tunnels that carry it."""
    known = subjects(lab.client)
    chosen = [cell for name in CORE for cell in cells_for(name, known, quick=True) if cell.family in (0, *families)]
    report = Suite(lab, chosen).run()
    assert [str(result) for result in report.results if result.verdict is not Verdict.CONTAINED] == []
    assert report.confined.judgement.unowned == ()
    assert report.confined.judgement.classes["wireguard"] > 20
    assert len(report.results) >= len(CORE)
    return report


Step = Callable[[InARow], object]
# A way in which a tunnel breaks → what breaks it, and what mends it.
BREAKS: Mapping[str, tuple[Step, Step]] = {
    "first server silent": (lambda lab: lab.silence(), lambda lab: lab.speak()),
    "second server silent": (lambda lab: lab.peer.stop_wireguard(), lambda lab: lab.peer.start_wireguard()),
    "middle server silent": (lambda lab: lab.silence(MIDDLE), lambda lab: lab.speak(MIDDLE)),
    "first link deleted": (on_client("ip -n entry link delete wg0"), on_client(f"systemctl reload {UNIT}")),
    "middle link deleted": (
        on_client("ip -n middle link delete wg0"),
        on_client("systemctl reload nsguard-tunnel-middle"),
    ),
    "first stopped": (on_client(f"systemctl stop {UNIT}"), on_client(f"systemctl start {UNIT}")),
    "first namespace restarted": (
        on_client("systemctl restart nsguard-netns-entry"),
        on_client(f"systemctl start {UNIT}"),
    ),
}


class Broken(LinkDeleted):
    """A burst, while one of the tunnels breaks."""

    name = "link-deleted"
    breaking: str

    def during(self, lab: Lab) -> None:
        assert isinstance(lab, InARow)
        BREAKS[self.breaking][0](lab)

    def after(self, lab: Lab) -> None:
        assert isinstance(lab, InARow)
        BREAKS[self.breaking][1](lab)
        wait_for_tunnel(lab)


def witnessed(lab: InARow, families: tuple[int, ...]) -> Run:
    """The controls of `fails_closed`, whatever breaks: the same bursts by the same service, unconfined."""
    return Suite(lab, _bursts(lab, "", families)).controls()


def fails_closed(lab: InARow, way: str, families: tuple[int, ...], controls: Run) -> None:
    """Nothing leaves while a tunnel breaks under an app that sends, and the app runs on.

    controls: those that `witnessed` gave in this lab.
    """
    before = lab.client.get_unit_property("app-root.service", "MainPID")
    report = Suite(lab, _bursts(lab, way, families)).run(controls)
    assert [result.verdict for result in report.results] == [Verdict.CONTAINED] * len(families), report.results
    assert report.confined.judgement.unowned == ()
    assert lab.client.get_unit_property("app-root.service", "MainPID") == before


def _bursts(lab: InARow, way: str, families: tuple[int, ...]) -> list[Cell]:
    """A cell for each family; each way has tokens of its own."""
    root, number = subjects(lab.client)[0], 1 + list(BREAKS).index(way) if way else 0
    attack = type("Broken", (Broken,), {"breaking": way, "__doc__": Broken.__doc__})
    tokens = {family: f"nghops{family}x00" for family in families}
    return [Cell(attack(), family, root, f"{it}{number}", witness=f"{it}0") for family, it in tokens.items()]
