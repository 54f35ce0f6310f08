"""Published ports that name their clients: these and the host itself get in, and nobody else does in any way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from linked import Target, Way, echoing, status, wait_for_echoes
from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.attacks.inbound import CONTROL
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict, cells_for
from nsguard_harness.run.trial import attack, switch
from nsguard_harness.target import NAMESPACE_UNIT, wait_for_tunnel
from nsguard_harness.verdict.rules import ROUTER, link_local

pytestmark = pytest.mark.lab
PROXIED, EVERYWHERE, LINKED = LAB.narrowed_ports
TARGETS = {Target("tcp", at, port) for at in LAB.client for port in LAB.narrowed_ports}
TARGETS |= {Target("udp", at, LINKED) for at in LAB.client}
BY_PROXY = {target for target in TARGETS if target.port != LINKED}
NEAR = {Target("tcp", at, port) for at in ("127.0.0.1", "::1") for port in (PROXIED, EVERYWHERE)}
NAMED, OTHER = Way(LAB.server), Way(LAB.web)
TABLE = "inet nsguard_from-vpn"


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with ContainerLab() as lab:
        lab.client.exceptions = (ROUTER,)
        scenario.apply(lab.client, scenario.CLIENTS)
        wait_for_tunnel(lab)
        yield lab


def reached(lab: ContainerLab, way: Way) -> set[Target]:
    """The targets that a client on the server's machine reaches when it sends in this way."""
    return echoing(lab.server, TARGETS, ways=[way])


def listening(lab: ContainerLab) -> set[int]:
    lines = lab.client.succeed("ss -Hltn | awk '{print $4}'").split()
    return {int(line.rpartition(":")[2]) for line in lines} & set(LAB.narrowed_ports)


def test_clients_of_the_networks_that_are_named_are_let_in_and_no_others(lab: ContainerLab) -> None:
    wait_for_echoes(lab.server, TARGETS, ways=[NAMED])
    assert reached(lab, OTHER) == set()


def test_status_says_which_clients_may_come(lab: ContainerLab) -> None:
    networks = list(LAB.lan)
    clients = {(port["name"], port["unit"] is None): port["from"] for port in status(lab)["published"]}
    assert clients == {
        ("proxied", False): networks,
        ("everywhere", False): networks,
        ("stream", True): networks,
        ("datagrams", True): networks,
    }
    text = lab.client.execute("nsguard status vpn")[1]
    assert text.count(f"(listening), open to {', '.join(networks)}\n") == 6, text


def taken_at_link_local(lab: ContainerLab) -> bool:
    """Whether the host takes a connection to its link-local address, at the port where it listens at all addresses."""
    at = link_local(lab.client.uplinks[0].mac)
    connect = (
        "import socket; "
        f"s = socket.create_connection(('{at}%{lab.server.uplinks[0].interface}', {EVERYWHERE}), 2); "
        "s.send(b'asked'); assert s.recv(9) == b'asked'"
    )
    return lab.server.execute(f'python3 -c "{connect}" 2>/dev/null')[0] == 0


def test_the_host_itself_is_let_in(lab: ContainerLab) -> None:
    wait_for_echoes(lab.client, TARGETS | NEAR)


def test_the_attack_is_contained_and_its_control_seen(lab: ContainerLab) -> None:
    report = Suite(lab, cells_for("published-to-others", subjects(lab.client))).run()
    assert [result.verdict for result in report.results] == [Verdict.CONTAINED] * 2, report.results
    assert report.status == 0


def test_doctor_finds_rules_that_are_gone_and_a_reload_brings_them_back(lab: ContainerLab) -> None:
    lab.client.succeed(f"nft delete table {TABLE}")
    status, said = lab.client.execute("nsguard doctor vpn")
    assert (status, said) == (
        1,
        "vpn: clients: on the host, table nsguard_from-vpn is gone; systemctl reload nsguard-netns-vpn\n",
    )
    wait_for_echoes(lab.server, TARGETS, ways=[OTHER])  # control: without the rules everybody gets in
    assert taken_at_link_local(lab)
    lab.client.succeed(f"systemctl reload {NAMESPACE_UNIT}")
    assert reached(lab, OTHER) == set()
    assert not taken_at_link_local(lab)
    assert lab.client.execute("nsguard doctor vpn") == (0, "vpn: healthy\n")


def test_a_firewall_that_flushes_every_table_may_be_started_and_reloaded(lab: ContainerLab) -> None:
    unit, flush = f"{CONTROL}/nftables.service", "$(command -v nft) flush ruleset"
    text = f"[Service]\\nType=oneshot\\nRemainAfterExit=yes\\nExecStart={flush}\\nExecReload={flush}\\n"
    lab.client.succeed(f'mkdir -p {CONTROL} && printf "{text}" >{unit} && systemctl daemon-reload')
    try:
        for verb in ("start", "restart", "reload"):
            lab.client.succeed(f"systemctl {verb} nftables")
            lab.client.wait_until_succeeds("! systemctl list-jobs | grep nsguard-")
            assert (verb, reached(lab, OTHER)) == (verb, set())
        wait_for_echoes(lab.server, TARGETS, ways=[NAMED])
    finally:
        lab.client.succeed(f"systemctl stop nftables; rm {unit}; systemctl daemon-reload")


def test_where_the_rules_cannot_be_laid_nobody_listens(lab: ContainerLab) -> None:
    rules = "/etc/nsguard/vpn/clients.nft"
    lab.client.succeed(f"systemctl stop {NAMESPACE_UNIT}")
    assert listening(lab) == set()
    lab.client.fail(f"nft list table {TABLE}")
    lab.client.succeed(f"mv {rules} /run/kept && echo wrong >{rules}")
    sockets = [unit for unit in scenario.render(scenario.CLIENTS).units if unit.startswith("nsguard-publish-")]
    sockets = [unit for unit in sockets if unit.endswith(".socket")]
    try:
        lab.client.fail(f"systemctl start {' '.join(sockets)}")
        assert listening(lab) == set()
    finally:
        lab.client.succeed(f"mv /run/kept {rules}; systemctl reset-failed")
        lab.client.succeed(f"systemctl start {NAMESPACE_UNIT} nsguard-tunnel-vpn app-root app-user echo")
        wait_for_tunnel(lab)
    lab.client.wait_until_succeeds(f"systemctl is-active {' '.join(sockets)}")
    wait_for_echoes(lab.server, TARGETS, ways=[NAMED])
    assert reached(lab, OTHER) == set()


def test_without_the_rules_everybody_is_let_in(lab: ContainerLab) -> None:
    """The last test, because it changes the scenario."""
    switch(lab.client, scenario.render(scenario.CLIENTS, ["nft:publish-from"]))
    wait_for_tunnel(lab)
    wait_for_echoes(lab.server, TARGETS, ways=[OTHER])
    cells = cells_for("published-to-others", subjects(lab.client))
    assert {(red.attack, red.verdict) for red in attack(lab, cells)} >= {("published-to-others", Verdict.LEAKED)}
