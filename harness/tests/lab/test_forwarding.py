"""A forwarded port: requested from the tunnel's far end, renewed, changed and lost; and no other port is open."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import time
from collections.abc import Iterator
from typing import Any

import pytest

from awaited import until
from forwarded import FILE, FORWARD, HOOK, LISTEN, open_ports, recorded, switch, values
from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict, cells_for
from nsguard_harness.target import wait_for_tunnel

pytestmark = pytest.mark.lab
FROM_THE_TUNNEL = (
    *("unasked", "beside-forwarded", "forwarded"),
    *("advertised-by-tunnel", "link-local-address", "own-address-by-tunnel"),
)
FROM_THE_LAN = ("tunnel-address-*", "port-connected", "injected", "endpoint-forged", "router-advertised")
MUTE = "table inet mute { chain input { type filter hook input priority 0; udp dport 5351 drop; }; }"
REFUSING = f"{LAB.forwarded_port}:4:2"  # RFC 6886 §3.5: not authorised
FIRST, SECOND = f"{LAB.forwarded_port}:4", "52525:4"


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with ContainerLab() as lab:
        lab.peer.start("natpmp", FIRST)
        scenario.apply(lab.client, scenario.FORWARDING)
        wait_for_tunnel(lab)
        lab.client.wait_for_file(FILE, 30)
        yield lab


def reached(lab: ContainerLab, address: str, port: int) -> bool:
    """Whether the server's machine gets the banner of the program inside from a TCP port."""
    connect = f"import socket; print(socket.create_connection(('{address}', {port}), 2).recv(9).decode())"
    status, output = lab.server.execute(f'python3 -c "{connect}"')
    return status == 0 and "inside" in output


def test_the_port_is_asked_for_written_and_told(lab: ContainerLab) -> None:
    assert values(lab) == {
        "NSGUARD_PORT": str(LAB.forwarded_port),
        "NSGUARD_PUBLIC_PORT": str(LAB.forwarded_port),
        "NSGUARD_PUBLIC_ADDRESS": LAB.endpoint.v4,
        "NSGUARD_PROTOCOLS": "tcp,udp",
    }
    assert open_ports(lab) == {("tcp", LAB.forwarded_port), ("udp", LAB.forwarded_port)}
    requests = lab.peer.records("natpmp")
    assert {record["source"] for record in requests} == {LAB.tunnel_client.v4}
    assert {record["by"] for record in requests} == {"nat-pmp"}
    until(lambda: lab.client.get_unit_property(HOOK, "ActiveState") == "inactive")
    assert lab.client.get_unit_property(HOOK, "Result") == "success"
    journal = lab.client.succeed(f"journalctl --sync; journalctl -o json -u {HOOK} --output-fields=MESSAGE,_UID")
    told = [json.loads(line) for line in journal.splitlines()]
    assert {"33"} == {record["_UID"] for record in told if record["MESSAGE"] == f"NSGUARD_PORT={LAB.forwarded_port}"}
    (path,) = {record["MESSAGE"] for record in told if record["MESSAGE"].startswith("PATH=")}
    assert path == "PATH=/run/current-system/sw/bin:/usr/local/bin:/usr/bin:/bin"
    status = json.loads(lab.client.succeed("nsguard status vpn --json"))["namespaces"]["vpn"]
    assert status["forwarded"] == {
        "port": LAB.forwarded_port,
        "publicPort": LAB.forwarded_port,
        "publicAddress": LAB.endpoint.v4,
        "protocols": ["tcp", "udp"],
    }


def test_it_is_renewed_before_it_ends(lab: ContainerLab) -> None:
    before = len(lab.peer.records("natpmp"))
    until(lambda: len(lab.peer.records("natpmp")) >= before + 6)
    requests = [record for record in lab.peer.records("natpmp")[before:] if record["protocol"] == "tcp"]
    apart = [b["time"] - a["time"] for a, b in itertools.pairwise(requests)]
    assert all(2 < seconds < 4 for seconds in apart), apart
    assert {record["external"] for record in requests} == {LAB.forwarded_port}, "it asks to keep the port"
    assert open_ports(lab) == {("tcp", LAB.forwarded_port), ("udp", LAB.forwarded_port)}


def test_the_doctor_finds_nothing_wrong_with_it(lab: ContainerLab) -> None:
    assert lab.client.execute("nsguard doctor vpn") == (0, "vpn: healthy\n")


