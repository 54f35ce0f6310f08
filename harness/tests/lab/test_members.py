"""Members of a namespace's group and root may read its status; nobody else may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from nsguard_harness import scenario
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.target import wait_for_tunnel
from people import Person

pytestmark = pytest.mark.lab
WORDS = "only-an-administrator-reads-this"
SOCKET = "/run/nsguard-status/vpn"


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with ContainerLab() as lab:
        scenario.apply(lab.client, scenario.RUN)
        wait_for_tunnel(lab)
        lab.client.succeed("useradd -m mallory")
        failing = (
            f"systemd-run -q --unit=failing -p NetworkNamespacePath=/run/netns/vpn sh -c 'echo {WORDS} >&2; exit 3'"
        )
        lab.client.succeed(failing)
        lab.client.wait_until_succeeds("systemctl is-failed failing", 30)
        yield lab


def asks(lab: ContainerLab, who: str, *arguments: str) -> tuple[int, str, str]:
    """Run `nsguard status` as a person; its exit status, output and errors."""
    done = Person(lab.client, who).run("nsguard", "status", *arguments)
    return done.status, done.output, done.errors


def of_vpn(output: str) -> dict[str, Any]:
    return dict(json.loads(output)["namespaces"]["vpn"])


def test_a_member_sees_what_root_sees_but_the_words_of_services(lab: ContainerLab) -> None:
    of_root = of_vpn(lab.client.execute("nsguard status vpn --json")[1])
    of_alice = of_vpn(asks(lab, "alice", "vpn", "--json")[1])
    assert of_alice.keys() == of_root.keys()
    assert of_alice["tunnel"]["state"] == "up"
    (failing,) = (unit for unit in of_root["units"] if unit["unit"] == "failing.service")
    assert WORDS in failing["lines"]  # control: root sees the service's words
    (failing,) = (unit for unit in of_alice["units"] if unit["unit"] == "failing.service")
    assert (failing["state"], failing["reason"]) == ("failed", "its program ended with status 3")
    assert WORDS not in json.dumps(of_alice)
    status, text, output = asks(lab, "alice")
    assert (status, output) == (1, "")
    assert text.startswith("vpn\n")
    assert "failing.service" in text
    assert WORDS not in text


def test_a_stranger_sees_nothing_and_is_told_whom_to_ask(lab: ContainerLab) -> None:
    for arguments, what in ((("vpn",), "vpn"), (("vpn", "--json"), "vpn"), ((), "any namespace")):
        assert asks(lab, "mallory", *arguments) == (
            1,
            "",
            f"nsguard: you may not read the status of {what}; use sudo, or ask an administrator to add you to "
            "nsguard.namespaces.vpn.users, then log in again\n",
        )
    assert lab.client.succeed(f"stat -c '%U %G %a' {SOCKET}").split() == ["root", "nsguard-vpn", "660"]
    done = Person(lab.client, "mallory").run("python3", "-c", f"import socket; socket.socket(1).connect({SOCKET!r})")
    assert "PermissionError" in done.errors


def test_who_only_connects_holds_up_nobody(lab: ContainerLab) -> None:
    """A member opens all connections that one user may have, sends much and reads nothing; others still get answers."""
    program = f"""
import socket, time
held = []
for _ in range(8):
    stream = socket.socket(socket.AF_UNIX)
    stream.connect({SOCKET!r})
    try:
        stream.sendall(b"x" * 4096)
    except OSError:
        pass
    held.append(stream)
print("held", flush=True)
time.sleep(300)
"""
    lab.client.write_files({"/opt/nsguard-test/hold.py": program}, mode=0o755)
    hold = "systemd-run -q --unit=hold -p User=www-data python3 /opt/nsguard-test/hold.py"
    lab.client.succeed(hold)
    try:
        lab.client.wait_until_succeeds("journalctl -u hold -o cat | grep -qx held", 30)
        status, output, _ = asks(lab, "alice", "vpn", "--json")
        assert status == 1
        assert of_vpn(output)["state"] == "up"
    finally:
        lab.client.succeed("systemctl stop hold")


def test_the_exit_address_is_for_root_to_ask(lab: ContainerLab) -> None:
    what = "nsguard: --exit-address: only root can ask from inside a namespace; use sudo\n"
    assert asks(lab, "alice", "vpn", "--exit-address", "http://localhost/") == (1, "", what)


def test_an_unknown_namespace_is_bad_input_for_anybody(lab: ContainerLab) -> None:
    assert asks(lab, "mallory", "nowhere") == (2, "", "nsguard: nowhere: no such namespace; the only one is vpn\n")
