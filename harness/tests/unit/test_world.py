"""What the judge is told of a tunnel, from what wg(8) and ip(8) print in the client."""

from __future__ import annotations

import pytest

from nsguard_harness.run.world import Observed
from pretended import FakeLab

OTHERS = (
    "1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\\"
    "    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00 promiscuity 0 minmtu 0 maxmtu 0 addrgenmode eui64\n"
    "3: host0@if7: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UP mode DEFAULT group default\\"
    "    link/ether 02:53:00:00:00:09 brd ff:ff:ff:ff:ff:ff promiscuity 0 minmtu 68 maxmtu 65535 \\"
    "    veth addrgenmode eui64 numtxqueues 2 numrxqueues 2\n"
)
LINK = (
    "2: wg0: <POINTOPOINT,MULTICAST,NOARP,UP,LOWER_UP> mtu {} qdisc pfifo_fast state UNKNOWN mode DEFAULT qlen 500\\"
    "    link/none  promiscuity 0  allmulti 0 minmtu 68 maxmtu 65535 \\    {} addrgenmode eui64 numtxqueues 1\n"
)


@pytest.mark.parametrize("kind", ["tun type tun pi off vnet_hdr off persist off", "wireguard", "amneziawg"])
def test_ports_and_mtus_are_those_of_tunnels_and_stay_known(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lab = FakeLab()
    outputs = [f"wg0\t{40000 + turn}\n{OTHERS}{LINK.format(1420 + turn, kind)}" for turn in range(2)]
    monkeypatch.setattr(lab.client, "execute", lambda _: (0, outputs.pop(0)))
    observed = Observed(lab)  # type: ignore[arg-type]
    assert observed.world.listen_ports == {40000}
    assert observed.world.mtus == {1420}
    observed.look()
    assert observed.world.listen_ports == {40000, 40001}
    assert observed.world.mtus == {1420, 1421}