def starts(lab: ContainerLab) -> int:
    """How often the hook told programs a port."""
    return lab.client.succeed(f"journalctl --sync; journalctl -o cat -u {HOOK}").count("NSGUARD_PUBLIC_PORT=")


def test_programs_are_told_again_when_nobody_listens_on_the_port_any_more(lab: ContainerLab) -> None:
    def heard() -> int:
        lines = lab.client.succeed(f"journalctl --sync; journalctl -o cat -u {FORWARD}").splitlines()
        return lines.count(f"nsguard: vpn: a program inside listens on port {LAB.forwarded_port}")

    lab.client.write_files({"/opt/nsguard-test/listen.py": LISTEN})
    until(lambda: lab.client.get_unit_property(HOOK, "ActiveState") == "inactive")
    before = heard()
    listen = f"python3 /opt/nsguard-test/listen.py - {LAB.forwarded_port}"
    lab.client.succeed(f"systemd-run -q --unit=listener -p NetworkNamespacePath=/run/netns/vpn {listen}")
    try:
        until(lambda: reached(lab, LAB.tunnel_client.v4, LAB.forwarded_port))
        until(lambda: heard() > before)
        told = starts(lab)
        assert told
    finally:
        lab.client.succeed("systemctl stop listener")
    until(lambda: starts(lab) == told + 1)


def test_that_port_and_no_other_is_reached_from_the_far_end_and_none_from_the_lan(lab: ContainerLab) -> None:
    port, other = LAB.forwarded_port, 40900
    lab.client.write_files({"/opt/nsguard-test/listen.py": LISTEN})
    where = "-p NetworkNamespacePath=/run/netns/vpn"
    lab.client.succeed(f"systemd-run -q --unit=listener {where} python3 /opt/nsguard-test/listen.py - {port} {other}")
    # control: the same on the host, which the LAN reaches
    lab.client.succeed(f"systemd-run -q --unit=outside python3 /opt/nsguard-test/listen.py - {other}")
    try:
        until(lambda: reached(lab, LAB.tunnel_client.v4, port))
        until(lambda: reached(lab, LAB.client.v4, other))
        assert not reached(lab, LAB.tunnel_client.v4, other)
        assert not reached(lab, LAB.tunnel_client.v6, port)
        assert not reached(lab, LAB.client.v4, port)
        assert not reached(lab, LAB.client.v6, port)
    finally:
        lab.client.succeed("systemctl stop listener outside")


def test_inbound_attacks_stay_contained(lab: ContainerLab) -> None:
    cells = [cell for name in (*FROM_THE_TUNNEL, *FROM_THE_LAN) for cell in cells_for(name, subjects(lab.client), "up")]
    assert cells
    report = Suite(lab, cells).run()
    lab.peer.start("natpmp", FIRST)  # the attack has stopped it
    assert {result.verdict for result in report.results} == {Verdict.CONTAINED}, report.results
    lab.client.wait_for_file(FILE, 30)


def test_a_gateway_that_starts_anew_with_another_port(lab: ContainerLab) -> None:
    lab.peer.stop("natpmp", FIRST)
    lab.peer.start("natpmp", SECOND)
    try:
        until(lambda: values(lab).get("NSGUARD_PORT") == "52525")
        assert open_ports(lab) == {("tcp", 52525), ("udp", 52525)}
        journal = lab.client.succeed(f"journalctl --sync; journalctl -o cat -u {FORWARD} -u {HOOK}")
        assert "nsguard: vpn: port 52525 is open, public as 52525" in journal
        until(lambda: "NSGUARD_PORT=52525" in lab.client.succeed(f"journalctl --sync; journalctl -o cat -u {HOOK}"))
    finally:
        lab.peer.stop("natpmp", SECOND)
        lab.peer.start("natpmp", FIRST)
    until(lambda: values(lab).get("NSGUARD_PORT") == str(LAB.forwarded_port))


