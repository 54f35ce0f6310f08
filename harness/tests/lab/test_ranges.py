"""Ranges of ports: by each way in, the first, middle and last port answer; the ports next to the range do not."""

from __future__ import annotations

import shlex

import pytest

from labs import lab_of
from linked import Target, echoing, status, wait_for_echoes
from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict, cells_for
from nsguard_harness.run.trial import UNOWNED, attack, switch
from nsguard_harness.target import wait_for_tunnel

pytestmark = pytest.mark.lab
ATTACKS = ("beside-range", "beside-published-range")
# Answers TCP connections at a port that nothing opens to the tunnel.
SERVE = """
import socket, sys
with socket.create_server(("", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
    while True:
        listener.accept()[0].send(b"x")
"""

lab = lab_of(scenario.RANGES)


def within(ports: tuple[int, int]) -> list[int]:
    """The first port of a range, one in the middle, and the last."""
    first, last = ports
    return [first, (first + last) // 2, last]


def beside(ports: tuple[int, int]) -> list[int]:
    """The ports before and after a range."""
    return [ports[0] - 1, ports[1] + 1]


def at_uplink(ports: list[int], *protocols: str) -> set[Target]:
    return {Target(protocol, at, port) for protocol in protocols for at in LAB.client for port in ports}


def test_the_network_reaches_each_port_of_a_published_range_and_none_beside(lab: ContainerLab) -> None:
    published = at_uplink(within(LAB.proxied_range), "tcp") | at_uplink(within(LAB.linked_range), "tcp", "udp")
    others = at_uplink(beside(LAB.proxied_range) + beside(LAB.linked_range), "tcp", "udp")
    wait_for_echoes(lab.server, published)
    assert echoing(lab.server, others) == set()
    # control: inside, a program answers at each of them
    inside = {Target("tcp", "127.0.0.1", target.port) for target in published | others}
    wait_for_echoes(lab.client, inside, "vpn")


def test_the_host_itself_reaches_them_at_loopback_and_none_beside(lab: ContainerLab) -> None:
    near = {Target("tcp", "127.0.0.1", port) for port in within(LAB.proxied_range)}
    others = {Target("tcp", "127.0.0.1", port) for port in beside(LAB.proxied_range)}
    assert echoing(lab.client, near | others) == near


def test_the_far_end_of_the_tunnel_reaches_each_port_of_its_range_and_none_beside(lab: ContainerLab) -> None:
    opened = {
        Target(protocol, at, port)
        for protocol in ("tcp", "udp")
        for at in LAB.tunnel_client
        for port in within(LAB.opened_range)
    }
    wait_for_echoes(lab.server, opened)
    others = {Target("tcp", at, port) for at in LAB.tunnel_client for port in beside(LAB.opened_range)}
    ports = beside(LAB.opened_range)
    for port in ports:
        where = f"--unit=beside-{port} -p NetworkNamespacePath=/run/netns/vpn"
        lab.client.succeed(f"systemd-run -q --collect {where} python3 -c {shlex.quote(SERVE)} {port}")
        lab.client.wait_until_succeeds(f"ip netns exec vpn ss -Hltn | grep -q ':{port} '")
    connect = (
        "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3])).recv(1)"
    )
    try:
        for target in others:
            asked = f"python3 -c {shlex.quote(connect)} {target.address} {target.port}"
            lab.client.succeed(f"ip netns exec vpn {asked} 60")  # control
            lab.server.fail(f"{asked} 2")
    finally:
        lab.client.succeed(f"systemctl stop {' '.join(f'beside-{port}' for port in ports)}")


def test_status_and_doctor_tell_of_them(lab: ContainerLab) -> None:
    first, last = LAB.linked_range
    it = status(lab)
    opened = [{"from": LAB.opened_range[0], "to": LAB.opened_range[1]}]
    assert it["tunnelPorts"] == {"tcp": opened, "udp": opened}
    assert [port["port"] for port in it["published"] if port["name"] == "streams"] == [{"from": first, "to": last}] * 2
    text = lab.client.execute("nsguard status vpn")[1]
    assert (
        "proxied: 198.51.100.2:8101-8104, [2001:db8:51::2]:8101-8104, 127.0.0.1:8101-8104 to ports 8101-8104 "
        "(listening), open to everybody\n" in text
    )
    assert "streams: tcp:198.51.100.2:8111-8114 to ports 8111-8114 (listening), open to everybody\n" in text
    assert "tcp 8121-8124; udp 8121-8124\n" in text
    code, output = lab.client.execute("nsguard doctor vpn")
    assert (code, "echo.service listens on ports 8100, 8105, 8110, 8115 inside" in output) == (0, True), output
    socket = next(port["unit"] for port in it["published"] if port["port"] == 8102)
    lab.client.succeed(f"systemctl stop {socket}")
    try:
        assert "to ports 8101-8104 (1 of 4 down)\n" in lab.client.execute("nsguard status vpn")[1]
        assert f"vpn: units: {socket} is inactive" in lab.client.execute("nsguard doctor vpn")[1]
    finally:
        lab.client.succeed(f"systemctl start {socket}")


def test_doctor_finds_a_range_that_was_widened(lab: ContainerLab) -> None:
    rule = 'iifname "wg0" tcp dport 8121-8199 accept'
    lab.client.succeed(f"ip netns exec vpn nft insert rule inet nsguard input '{rule}'")
    assert "in the namespace, chain input has" in lab.client.execute("nsguard doctor vpn")[1]
    lab.client.succeed("systemctl reload nsguard-netns-vpn")
    assert "chain input" not in lab.client.execute("nsguard doctor vpn")[1]


def test_the_attacks_are_contained_and_their_controls_seen(lab: ContainerLab) -> None:
    cells = [cell for name in ATTACKS for cell in cells_for(name, subjects(lab.client), "up")]
    assert {cell.attack.name for cell in cells} == set(ATTACKS)
    report = Suite(lab, cells).run()
    assert {result.verdict for result in report.results} == {Verdict.CONTAINED}, [
        (it.attack, it.verdict, it.said, it.control) for it in report.results
    ]


@pytest.mark.parametrize(
    ("rule", "red"), [("tunnel-ranges", "beside-range"), ("link-ranges", "beside-published-range")]
)
def test_without_the_end_of_a_range_ports_beyond_are_open(lab: ContainerLab, rule: str, red: str) -> None:
    """The last test, because it changes the scenario."""
    switch(lab.client, scenario.render(scenario.RANGES, [f"nft:{rule}"]))
    wait_for_tunnel(lab)
    cells = [cell for name in ATTACKS for cell in cells_for(name, subjects(lab.client), "up")]
    assert {it.attack for it in attack(lab, cells) if it.verdict is Verdict.LEAKED} - {UNOWNED} == {red}
