"""Published ports and ports of the tunnel: who reaches them, which process has their sockets, starts and stops."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from awaited import until
from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.machine import Machine
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict, cells_for
from nsguard_harness.run.trial import attack, switch
from nsguard_harness.target import wait_for_tunnel

pytestmark = pytest.mark.lab
# The scenario's other web server is only for programs inside.
UNPUBLISHED = (
    "vpn: note: ports: beside.service listens on port 9092 inside, and nothing publishes it; to let the host "
    'reach it: nsguard.namespaces.vpn.publish.beside = { listen = [ "127.0.0.1:9092" ]; port = 9092; };\n'
)
# One of the addresses is not on the host yet.
FOREIGN = (
    "vpn: note: published: published port web listens at 198.51.100.222, which no link of this host has; correct "
    "nsguard.namespaces.vpn.publish.web.listen; `ip -brief address` shows this host's addresses; or ignore this if the "
    "host gets the address later\n"
)

# ports of two web servers in the namespace: INSIDE is published and open to the tunnel, BESIDE is neither
INSIDE, BESIDE = 9091, 9092
OUTSIDE = LAB.published_port
PATH = "/run/nsguard-web/socket"
Target = tuple[str, int]
HERE = {(at, OUTSIDE) for at in ("127.0.0.1", "::1", *LAB.client)}
FROM_THE_NETWORK = {(at, OUTSIDE) for at in LAB.client}
BY_THE_TUNNEL = {(at, INSIDE) for at in LAB.tunnel_client}
# Tries all targets at once and prints those that answer.
ANSWERS = """
import http.client, json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def answers(target):
    at, port = target
    connection = http.client.HTTPConnection(at, port, timeout=2)
    try:
        if at.startswith("/"):
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.connect(at)
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
targets = json.loads(sys.argv[1])
with ThreadPoolExecutor(len(targets)) as pool:
    print(json.dumps([target for target, found in zip(targets, pool.map(answers, targets)) if found]))
"""
ECHO = """
import socket, sys
with socket.socket(type=socket.SOCK_DGRAM) as udp:
    udp.bind(("", int(sys.argv[1])))
    while True:
        data, sender = udp.recvfrom(9)
        udp.sendto(data, sender)
"""
ASK = """
import socket, sys
with socket.socket(type=socket.SOCK_DGRAM) as udp:
    udp.settimeout(1)
    udp.connect((sys.argv[1], int(sys.argv[2])))
    udp.send(b"asked")
    udp.recv(9)