@pytest.mark.parametrize(
    ("port", "why"),
    [
        (22, "it is below 1024, where well-known services listen"),
        (40901, "a program inside that was not given this port already listens on it (tcp)"),
    ],
)
def test_a_hostile_gateway_opens_no_port_of_another_service(lab: ContainerLab, port: int, why: str) -> None:
    lab.client.write_files({"/opt/nsguard-test/listen.py": LISTEN})
    where, listening = "-p NetworkNamespacePath=/run/netns/vpn", f"- {port} {LAB.forwarded_port}"
    lab.client.succeed(f"systemd-run -q --unit=listener {where} python3 /opt/nsguard-test/listen.py {listening}")
    hostile = f"{port}:4"
    try:
        until(lambda: reached(lab, LAB.tunnel_client.v4, LAB.forwarded_port))  # control
        lab.peer.stop("natpmp", FIRST)
        lab.peer.start("natpmp", hostile)
        message = f"nsguard: vpn: the gateway chose port {port}, which stays closed: {why}; "
        until(lambda: message in lab.client.succeed(f"journalctl --sync; journalctl -o cat -u {FORWARD}"))
        until(lambda: not open_ports(lab))
        assert not reached(lab, LAB.tunnel_client.v4, port)
    finally:
        lab.peer.stop("natpmp", hostile)
        lab.peer.start("natpmp", FIRST)
        lab.client.succeed("systemctl stop listener")
    until(lambda: values(lab).get("NSGUARD_PORT") == str(LAB.forwarded_port))


def test_a_port_that_is_lost_is_closed_and_told_and_comes_back(lab: ContainerLab) -> None:
    lab.peer.stop("natpmp", FIRST)
    try:
        until(lambda: not open_ports(lab))
        until(lambda: not values(lab))
        assert "nsguard: vpn: the port is lost" in lab.client.succeed(
            f"journalctl --sync; journalctl -o cat -u {FORWARD} -n 5"
        )
        assert lab.client.get_unit_property(FORWARD, "ActiveState") == "active"
    finally:
        lab.peer.start("natpmp", FIRST)
    lab.client.wait_for_file(FILE, 30)
    assert open_ports(lab)


def asking(lab: ContainerLab) -> dict[str, Any]:
    """The state of port forwarding, as `nsguard status` reports it."""
    status = json.loads(lab.client.execute("nsguard status vpn --json")[1])
    return dict(status["namespaces"]["vpn"]["portForwarding"])


def doctor(lab: ContainerLab) -> str:
    """Doctor's line about port forwarding; empty if there is none."""
    output = lab.client.execute("nsguard doctor vpn")[1]
    return next((line for line in output.splitlines() if line.startswith("vpn: forwarding: ")), "")


def test_a_gateway_that_refuses_or_is_silent_is_told_with_its_word(lab: ContainerLab) -> None:
    until(lambda: recorded(lab).get("state") == "open")
    assert asking(lab)["gateway"] == LAB.tunnel_server.v4
    assert doctor(lab) == ""
    lab.server.succeed(f"nft -f - <<< '{MUTE}'")
    try:
        until(lambda: recorded(lab).get("state") == "silent")
        until(lambda: not values(lab))
        now = asking(lab)
        assert 0 <= time.time() - now["since"] < 300
        assert re.fullmatch(r"the gateway did not answer within [\d.]+ s", now["answer"])
        status, output = lab.client.execute("nsguard status vpn")
        assert re.search(
            rf"forwarded +requested for .*: the gateway did not answer within .* \(gateway {now['gateway']}\)", output
        )
        assert status == 1
        assert doctor(lab).startswith(
            f"vpn: forwarding: a port was requested at {now['gateway']} by nat-pmp: the gateway did not answer within "
        )
        assert "nsguard.namespaces.vpn.portForwarding.gateway" in doctor(lab)
        lab.peer.stop("natpmp", FIRST)
    finally:
        lab.server.succeed("nft delete table inet mute")
    until(lambda: recorded(lab).get("answer") == "the gateway cannot be reached: connection refused")
    now = asking(lab)
    assert (now["state"], now["answer"]) == ("silent", "the gateway cannot be reached: connection refused")
    lab.peer.start("natpmp", REFUSING)
    try:
        until(lambda: recorded(lab).get("state") == "refused")
        now = asking(lab)
        assert now["answer"] == "the gateway refuses tcp: not authorised"
        assert re.search(
            r"forwarded +refused for .*: the gateway refuses tcp: not authorised",
            lab.client.execute("nsguard status vpn")[1],
        )
        assert doctor(lab) == (
            f"vpn: forwarding: no port is forwarded at {now['gateway']}: the gateway refuses tcp: not authorised; ask "
            "the provider whether this server and this account may have one, and check "
            "nsguard.namespaces.vpn.portForwarding"
        )
    finally:
        lab.peer.stop("natpmp", REFUSING)
        lab.peer.start("natpmp", FIRST)
    until(lambda: recorded(lab).get("state") == "open")
    assert asking(lab)["answer"] is None
    lab.client.succeed(f"systemctl stop {FORWARD}")
    try:
        assert asking(lab)["state"] == "not running"
        assert doctor(lab) == "vpn: forwarding: no port is requested; systemctl restart nsguard-forward-vpn"
    finally:
        lab.client.succeed(f"systemctl start {FORWARD}")
    lab.client.wait_for_file(FILE, 30)


