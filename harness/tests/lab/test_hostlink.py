"""The host link: who reaches what it publishes, from which address; what gets out, and what each rule prevents."""

from __future__ import annotations

import json

import pytest

from awaited import until
from labs import lab_of
from linked import BY_LINK, FORWARDING, Target, at_uplink, check_reached, echoing, sources, status, wait_for_echoes
from nsguard_harness import attacks, scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.attacks import _packets, hostlink
from nsguard_harness.inside import records
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.run.states import UP
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict, cells_for
from nsguard_harness.run.trial import UNOWNED, attack, switch
from nsguard_harness.target import wait_for_tunnel

pytestmark = pytest.mark.lab

NETNS = "nsguard-netns-vpn"
ATTACKS = {name for name, it in attacks.registry().items() if it.__module__ == hostlink.__name__}
REFLECTED = {"link-freebind", "link-own-address"}
ROUTED = "tunnel-address-connected"  # a host that forwards for others answers this attack
UPLINK = at_uplink()
LOOPBACK = {Target("tcp", at, BY_LINK) for at in ("127.0.0.1", "::1")}

lab = lab_of(scenario.HOSTLINK)


def test_network_and_host_reach_it_and_are_seen_as_who_they_are(lab: ContainerLab) -> None:
    check_reached(lab)
    wait_for_echoes(lab.client, LOOPBACK)
    assert {sources(lab.client)[it] for it in LOOPBACK} == {"127.0.0.1"}  # the address of a proxy, as without a link


def test_it_works_while_the_tunnel_is_down_and_after_reloads(lab: ContainerLab) -> None:
    lab.client.succeed("systemctl stop nsguard-tunnel-vpn", f"systemctl reload {NETNS}")
    try:
        wait_for_echoes(lab.server, UPLINK)
    finally:
        lab.client.succeed("systemctl start nsguard-tunnel-vpn")
        wait_for_tunnel(lab)
    # a reload makes a deleted link and table anew
    lab.client.succeed("ip link del $(ls /sys/class/net | grep ^vensg-)", "nft delete table inet nsguard_link-vpn")
    assert not echoing(lab.server, {Target("udp", LAB.client.v4, BY_LINK)})
    lab.client.succeed(f"systemctl reload {NETNS}")
    wait_for_echoes(lab.server, UPLINK)


def test_status_and_doctor_tell_of_it(lab: ContainerLab) -> None:
    it = status(lab)
    link = it["hostLink"]
    assert link["state"] == "up"
    assert [port for port in it["published"] if port["unit"] is None and port["state"] != "listening"] == []
    assert lab.client.execute("nsguard doctor vpn") == (0, "vpn: healthy\n")
    lab.client.succeed(f"ip link set {link['interface']} down", "nft flush chain inet nsguard_link-vpn forward")
    try:
        assert status(lab)["hostLink"]["state"] == "down"
        code, output = lab.client.execute("nsguard doctor vpn")
        assert code == 1
        assert "chain forward has 0 rules" in output and f"the host link {link['interface']} differs" in output
    finally:
        lab.client.succeed(f"systemctl reload {NETNS}")
    assert lab.client.execute("nsguard doctor vpn") == (0, "vpn: healthy\n")


def test_the_core_attacks_are_contained(lab: ContainerLab) -> None:
    report = Suite(lab, cells_for("*", subjects(lab.client), quick=True)).run()
    bad = [result for result in report.results if result.verdict not in (Verdict.CONTAINED, Verdict.CANNOT)]
    assert (bad, report.confined.judgement.unowned, report.status) == ([], (), 0)
    contained = {result.attack for result in report.results if result.verdict is Verdict.CONTAINED}
    assert contained >= {*(it for it in ATTACKS if attacks.find(it).core), "link-local-address"}


def test_no_answer_in_a_connection_over_lo_leaves_by_the_link_even_without_the_hosts_rules(lab: ContainerLab) -> None:
    report = Suite(lab, [it for it in cells_for("link-*", subjects(lab.client)) if it.attack.name in REFLECTED]).run()
    verdicts = {(result.attack, result.family): result.verdict for result in report.results}
    assert verdicts == dict.fromkeys(
        [("link-freebind", 6), ("link-own-address", 4), ("link-own-address", 6)], Verdict.CONTAINED
    )
    wait_for_echoes(lab.server, UPLINK)


