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
# A daemon that becomes another user, planned for a systemd that allows setgroups(2) in a user namespace.
BECOMING = {
    "namespace": "vpn",
    "capabilities": ["CAP_SETUID", "CAP_SETGID"],
    "systemdVersion": 258,
    "serviceConfig": {"Type": "oneshot", "ExecStart": "/bin/cat /proc/self/uid_map /proc/self/setgroups"},
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
            }
            | {"becoming": BECOMING},
        }
        scenario.install(lab.client, scenario.render_data(specification, tmp_path_factory.mktemp("starts")))
        yield lab


@pytest.mark.parametrize("name", SERVICES)
def test_it_starts_and_says_its_line(lab: ContainerLab, name: str) -> None:
    lab.client.succeed(f"systemctl start {name}")
    said = lab.client.succeed(f"journalctl --sync; journalctl -o cat -u {name}")
    assert EXPECTED[name] in said.splitlines()


def test_groups_are_set_from_systemd_258_on_and_an_earlier_one_keeps_the_user_namespace(lab: ContainerLab) -> None:
    lab.client.succeed("systemctl start becoming")
    *users, groups = lab.client.succeed("journalctl --sync; journalctl -o cat -t cat -u becoming").splitlines()
    version = int(lab.client.succeed("systemctl --version").split()[1])
    assert groups == ("allow" if version >= 258 else "deny")
    assert sum(int(line.split()[2]) for line in users) == (2**32 - 1 if version >= 258 else 2**16)