@pytest.mark.parametrize("how", ["systemctl kill --kill-whom=main -s KILL", "systemctl stop"])
def test_nothing_stays_open_after_its_keeper(lab: ContainerLab, how: str) -> None:
    lab.client.succeed(
        f"mkdir -p /run/systemd/system/{FORWARD}.d",
        f"printf '[Service]\\nRestart=no\\n' > /run/systemd/system/{FORWARD}.d/once.conf; systemctl daemon-reload",
    )
    try:
        lab.client.succeed(f"{how} {FORWARD}")
        until(lambda: lab.client.get_unit_property(FORWARD, "ActiveState") in ("failed", "inactive"))
        # the port would end by itself, but the file has no lifetime
        assert not values(lab)
        assert not open_ports(lab)
    finally:
        lab.client.succeed(
            f"rm -r /run/systemd/system/{FORWARD}.d && systemctl daemon-reload && systemctl restart {FORWARD}"
        )
    lab.client.wait_for_file(FILE, 30)


def test_a_keeper_that_is_killed_with_its_last_command_closes_the_port_when_it_starts_again(lab: ContainerLab) -> None:
    """Where control groups are those of version 2, a signal to all of the unit kills that command as well."""
    lab.client.succeed(f"systemctl kill -s KILL {FORWARD}")
    closed = "is closed: (it was left open before nsguard-forward-vpn started|nsguard-forward-vpn ended unexpectedly)"
    lab.client.wait_until_succeeds(f"journalctl -o cat -u {FORWARD} | tail -n 20 | grep -qE {shlex.quote(closed)}")
    lab.client.wait_for_file(FILE, 30)
    until(lambda: recorded(lab).get("state") == "open")


def test_it_goes_with_the_tunnel_and_comes_back_with_it(lab: ContainerLab) -> None:
    lab.client.succeed("systemctl stop nsguard-tunnel-vpn")
    assert lab.client.get_unit_property(FORWARD, "ActiveState") == "inactive"
    assert (values(lab), open_ports(lab)) == ({}, set())
    lab.client.succeed("systemctl start nsguard-tunnel-vpn app-root app-user")
    lab.client.wait_for_file(FILE, 30)


def test_a_reload_of_the_namespace_leaves_it_open(lab: ContainerLab) -> None:
    lab.client.succeed("systemctl reload nsguard-netns-vpn nsguard-tunnel-vpn")
    assert open_ports(lab) == {("tcp", LAB.forwarded_port), ("udp", LAB.forwarded_port)}


def test_pcp(lab: ContainerLab) -> None:
    switch(lab, scenario.FORWARDING, 'protocol = "pcp"; internalPort = 6881;')
    until(lambda: values(lab).get("NSGUARD_PORT") == "6881")
    assert values(lab)["NSGUARD_PUBLIC_PORT"] == str(LAB.forwarded_port)
    assert values(lab)["NSGUARD_PUBLIC_ADDRESS"] == LAB.endpoint.v4
    assert open_ports(lab) == {("tcp", 6881), ("udp", 6881)}
    requests: list[dict[str, Any]] = lab.peer.records("natpmp")
    assert [record["internal"] for record in requests if record["by"] == "pcp"][-1] == 6881
    assert f"port 6881 (tcp, udp), public as {LAB.endpoint.v4}:{LAB.forwarded_port}" in lab.client.succeed(
        "nsguard status vpn"
    )


