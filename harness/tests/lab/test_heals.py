"""What recovers by itself: a tunnel whose key file is late, a service whose tunnel answers late."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nsguard_harness import inspection, scenario
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import TUNNEL_CONFIGURATION

pytestmark = pytest.mark.lab
TUNNEL = "nsguard-tunnel-late.service"
# The server answers with its process number; the client writes down the last answer.
DB = """
import os, socketserver
class Tell(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(str(os.getpid()).encode())
socketserver.UnixStreamServer("/run/db/s", Tell).serve_forever()
"""
CLIENT = """
import socket, time
while True:
    time.sleep(0.1)
    try:
        with socket.socket(socket.AF_UNIX) as it:
            it.connect("/run/db/s")
            open("/var/lib/client/told", "wb").write(it.recv(99))
    except OSError: pass
"""
SLEEP = {"ExecStart": "/usr/bin/sleep infinity", "Type": "exec", "User": "www-data"}
# The ways in which secret managers put a file in place: behind a link that appears last, by a rename, or bit by bit.
ARRIVALS = {
    "behind a link": "mkdir -p /run/made; cp {kept} /run/made/late.conf; ln -sfT made /run/secrets",
    "renamed": "mkdir -p /run/secrets; cp {kept} /run/secrets/.new; mv /run/secrets/.new /run/secrets/late.conf",
    "written in place": "mkdir -p /run/secrets; cp {kept} /run/secrets/late.conf",
}


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with ContainerLab() as lab:
        yield lab


def wait_until_up(lab: ContainerLab) -> None:
    """Wait for the tunnel: its unit stays failed until systemd notices that the file has changed."""
    lab.client.wait_until_succeeds(f"systemctl is-active {TUNNEL}", 60)


def late(**service: Any) -> dict[str, Any]:
    return {
        "tunnels": {"late": {"configFile": "/run/secrets/late.conf"}},
        "namespaces": {"late": {"tunnel": "late"}},
        "services": {"s": {"namespace": "late", "wantedBy": ["multi-user.target"], "serviceConfig": SLEEP, **service}},
    }


@pytest.mark.parametrize("arrival", ARRIVALS.values(), ids=ARRIVALS)
def test_a_tunnel_whose_file_comes_after_boot_comes_up(lab: ContainerLab, tmp_path: Path, arrival: str) -> None:
    scenario.install(lab.client, scenario.render_data(late(), tmp_path))
    lab.client.reboot()
    lab.client.wait_until_succeeds(f"systemctl is-failed {TUNNEL}", 30)
    assert lab.client.get_unit_property("s.service", "ActiveState") == "active"
    pid = lab.client.get_unit_property("s.service", "MainPID")
    assert inspection.namespace(lab.client, "late").links == {"lo"}
    lab.client.succeed(arrival.format(kept=TUNNEL_CONFIGURATION))
    wait_until_up(lab)
    assert inspection.namespace(lab.client, "late").links == {"lo", "wg0"}
    assert lab.client.get_unit_property("s.service", "MainPID") == pid


def test_a_malformed_file_that_is_mended_is_tried_again(lab: ContainerLab, tmp_path: Path) -> None:
    scenario.install(lab.client, scenario.render_data(late(), tmp_path))
    lab.client.reboot()
    lab.client.succeed("mkdir -p /run/secrets; echo nonsense > /run/secrets/late.conf")
    in_journal = f"journalctl --sync; journalctl -b -o cat -u {TUNNEL} | grep -q late.conf:1:"
    lab.client.wait_until_succeeds(in_journal, 30)
    lab.client.wait_until_succeeds(f"systemctl is-failed {TUNNEL}", 30)
    lab.client.succeed(f"cp {TUNNEL_CONFIGURATION} /run/secrets/late.conf")
    wait_until_up(lab)


def test_a_service_that_waits_for_a_handshake_starts_when_a_peer_answers_at_last(
    lab: ContainerLab, tmp_path: Path
) -> None:
    """As after a power cut: the machine is up long before the router that leads to the server."""
    specification = late(waitForHandshake=1)
    specification["tunnels"]["late"]["configFile"] = TUNNEL_CONFIGURATION
    specification["services"]["stopped"] = specification["services"]["s"]
    scenario.install(lab.client, scenario.render_data(specification, tmp_path))
    lab.peer.stop_wireguard()
    try:
        lab.client.reboot()
        for service in ("s", "stopped"):
            lab.client.wait_for_unit(f"nsguard-late-late@{service}.service", 30)
            assert lab.client.get_unit_property(f"{service}.service", "ActiveState") == "inactive"
        # the boot does not wait for the service
        lab.client.wait_for_unit("multi-user.target", 30)
        lab.client.succeed("systemctl stop stopped.service")
        # systemctl does not wait for the other units that it stops
        over = '[ "$(systemctl show -P ActiveState nsguard-late-late@stopped.service)" = inactive ]'
        lab.client.wait_until_succeeds(over, 30)
    finally:
        lab.peer.start_wireguard()
    lab.client.wait_for_unit("s.service", 60)
    lab.client.wait_until_fails("systemctl is-active nsguard-late-late@s.service", 30)
    assert lab.client.get_unit_property("nsguard-late-late@s.service", "Result") == "success"
    assert lab.client.get_unit_property("stopped.service", "ActiveState") == "inactive"


def test_a_service_follows_the_unit_whose_directory_it_has_bound_in(lab: ContainerLab, tmp_path: Path) -> None:
    lab.client.write_files({"/opt/db.py": DB, "/opt/client.py": CLIENT})
    db = {"ExecStart": "/usr/bin/python3 /opt/db.py", "RuntimeDirectory": "db", "Restart": "always"}
    client = {"ExecStart": "/usr/bin/python3 /opt/client.py", "StateDirectory": "client"}
    specification = late(bindPaths=["/run/db"])
    specification["services"]["s"]["serviceConfig"] = client
    # not wanted at boot: the service that needs it starts it
    specification["services"]["db"] = {"serviceConfig": db}
    scenario.install(lab.client, scenario.render_data(specification, tmp_path))
    lab.client.reboot()

    def told() -> str:
        """Wait until the client has been told the PID of the process that answers; return it."""
        pid = lab.client.get_unit_property("db.service", "MainPID")
        lab.client.wait_until_succeeds(f'[ "$(cat /var/lib/client/told)" = {pid} ]', 30)
        return pid

    lab.client.wait_for_unit("s.service", 30)
    first = told()
    lab.client.succeed("systemctl restart db.service")
    second = told()
    lab.client.succeed(f"kill -9 {second}")  # systemd restarts it, and makes its directory anew
    lab.client.wait_until_succeeds(f'[ "$(systemctl show -P MainPID db.service)" != {second} ]', 30)
    lab.client.wait_for_unit("db.service", 30)
    assert len({first, second, told()}) == 3