@pytest.mark.parametrize(
    ("without", "red"),
    [
        (
            ["output", "entered", "input", "host-input", "forward-out"],
            {"link-to-host", "link-to-lan", "link-spoofed", *REFLECTED},
        ),
        (["output", "entered", "input"], REFLECTED),  # the host's rules stop all but these, which they are for
        (["entered"], {"link-own-address"}),
        (["loopback"], set()),  # no packet of a connection over lo has the mark
        (["entered", "loopback"], REFLECTED),
        (["input", "forward-in", "forward-others"], {"link-published", "link-unpublished", ROUTED}),
    ],
)
def test_what_its_rules_are_for(lab: ContainerLab, without: list[str], red: set[str]) -> None:
    # packets from the tunnel's address over the link would count as answers to this attack
    routed = {ROUTED} if "forward-others" in without else set()
    leaked = attacked_without(lab, without, (ATTACKS | routed) - REFLECTED) | attacked_without(lab, without, REFLECTED)
    assert leaked - {UNOWNED} == red


def attacked_without(lab: ContainerLab, without: list[str], names: set[str]) -> set[str]:
    """The attacks of these names that leak without these rules.

    The namespace is made anew, because a listener goes on answering a SYN for seconds: such an answer would count
    against the attack that runs by then.
    """
    switch(lab.client, scenario.render(scenario.HOSTLINK, [f"nft:link-{name}" for name in without]))
    wait_for_tunnel(lab)
    cells = [it for it in cells_for("*", subjects(lab.client)) if it.attack.name in names and it.state is UP]
    return {red.attack for red in attack(lab, cells) if red.verdict is Verdict.LEAKED}


def test_no_client_passes_for_the_namespace_itself(lab: ContainerLab) -> None:
    """A datagram claims the namespace's end of the link as its source. Only IPv6: over IPv4 the kernel drops it."""
    own, client, server = status(lab)["hostLink"]["namespace"][1], lab.client.uplinks[0].mac, lab.server.uplinks[0].mac

    def arrived(word: str) -> set[str]:
        """The sources of the datagrams that arrive: one sent in the namespace's name, then one in the sender's own."""
        data = {source: json.dumps(["udp", word, n]) for n, source in enumerate((own, LAB.server.v6))}
        for source, text in data.items():
            packet = _packets.udp(source, LAB.client.v6, (40409, BY_LINK), text.encode())
            lab.exchange(lab.client, [_packets.frame(client, server, packet)], lambda _: False, 0.1)

        def told() -> set[str]:
            entries = records.parse(lab.client.read("/var/lib/nsguard-echo/records.jsonl"))
            return {it["source"] for it in entries if it["data"] in data.values()}

        until(lambda: LAB.server.v6 in told(), "not even the sender's own arrived")
        return told()

    assert arrived("whole") == {LAB.server.v6}
    switch(lab.client, scenario.render(scenario.HOSTLINK, ["nft:own-source"]))
    wait_for_echoes(lab.server, UPLINK)
    assert arrived("without") == {own, LAB.server.v6}
    switch(lab.client, scenario.render(scenario.HOSTLINK))


def test_a_range_that_the_host_has_a_route_to_is_refused_and_nothing_is_left(lab: ContainerLab) -> None:
    """The last test, because it leaves the namespace down."""
    end = status(lab)["hostLink"]["namespace"][0]
    lab.client.succeed(f"systemctl stop echo app-root app-user 'nsguard-publish-vpn@*' {NETNS}")
    left = "ip -o link | grep vensg-; nft list tables | grep nsguard; ls -d /run/nsguard/vpn /run/netns/vpn"
    assert lab.client.succeed(FORWARDING) == "0\n0\n"
    assert lab.client.execute(f"({left}) 2>/dev/null")[1] == ""
    lab.client.succeed(f"ip address add {end}/30 dev lo")
    lab.client.fail(f"systemctl start {NETNS}")
    journal = lab.client.succeed(f"journalctl --sync; journalctl -b -o cat -u {NETNS} -n 6")
    assert f"{end} are covered by a route of this host to" in journal
    assert "; set nsguard.namespaces.vpn.hostLink.range to a free one" in journal
    assert lab.client.execute(f"({left}) 2>/dev/null")[1] == ""