def test_a_script_opens_a_port_and_shuts_it(lab: ContainerLab) -> None:
    """The last test, because the gateway is not asked any more afterwards."""
    switch(lab, scenario.FORWARDING, 'protocol = "script";')
    assert (values(lab), open_ports(lab), asking(lab)["state"]) == ({}, set(), "closed")
    assert lab.client.execute("nsguard doctor vpn") == (0, "vpn: healthy\n")
    lab.client.write_files({"/opt/nsguard-test/listen.py": LISTEN})
    where = "-p NetworkNamespacePath=/run/netns/vpn"
    lab.client.succeed(f"systemd-run -q --unit=listener {where} python3 /opt/nsguard-test/listen.py - 40900 40901")
    try:
        lab.client.wait_until_succeeds("ip netns exec vpn ss -Hltn | grep -q :40901")
        # a port that a provider chose, where a program listens already that was not told of it
        refused = lab.client.execute("nsguard forward open vpn 40900 2>&1")
        assert refused[0] == 1 and "port 40900 stays closed: a program inside" in refused[1]
        lab.client.succeed("systemctl stop listener", "nsguard forward open vpn 40900 --protocol tcp")
        lab.client.succeed(f"systemd-run -q --unit=listener {where} python3 /opt/nsguard-test/listen.py - 40900 40901")
        until(lambda: reached(lab, LAB.tunnel_client.v4, 40900))
        assert not reached(lab, LAB.tunnel_client.v4, 40901)
        assert (values(lab)["NSGUARD_PORT"], open_ports(lab)) == ("40900", {("tcp", 40900)})
        assert asking(lab)["state"] == "open"
        lab.client.succeed("systemctl reload nsguard-netns-vpn")
        listing = lab.client.succeed("ip netns exec vpn nft list set inet nsguard forwarded")
        assert "40900" in listing and "expires" not in listing, "nobody renews it"
        heard = f"journalctl --sync; journalctl -o cat -u {FORWARD}"
        until(lambda: "a program inside listens on port 40900" in lab.client.succeed(heard))
        until(lambda: "NSGUARD_PORT=40900" in lab.client.succeed(f"journalctl --sync; journalctl -o cat -u {HOOK}"))
        until(lambda: lab.client.get_unit_property(HOOK, "ActiveState") == "inactive")
        told = starts(lab)
        # a program that no longer listens is told again: it may have restarted with the port of its configuration
        lab.client.succeed("systemctl stop listener")
        until(lambda: starts(lab) == told + 1)
        lab.client.succeed(f"systemd-run -q --unit=listener {where} python3 /opt/nsguard-test/listen.py - 40900 40901")
        until(lambda: reached(lab, LAB.tunnel_client.v4, 40900))
        # the port closes with its watcher, and everybody is told so until the script opens it again
        # alone: a signal to all of the unit may reach the command that closes the port as well
        lab.client.succeed(f"systemctl kill --kill-whom=main -s KILL {FORWARD}")
        until(lambda: not open_ports(lab) and lab.client.get_unit_property(FORWARD, "ActiveState") == "active")
        why = "nsguard-forward-vpn ended unexpectedly (signal)"
        assert f"port 40900 is closed: {why}" in lab.client.succeed(heard)
        assert re.search(rf"forwarded +lost for .*: {re.escape(why)}", lab.client.execute("nsguard status vpn")[1])
        assert f"the port that the script opened is closed: {why}" in lab.client.execute("nsguard doctor vpn")[1]
        lab.client.succeed("nsguard forward open vpn 40900 --protocol tcp")
        until(lambda: reached(lab, LAB.tunnel_client.v4, 40900))
        assert "the port that the script opened" not in lab.client.execute("nsguard doctor vpn")[1]
        lab.client.succeed("nsguard forward shut vpn")
        assert not reached(lab, LAB.tunnel_client.v4, 40900)
        assert (values(lab), open_ports(lab)) == ({}, set())
        # `nsguard tunnel down` closes the port as well, also if the unit that closes it does not run
        lab.client.succeed(f"systemctl stop {FORWARD}", "nsguard forward open vpn 40900", "nsguard tunnel down vpn")
        assert (values(lab), open_ports(lab), asking(lab)["state"]) == ({}, set(), "closed")
        lab.client.succeed(f"nsguard tunnel up vpn && systemctl start {FORWARD}")
        at_once = " & ".join(f"nsguard forward open vpn {port}" for port in range(41000, 41008))
        lab.client.succeed(f"{at_once} & wait")
        assert {str(port) for _, port in open_ports(lab)} == {values(lab)["NSGUARD_PORT"]}
        lab.client.succeed("nsguard forward open vpn 41000", "systemctl stop nsguard-tunnel-vpn")
        assert (values(lab), open_ports(lab)) == ({}, set())
        assert "the tunnel is not up" in lab.client.execute("nsguard forward open vpn 40900 2>&1")[1]
    finally:
        lab.client.succeed("systemctl stop listener; systemctl start nsguard-tunnel-vpn app-root app-user")