"""


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with ContainerLab() as lab:
        for machine in (lab.client, lab.server):
            machine.write_files({"/opt/nsguard-test/answers.py": ANSWERS})
        scenario.apply(lab.client, scenario.PUBLISH)
        wait_for_tunnel(lab)
        yield lab


def answering(machine: Machine, targets: Iterable[Target], where: str = "") -> set[Target]:
    """The targets (address or path, port) that answer a request from a machine."""
    questions = shlex.quote(json.dumps(sorted(targets)))
    answers = json.loads(machine.succeed(f"{where} python3 /opt/nsguard-test/answers.py {questions}"))
    return {(at, port) for at, port in answers}


def wait_until_answering(machine: Machine, targets: Iterable[Target], where: str = "") -> None:
    """Wait until all of them answer: on a busy machine the first answer takes longer than a request waits for one."""
    awaited = set(targets)
    until(lambda: answering(machine, awaited, where) == awaited, f"{machine.name}: no answer from some of {awaited}")


def answers(lab: ContainerLab) -> bool:
    return bool(answering(lab.client, [("127.0.0.1", OUTSIDE)]))


def wait_until_published(lab: ContainerLab) -> None:
    wait_until_answering(lab.client, [("127.0.0.1", OUTSIDE)])


def back(lab: ContainerLab) -> None:
    """Start the tunnel and the services again; wait for the tunnel and for the published port."""
    lab.client.succeed("systemctl reset-failed; systemctl start nsguard-tunnel-vpn web beside app-root app-user")
    wait_for_tunnel(lab)
    wait_until_published(lab)


def status(lab: ContainerLab) -> dict[str, Any]:
    return dict(json.loads(lab.client.execute("nsguard status vpn --json")[1])["namespaces"]["vpn"])


def test_host_and_network_reach_it_over_both_families_and_by_path(lab: ContainerLab) -> None:
    wait_until_answering(lab.client, {*HERE, (PATH, 0)})
    wait_until_answering(lab.server, FROM_THE_NETWORK)
    seen = lab.client.succeed("journalctl --sync; journalctl -o cat -u web")
    # the service sees the proxy's address for all of them
    assert set(re.findall(r"^(\S+) - -", seen, re.MULTILINE)) == {"::ffff:127.0.0.1"}


def test_that_port_and_no_other(lab: ContainerLab) -> None:
    inside = {("127.0.0.1", port) for port in (INSIDE, BESIDE)}
    wait_until_answering(lab.client, inside, "ip netns exec vpn")
    ports = (INSIDE, BESIDE)
    assert not answering(lab.client, {(at, port) for at, _ in HERE for port in ports})
    assert not answering(lab.server, {(at, port) for at in LAB.client for port in ports})


def test_by_the_tunnel_the_port_that_is_open_and_no_other(lab: ContainerLab) -> None:
    wait_until_answering(lab.server, BY_THE_TUNNEL)
    everything = {(at, port) for at in LAB.tunnel_client for port in (INSIDE, BESIDE, OUTSIDE)}
    assert answering(lab.server, everything) == BY_THE_TUNNEL


def test_by_the_tunnel_datagrams_to_that_port_as_well(lab: ContainerLab) -> None:
    ports = (INSIDE, BESIDE)
    for port in ports:
        where = f"--unit=datagrams-{port} -p NetworkNamespacePath=/run/netns/vpn"
        lab.client.succeed(f"systemd-run -q --collect {where} python3 -c {shlex.quote(ECHO)} {port}")
    ask = f"python3 -c {shlex.quote(ASK)} {LAB.tunnel_client.v4}"
    try:
        lab.server.wait_until_succeeds(f"{ask} {INSIDE}", 30)
        lab.client.wait_until_succeeds(f"ip netns exec vpn ss -Hlun | grep -q :{BESIDE}")
        lab.server.fail(f"{ask} {BESIDE}")
    finally:
        lab.client.succeed(f"systemctl stop {' '.join(f'datagrams-{port}' for port in ports)}")


def sockets(lab: ContainerLab, pids: Iterable[int]) -> set[str]:
    """The inodes of the sockets that processes have open."""
    listed = lab.client.succeed(f"ls -l {' '.join(f'/proc/{pid}/fd' for pid in pids)}")
    return {f"ino:{number}" for number in re.findall(r"socket:\[(\d+)\]", listed)}


def test_only_the_proxy_has_sockets_of_the_host_and_only_those_that_are_published(lab: ContainerLab) -> None:
    wait_until_published(lab)
    published = set(lab.client.succeed(f"ss -Hltne sport = :{OUTSIDE} | grep -o 'ino:[0-9]*'").split())
    assert len(published) == 5
    by_unit = {
        app["unit"]: sockets(lab, [process["pid"] for process in app["processes"]]) for app in status(lab)["apps"]
    }
    (proxy,) = (unit for unit in by_unit if unit.startswith("nsguard-publish-vpn@"))
    internet = set(lab.client.succeed("ss -Hantue | grep -o 'ino:[0-9]*'").split())
    assert by_unit.pop(proxy) & internet == published
    assert not any(theirs & internet for theirs in by_unit.values()), by_unit
    assert {"app-root.service", "app-user.service", "web.service"} <= set(by_unit)


def test_status_and_doctor_tell_of_them(lab: ContainerLab) -> None:
    it = status(lab)
    (published,) = it["published"]
    assert (published["name"], published["port"], published["state"]) == ("web", INSIDE, "listening")
    assert published["from"] is None
    code, shown = lab.client.execute("nsguard status vpn")
    assert code == 0 and "to port 9091 (listening), open to everybody\n" in shown
    assert it["tunnelPorts"] == {"tcp": [INSIDE], "udp": [INSIDE]}
    assert lab.client.execute("nsguard doctor vpn") == (0, f"{FOREIGN}{UNPUBLISHED}vpn: healthy\n")
    unit = published["unit"]
    lab.client.succeed(f"systemctl stop {unit}")
    try:
        code, shown = lab.client.execute("nsguard status vpn")
        assert code == 1 and "to port 9091 (down)" in shown
        assert lab.client.execute("nsguard doctor vpn") == (
            1,
            f"vpn: units: {unit} is inactive; systemctl restart {unit}\n{FOREIGN}{UNPUBLISHED}",
        )
    finally:
        lab.client.succeed(f"systemctl start {unit}")


def test_it_works_while_the_tunnel_is_down_and_nothing_gets_out(lab: ContainerLab) -> None:
    cells = cells_for("udp-beyond", subjects(lab.client), "link-deleted", quick=True)
    assert cells
    report = Suite(lab, cells, tail=0).run()
    assert {result.verdict for result in report.results} == {Verdict.CONTAINED}, report.results
    lab.client.succeed("systemctl stop nsguard-tunnel-vpn")
    try:
        wait_until_published(lab)
        wait_until_answering(lab.server, FROM_THE_NETWORK)
        assert answering(lab.server, {*FROM_THE_NETWORK, *BY_THE_TUNNEL}) == FROM_THE_NETWORK
    finally:
        back(lab)


def test_the_port_comes_back_with_a_service_after_all_units_were_stopped(lab: ContainerLab) -> None:
    wait_until_published(lab)
    lab.client.succeed("systemctl stop 'nsguard*'")
    try:
        assert not answers(lab)
        lab.client.succeed("systemctl start web")
        wait_until_published(lab)
        assert not re.search(r"units: nsguard-\S+ is inactive", lab.client.execute("nsguard doctor vpn")[1])
    finally:
        back(lab)


def test_its_process_ends_with_the_namespace_and_comes_back(lab: ContainerLab) -> None:
    socket = status(lab)["published"][0]["unit"]
    service = socket.replace(".socket", ".service")
    starts = "journalctl --sync; journalctl -b -o cat -u nsguard-netns-vpn | grep -c ^Starting"
    wait_until_published(lab)
    lab.client.succeed("systemctl stop nsguard-netns-vpn; mv /etc/nsguard/vpn/spec.json /etc/nsguard/vpn/away.json")
    try:
        assert lab.client.get_unit_property(service, "ActiveState") == "inactive"
        # if the namespace cannot come up, a client is refused, and nothing is retried until the next client comes
        assert not answers(lab)
        before = int(lab.client.succeed(starts))
        assert lab.client.get_unit_property(socket, "SubState") == "listening"
        assert not answers(lab)
        assert int(lab.client.succeed(starts)) == before + 1
    finally:
        lab.client.succeed("mv /etc/nsguard/vpn/away.json /etc/nsguard/vpn/spec.json")
        back(lab)
    lab.client.succeed(f"systemctl kill -s KILL {service}")
    wait_until_published(lab)


def test_the_core_attacks_are_contained(lab: ContainerLab) -> None:
    who = subjects(lab.client)
    report = Suite(lab, [*cells_for("*", who, quick=True), *cells_for("unasked", who)]).run()
    assert not report.confined.judgement.unowned
    by_verdict = {verdict: {r.attack for r in report.results if r.verdict is verdict} for verdict in Verdict}
    assert not by_verdict[Verdict.LEAKED] | by_verdict[Verdict.VACUOUS] | by_verdict[Verdict.ERROR]
    assert {"to-published", "to-published-path", "take-socket", "trace", "unasked"} <= by_verdict[Verdict.CONTAINED]
    assert len(by_verdict[Verdict.CONTAINED]) >= 150


def test_without_the_rule_any_port_is_open_to_the_tunnel(lab: ContainerLab) -> None:
    """The last test, because it changes the scenario."""
    switch(lab.client, scenario.render(scenario.PUBLISH, ["nft:tunnel-ports"]))
    wait_for_tunnel(lab)
    assert {red.verdict for red in attack(lab, cells_for("unasked", subjects(lab.client)))} == {Verdict.LEAKED}
    wait_until_answering(lab.server, {(at, BESIDE) for at in LAB.tunnel_client})
