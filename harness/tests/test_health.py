"""`nsguard status` on a machine: what it says, and that asking gives nothing away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.attacks.tunnel import wait_for_tunnel
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import TUNNEL_CONFIGURATION

pytestmark = pytest.mark.lab
TUNNEL, NETNS = "nsguard-tunnel-vpn.service", "nsguard-netns-vpn.service"
NAME = "exit.leak.test"


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with ContainerLab() as lab:
        scenario.apply(lab.client, scenario.DEMO)
        wait_for_tunnel(lab)
        yield lab


def status(lab: ContainerLab, *more: str) -> dict[str, Any]:
    """Of namespace vpn; nsguard's own exit status is 1 where something is down."""
    said = lab.client.succeed(f"nsguard status vpn --json {' '.join(more)} || [ $? = 1 ]")
    return dict(json.loads(said)["namespaces"]["vpn"])


def test_status_of_a_machine_in_use(lab: ContainerLab) -> None:
    it = status(lab)
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
        it = status(lab, f"--exit-address http://{NAME}/ip")
        # the eye: the host's own look-up of another name, and its connection
        lab.client.succeed(f"getent ahosts host-{NAME}")
    assert it["exitAddress"]["address"] in LAB.tunnel_client, it["exitAddress"]
    assert capture.dropped == 0
    asked = {record["name"]: record["source"] for record in lab.peer.records("dns") if NAME in record["name"]}
    assert asked[NAME] in LAB.tunnel_client
    assert asked[f"host-{NAME}"] == LAB.client.v4
    clear = [frame.data for frame in capture.frames if b"leak\x04test" in frame.data]
    assert clear
    assert all(f"host-{NAME}".split(".")[0].encode() in data for data in clear)
    assert not any(b"GET /ip" in frame.data for frame in capture.frames)


def test_the_last_error_of_either_unit(lab: ContainerLab) -> None:
    lab.client.succeed(f"mv {TUNNEL_CONFIGURATION} /run/away", f"systemctl restart {TUNNEL} || true")
    try:
        what = f"{TUNNEL_CONFIGURATION}: no such file or directory; make it a file that root can read"
        assert (status(lab)["state"], status(lab)["tunnel"]["state"]) == ("up", "down")
        error = status(lab)["error"]
        assert (error["command"], error["what"]) == ("tunnel up vpn", what)
    finally:
        lab.client.succeed(f"mv /run/away {TUNNEL_CONFIGURATION}", f"systemctl start {TUNNEL}")
    assert status(lab)["error"] is None
    spec = "/etc/nsguard/vpn/spec.json"
    lab.client.succeed(f"systemctl stop {NETNS} && mv {spec} /run/away; systemctl start {NETNS} || true")
    try:
        error = status(lab)["error"]
        assert (error["command"], error["what"]) == (
            "netns up vpn",
            f"{spec}: no such file or directory; make it a file that root can read",
        )
        assert status(lab)["state"] == "down"
    finally:
        lab.client.succeed(
            f"mv /run/away {spec}", "systemctl reset-failed", f"systemctl start {TUNNEL} app-root app-user"
        )
    wait_for_tunnel(lab)
    assert status(lab)["error"] is None
