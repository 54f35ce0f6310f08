"""A tunnel's restarts and changes under a running service, two tunnels side by side, and nothing left behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from labs import lab_of
from nsguard_harness import inspection, scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.attacks.tunnel import ConnectionHeld
from nsguard_harness.lab.base import Lab
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import TUNNEL_CONFIGURATION
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Cell, Suite, Verdict
from nsguard_harness.target import wait_for_tunnel

pytestmark = pytest.mark.lab
TUNNEL, NETNS = "nsguard-tunnel-vpn.service", "nsguard-netns-vpn.service"

lab = lab_of(scenario.DEMO)


def state(lab: Lab, name: str = "vpn") -> dict[str, Any]:
    return dict(json.loads(lab.client.read(f"/run/nsguard/{name}/tunnel.json")))


def test_netlink_shows_the_namespace_as_it_should_be(lab: ContainerLab) -> None:
    inside, outside = inspection.namespace(lab.client, "vpn"), inspection.namespace(lab.client)
    assert inside.links == {"lo", "wg0"}
    assert inside.addresses == {
        ("lo", "127.0.0.1/8"),
        ("lo", "::1/128"),
        ("wg0", f"{LAB.tunnel_client.v4}/32"),
        ("wg0", f"{LAB.tunnel_client.v6}/128"),
    }
    assert {route for route in inside.routes if route[0] == "wg0"} >= {("wg0", "default")}
    assert outside.links == {"lo", "eth0"}
    assert not {address for _, address in outside.addresses} & {
        address for _, address in inside.addresses if "10." in address
    }
    (peer,) = inspection.peers(lab.client, "vpn")
    assert peer.public_key == lab.peer.secrets.server.public
    assert peer.endpoint == f"{LAB.endpoint.v4}:{LAB.endpoint_port}"
    assert peer.handshake > 0
    assert peer.received > 0


class Restarted(ConnectionHeld):
    """The same connection, while the tunnel's unit is restarted."""

    name = "connection-held"

    def during(self, lab: Lab) -> None:
        lab.client.succeed(f"systemctl restart {TUNNEL}")


class Reloaded(ConnectionHeld):
    """The same connection, while the tunnel is changed to have another peer and another MTU."""

    name = "connection-held"

    def during(self, lab: Lab) -> None:
        lab.client.succeed(
            f"sed -i 's/^Address/MTU = 1400\\nAddress/' {TUNNEL_CONFIGURATION}",
            f"printf '[Peer]\\nPublicKey = {OTHER}\\nAllowedIPs = 10.99.0.0/16\\n' >> {TUNNEL_CONFIGURATION}",
            f"systemctl reload {TUNNEL}",
        )


OTHER = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="


@pytest.mark.parametrize("attack", [Restarted, Reloaded])
def test_a_connection_outlives_a_change_of_the_tunnel(lab: ContainerLab, attack: type[ConnectionHeld]) -> None:
    root = subjects(lab.client)[0]
    services = ("app-root.service", "app-user.service")
    before = [lab.client.get_unit_property(unit, "MainPID") for unit in services]
    report = Suite(lab, [Cell(attack(), 4, root, "ngheldx000"), Cell(attack(), 6, root, "ngheldx001")]).run()
    assert [result.verdict for result in report.results] == [Verdict.CONTAINED] * 2, report.results
    assert report.confined.judgement.unowned == ()
    assert [lab.client.get_unit_property(unit, "MainPID") for unit in services] == before
    lines = [int(result.said.split()[0]) for result in report.results]
    assert min(lines) > 10, report.results
    if attack is Reloaded:
        known = {peer.public_key for peer in inspection.peers(lab.client, "vpn")}
        assert known == {lab.peer.secrets.server.public, OTHER}
        assert ("wg0", "10.99.0.0/16") in inspection.namespace(lab.client, "vpn").routes


def test_a_namespace_is_three_mounts_of_the_host(lab: ContainerLab) -> None:
    """Every mount slows each start of a sandbox: systemd copies all mounts, and unmounts them one by one."""
    points = lab.client.succeed("cut -d' ' -f5 /proc/1/mountinfo").split()
    assert sorted(point for point in points if "/vpn" in point) == [
        "/run/netns/vpn",
        "/run/nsguard/vpn/namespace",
        "/run/nsguard/vpn/terminals/pts",
    ]


