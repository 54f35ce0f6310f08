"""`nsguard status` on a machine: what it reports, and that its own requests leak nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from labs import lab_of
from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import TUNNEL_CONFIGURATION
from nsguard_harness.target import wait_for_tunnel

pytestmark = pytest.mark.lab
TUNNEL, NETNS = "nsguard-tunnel-vpn.service", "nsguard-netns-vpn.service"
NAME = "exit.leak.test"

lab = lab_of(scenario.DEMO)


def status_of(lab: ContainerLab, *more: str) -> dict[str, Any]:
    """The status of namespace vpn. nsguard exits with 1 if something is down."""
    output = lab.client.succeed(f"nsguard status vpn --json {' '.join(more)} || [ $? = 1 ]")
    return dict(json.loads(output)["namespaces"]["vpn"])


def test_status_of_a_machine_in_use(lab: ContainerLab) -> None:
    it = status_of(lab)
    (peer,) = it["tunnel"]["peers"]
    assert peer["endpoint"] == f"{LAB.endpoint.v4}:{LAB.endpoint_port}"
    assert 0 <= peer["latestHandshakeAge"] < 180
    assert min(peer["received"], peer["sent"]) > 0
    assert it["error"] is None
    apps = {app["unit"]: [process["pid"] for process in app["processes"]] for app in it["apps"]}
    assert set(apps) == {"app-root.service", "app-user.service"}
    assert int(lab.client.get_unit_property("app-user.service", "MainPID")) in apps["app-user.service"]


def test_the_exit_address_is_the_tunnels_and_its_name_is_not_looked_up_by_the_host(lab: ContainerLab) -> None:
    with lab.capture(lab.client) as capture:
        it = status_of(lab, f"--exit-address http://{NAME}/ip")
        # control: the host's own look-up of another name, and its connection
        lab.client.succeed(f"getent ahosts host-{NAME}")
    assert it["exitAddress"]["address"] in LAB.tunnel_client, it["exitAddress"]
    assert capture.dropped == 0
    sources = {record["name"]: record["source"] for record in lab.peer.records("dns") if NAME in record["name"]}
    assert sources[NAME] in LAB.tunnel_client
    assert sources[f"host-{NAME}"] == LAB.client.v4
    clear = [frame.data for frame in capture.frames if b"leak\x04test" in frame.data]
    assert clear
    assert all(f"host-{NAME}".split(".")[0].encode() in data for data in clear)
    assert not any(b"GET /ip" in frame.data for frame in capture.frames)


def test_the_last_error_of_either_unit(lab: ContainerLab) -> None:
    lab.client.succeed(f"mv {TUNNEL_CONFIGURATION} /run/away", f"systemctl restart {TUNNEL} || true")
    try:
        what = f"{TUNNEL_CONFIGURATION}: no such file or directory; make it a file that root can read"
        assert (status_of(lab)["state"], status_of(lab)["tunnel"]["state"]) == ("up", "down")
        error = status_of(lab)["error"]
        assert (error["command"], error["what"]) == ("tunnel up vpn", what)
    finally:
        lab.client.succeed(f"mv /run/away {TUNNEL_CONFIGURATION}", f"systemctl start {TUNNEL}")
    assert status_of(lab)["error"] is None
    spec = "/etc/nsguard/vpn/spec.json"
    lab.client.succeed(f"systemctl stop {NETNS} && mv {spec} /run/away; systemctl start {NETNS} || true")
    try:
        error = status_of(lab)["error"]
        assert (error["command"], error["what"]) == (
            "netns up vpn",
            f"{spec}: no such file or directory; make it a file that root can read",
        )
        assert status_of(lab)["state"] == "down"
    finally:
        lab.client.succeed(
            f"mv /run/away {spec}", "systemctl reset-failed", f"systemctl start {TUNNEL} app-root app-user"
        )
    wait_for_tunnel(lab)
    assert status_of(lab)["error"] is None


def test_a_service_that_waits_for_a_handshake_starts_after_it_or_says_why_not(
    lab: ContainerLab, tmp_path: Path
) -> None:
    specification = {
        "tunnels": {"lab": {"configFile": TUNNEL_CONFIGURATION}},
        "namespaces": {"vpn": {"tunnel": "lab"}},
        "services": {
            "waiting": {
                "namespace": "vpn",
                "waitForHandshake": 3,
                "serviceConfig": {"User": "www-data", "ExecStart": "/usr/bin/sleep infinity", "Type": "exec"},
            }
        },
    }
    (tmp_path / "specification.json").write_text(json.dumps(specification))
    (tmp_path / "waiting.nix").write_text("builtins.fromJSON (builtins.readFile ./specification.json)\n")
    scenario.install(lab.client, scenario.render(tmp_path / "waiting.nix"))
    lab.peer.stop_wireguard()
    try:
        lab.client.succeed(f"systemctl restart {TUNNEL}")
        lab.client.fail("systemctl start waiting")
        output = lab.client.succeed("journalctl --sync; journalctl -o cat -u nsguard-handshake-vpn@3")
        assert "nsguard: namespace vpn: no peer answers, after 3 s; see nsguard doctor vpn" in output
        status, output = lab.client.execute("nsguard doctor vpn")
        assert status == 1
        assert re.fullmatch(
            rf"vpn: handshake: no peer has answered for 3 minutes, nor within 6 s when asked \({LAB.endpoint.v4} port "
            rf"{LAB.endpoint_port}\); check that the endpoint is right, that UDP reaches it, that the peer has our "
            r"public key \(\S{44}\), and that the clock is right \(.* UTC\)\n",
            output,
        )
    finally:
        lab.peer.start_wireguard()
    # WireGuard retries a handshake every 5 s (whitepaper §6.4), and one start of the service waits only 3 s
    lab.client.wait_until_succeeds("systemctl start waiting", 30)
    pid = lab.client.get_unit_property("waiting.service", "MainPID")
    assert lab.client.succeed(f"stat -c %u /proc/{pid}").strip() == "33"
    assert status_of(lab)["tunnel"]["peers"][0]["latestHandshakeAge"] < 180
    lab.client.succeed("systemctl stop waiting")


def test_metrics_are_written_by_a_timer(lab: ContainerLab, tmp_path: Path) -> None:
    text = f'import {scenario.DEMO} // {{ metrics = {{ textfile = "/var/lib/nsguard.prom"; intervalSeconds = 1; }}; }}'
    (tmp_path / "metrics.nix").write_text(text)
    scenario.install(lab.client, scenario.render(tmp_path / "metrics.nix"))
    lab.client.succeed("systemctl start nsguard-metrics.timer")
    try:
        lab.client.wait_for_file("/var/lib/nsguard.prom", 30)
        first = lab.client.succeed("stat -c %y /var/lib/nsguard.prom").strip()
        lab.client.wait_until_succeeds(f"[ \"$(stat -c %y /var/lib/nsguard.prom)\" != '{first}' ]", 30)
        # after an earlier test, the tunnel may still be coming up
        lab.client.wait_until_succeeds("grep -qx 'nsguard_tunnel_up{namespace=\"vpn\"} 1' /var/lib/nsguard.prom", 30)
        key = re.escape(lab.peer.secrets.server.public)
        received = rf'^nsguard_peer_received_bytes_total\{{namespace="vpn",peer="{key}"\}} [1-9]'
        lab.client.wait_until_succeeds(f"grep -qE '{received}' /var/lib/nsguard.prom", 30)
        assert lab.client.get_unit_property("nsguard-metrics.service", "Result") == "success"
    finally:
        lab.client.succeed("systemctl stop nsguard-metrics.timer")
