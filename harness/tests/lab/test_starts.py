"""Services that once did not start because of what nsguard sets up before their commands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from nsguard_harness import scenario
from nsguard_harness.lab.container import ContainerLab

pytestmark = pytest.mark.lab

NUMBER = 70000  # PrivateUsers=identity maps the numbers up to 65535
SERVICES: dict[str, dict[str, Any]] = {
    "high-number": {"User": str(NUMBER), "ExecStart": "/usr/bin/id -u"},
    "high-name": {"User": "high", "ExecStart": "/usr/bin/id -u"},
    # as nginx in nixpkgs: pipes are part of @ipc, and a denied call kills the process (status 31/SYS)
    "without-ipc": {
        "User": "nobody",
        "SystemCallFilter": ["~@privileged @setuid", "~@ipc"],
        "ExecStart": "/bin/echo well",
    },
    "stoppable-without-ipc": {
        "User": "nobody",
        "SystemCallFilter": "~@ipc",
        "ExecStart": "/bin/echo well",
        "ExecStop": "/bin/kill -HUP $MAINPID",
    },
}
EXPECTED = {
    "high-number": f"{NUMBER}",
    "high-name": f"{NUMBER}",
    "without-ipc": "well",
    "stoppable-without-ipc": "well",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerLab]:
    with ContainerLab() as lab:
        lab.client.succeed(f"useradd -u {NUMBER} high")
        specification = {
            "accounts": {"high": {"uid": NUMBER, "home": "/home/high", "person": True}},
            "tunnels": {"lab": {"configFile": "/etc/nsguard-lab/client.conf"}},
            "namespaces": {"vpn": {"tunnel": "lab"}},
            "services": {
                name: {"namespace": "vpn", "serviceConfig": {"Type": "oneshot", **properties}}
                for name, properties in SERVICES.items()
            },
        }
        scenario.install(lab.client, scenario.render_data(specification, tmp_path_factory.mktemp("starts")))
        yield lab


@pytest.mark.parametrize("name", SERVICES)
def test_it_starts_and_says_its_line(lab: ContainerLab, name: str) -> None:
    lab.client.succeed(f"systemctl start {name}")
    said = lab.client.succeed(f"journalctl --sync; journalctl -o cat -u {name}")
    assert EXPECTED[name] in said.splitlines()