def test_a_namespace_is_not_taken_from_a_process_inside(lab: ContainerLab) -> None:
    lab.client.succeed("systemd-run -q --unit=dweller -p NetworkNamespacePath=/run/netns/vpn sleep infinity")
    inode = lab.client.succeed("stat -c %i /run/netns/vpn")
    lab.client.succeed(f"systemctl stop {NETNS}")
    assert lab.client.get_unit_property(NETNS, "ActiveState") in ("failed", "inactive")
    assert lab.client.succeed("stat -c %i /run/netns/vpn") == inode
    assert "in use by PID" in lab.client.succeed(f"journalctl --sync; journalctl -o cat -u {NETNS} -n 5")
    assert lab.client.execute("ip netns exec vpn ping -c 1 -W 1 203.0.113.80")[0] != 0  # the tunnel is gone
    lab.client.succeed("systemctl stop dweller", "systemctl start app-root app-user")
    wait_for_tunnel(lab)


def test_no_service_starts_in_a_namespace_that_somebody_else_made(lab: ContainerLab) -> None:
    """nsguard-init knows its namespace by the inode, which the kernel may reuse once the namespace is gone."""
    lab.client.succeed("systemctl stop app-root app-user", "ip netns del vpn", "ip netns add vpn")
    try:
        lab.client.execute("systemctl start app-root")
        journal = lab.client.succeed("journalctl --sync; journalctl -o cat -n 5 -u app-root")
        assert "nsguard: vpn: this process is in network namespace" in journal
        assert lab.client.get_unit_property("app-root", "ActiveState") != "active"
    finally:
        lab.client.succeed("systemctl stop app-root", "ip netns del vpn", f"systemctl restart {NETNS}")
        lab.client.succeed(f"systemctl start {TUNNEL} app-root app-user")
    wait_for_tunnel(lab)


def test_a_tunnel_that_cannot_come_up_leaves_the_namespace_closed(lab: ContainerLab) -> None:
    """A bad configuration is reported once, in one line, and not retried; the services run on without a network."""
    lab.client.succeed(f"mv {TUNNEL_CONFIGURATION} /run/away", f"systemctl restart {TUNNEL} || true")
    try:
        assert lab.client.get_unit_property(TUNNEL, "Result") == "exit-code"
        assert lab.client.get_unit_property(TUNNEL, "ExecMainStatus") == "2"
        journal = lab.client.succeed(f"journalctl --sync; journalctl -o cat -n 20 -u {TUNNEL}")
        assert (
            f"nsguard: {TUNNEL_CONFIGURATION}: no such file or directory; make it a file that root can read" in journal
        )
        assert inspection.namespace(lab.client, "vpn").links == {"lo"}
        assert inspection.namespace(lab.client, "vpn").routes == frozenset()
        assert lab.client.get_unit_property("app-root.service", "ActiveState") == "active"
    finally:
        lab.client.succeed(f"mv /run/away {TUNNEL_CONFIGURATION}", f"systemctl start {TUNNEL}")
    wait_for_tunnel(lab)


def test_an_endpoint_by_name_is_looked_up_by_the_host_and_again_when_it_fails(lab: ContainerLab) -> None:
    lab.client.succeed(f"cp -p {TUNNEL_CONFIGURATION} /run/kept")
    try:
        lab.client.succeed(f"sed -i 's/^Endpoint = .*/Endpoint = endpoint.leak.test:51820/' {TUNNEL_CONFIGURATION}")
        lab.server.succeed("systemctl stop lab-dns")
        lab.client.fail(f"systemctl restart {TUNNEL}")
        assert "endpoint endpoint.leak.test:" in lab.client.succeed(
            f"journalctl --sync; journalctl -o cat -n 20 -u {TUNNEL}"
        )
        assert inspection.namespace(lab.client, "vpn").links == {"lo"}
        lab.server.succeed("systemctl start lab-dns")
        lab.client.wait_for_unit(TUNNEL, 30)  # without help: systemd retries
        assert state(lab)["endpoints"][0][0] in LAB.answer_uplink
        queries = [record for record in lab.peer.records("dns") if record["name"].startswith("endpoint.leak.test")]
        assert {record["source"] for record in queries} == {LAB.client.v4}
    finally:
        lab.server.execute("systemctl start lab-dns")
        lab.client.succeed(f"cp -p /run/kept {TUNNEL_CONFIGURATION}", f"systemctl restart {TUNNEL}")
    wait_for_tunnel(lab)


def test_two_hundred_rounds_leave_nothing_behind(lab: ContainerLab) -> None:
    client = lab.client
    client.succeed(f"systemctl stop app-root app-user {TUNNEL} {NETNS}")
    things = (
        "ip netns; ip -o link | cut -d: -f2; nft list tables; findmnt -rno TARGET | sort; ls /run /run/wireguard /tmp;"
        " ps -eo comm --no-headers | grep -vE '^(bash|sh|ps|ls|grep|sort|nsenter|systemd.*|kworker.*)$' | sort"
    )
    # first as the units do when all of them stop, then as they do when only the namespace stops
    up, down = "nsguard netns up vpn; nsguard tunnel up vpn", "nsguard netns down vpn"
    twice = f"{up}; nsguard tunnel down vpn; {down}; {up}; {down}"
    client.succeed(twice)
    before = client.succeed(things)
    client.succeed(f"for i in $(seq 100); do {twice}; done 2> /dev/null", timeout=1800)
    assert client.succeed(things) == before
    client.succeed("systemctl start app-root app-user")
    wait_for_tunnel(lab)


def test_a_second_namespace_by_typed_options_over_ipv6(lab: ContainerLab, tmp_path: Path) -> None:
    """Beside the first: with another key, which its first start generates, another address, and an IPv6 endpoint."""
    specification = {
        "tunnels": {
            "typed": {
                "ips": ["10.66.0.3/32", "fd66::3/128"],
                "privateKeyFile": "/var/lib/nsguard-test/typed.key",
                "generatePrivateKeyFile": True,
                "mtu": 1380,
                "dns": [LAB.tunnel_server.v4],
                "peers": [
                    {
                        "publicKey": lab.peer.secrets.server.public,
                        "endpoint": f"[{LAB.endpoint.v6}]:{LAB.endpoint_port}",
                        "allowedIPs": ["0.0.0.0/0", "::/0"],
                        "persistentKeepalive": 25,
                    }
                ],
            }
        },
        "namespaces": {"second": {"tunnel": "typed"}},
        "services": {
            "asking": {
                "namespace": "second",
                "serviceConfig": {
                    "Type": "oneshot",
                    "ExecStart": f"/usr/bin/python3 -c \"import urllib.request as u; print(u.urlopen('http://{LAB.web.v4}/').read().decode())\"",
                },
            }
        },
    }
    (tmp_path / "specification.json").write_text(json.dumps(specification))
    (tmp_path / "second.nix").write_text("builtins.fromJSON (builtins.readFile ./specification.json)\n")
    plan = scenario.render(tmp_path / "second.nix")
    scenario.install(lab.client, plan)
    lab.client.succeed("systemctl start nsguard-tunnel-second")
    assert lab.client.succeed("stat -c %a /var/lib/nsguard-test/typed.key").strip() == "600"
    public = lab.client.succeed("wg pubkey < /var/lib/nsguard-test/typed.key").strip()
    lab.server.succeed(
        f"wg set wg0 peer {public} allowed-ips 10.66.0.3/32,fd66::3/128",
        "ip route replace 10.66.0.3/32 dev wg0",
        "ip -6 route replace fd66::3/128 dev wg0",
    )
    with lab.capture(lab.client) as capture:
        lab.client.succeed("systemctl start asking")
    journal = lab.client.succeed("journalctl --sync; journalctl -o cat -u asking")
    assert '"10.66.0.3"' in journal
    assert capture.dropped == 0
    assert not [frame for frame in capture.frames if b"10.66.0.3" in frame.data or b"GET /" in frame.data]
    assert inspection.namespace(lab.client, "second").links == {"lo", "wg0"}
    (peer,) = inspection.peers(lab.client, "second")
    assert peer.endpoint == f"[{LAB.endpoint.v6}]:{LAB.endpoint_port}"
    assert "up" in lab.client.succeed("nsguard status second")
    lab.client.succeed("systemctl stop nsguard-netns-second")
    assert lab.client.succeed("ls /run/nsguard").split() == ["vpn"]
    assert inspection.namespace(lab.client, "vpn").links == {"lo", "wg0"}
