"""Apps and commands on NixOS: their launchers, who may use them, what the world sees, and that they are tight."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from closures import NIXOS, closure, connected, needs_nixos
from nsguard_harness.agent_client import Agent
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.machine import Completed, Machine
from nsguard_harness.run.suite import Subject, Suite, Verdict, cells_for

pytestmark = [pytest.mark.lab, needs_nixos]
# Attacks by packets and names, and those for which apps, apps in bubblewrap, commands and services differ.
CORE = (
    *("tcp-beyond", "udp-*", "icmp-*", "getaddrinfo", "resolvectl", "resolved-*", "nscd-socket"),
    *("proc-*", "pidfd-setns", "setns-*", "take-socket", "given-by-*", "keyring", "user-namespace"),
    *("links-in-sight", "sockets-in-sight", "socket-in-*", "session-bus", "systemd-run-*", "user-manager", "x11-*"),
)
# Fewer attacks, because each is a command of its own, which is slow.
BY_COMMAND = ("tcp-beyond", "udp-beyond", "udp-lan", "getaddrinfo", "take-socket", "sockets-in-sight", "session-bus")


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with connected(closure(NIXOS / "apps.nix")) as lab:
        yield lab


def by(client: Machine, user: str, command: str) -> Completed:
    """Run a command as a user, with NixOS's PATH."""
    become = f"setpriv --reuid {user} --regid users --init-groups"
    return client.run(f"cd /; PATH=/run/current-system/sw/bin exec {become} {command}", 60)


def told(text: str, lab: ContainerLab) -> tuple[str, set[str], bool]:
    """The user who asked, the names of the links, and whether the web server saw the tunnel's address."""
    who, *links, address = text.splitlines()
    return who, {re.split(r"[:@]", link)[1].strip() for link in links}, address == lab.addresses.tunnel_client.v4


EXPECTED = ("alice", {"lo", "wg0"}, True)


@pytest.mark.parametrize("app", ["look", "look-boxed"])
def test_a_launcher_starts_its_app_in_the_namespace(lab: ContainerLab, app: str) -> None:
    done = by(lab.client, "alice", f"{app} http://{lab.addresses.web.v4}/ip")
    assert (done.status, done.errors) == (0, "")
    report = f"/var/lib/nsguard-app-{app}/found"
    lab.client.wait_until_succeeds(f"test -e {report}", 30)
    assert told(lab.client.succeed(f"cat {report}"), lab) == EXPECTED
    assert lab.client.succeed(f"stat -c %U {report}").strip() == "alice"
    # control: outside, the web server sees another address of the same user
    outside = by(lab.client, "alice", f"curl -s http://{lab.addresses.web.v4}/ip").output.strip()
    assert outside == lab.addresses.client.v4


def test_a_command_runs_in_the_namespace(lab: ContainerLab) -> None:
    done = by(
        lab.client,
        "alice",
        f"nsguard run vpn -- sh -c 'id -un; ip -o link; curl -s http://{lab.addresses.web.v4}/ip'",
    )
    assert told(done.output, lab) == EXPECTED


@pytest.mark.parametrize(
    ("command", "status", "errors"),
    [
        ("look", 1, "nsguard: look: only its own user can launch it; see nsguard.apps.look.user\n"),
        ("look-boxed", 1, "nsguard: look-boxed: only its own user can launch it; see nsguard.apps.look-boxed.user\n"),
        (
            "nsguard run vpn -- id",
            125,
            "nsguard: vpn: the namespace denies you permission; "
            "ask an administrator to add you to nsguard.namespaces.vpn.users, then log in again\n",
        ),
    ],
)
def test_others_are_refused_in_a_line(lab: ContainerLab, command: str, status: int, errors: str) -> None:
    done = by(lab.client, "bob", command)
    assert (done.status, done.output, done.errors) == (status, "", errors)


@pytest.mark.parametrize(
    ("where", "attacks"),
    [("nsguard-app-plain", CORE), ("nsguard-app-boxed", CORE), ("nsguard-agent-app-run", BY_COMMAND)],
    ids=["app", "app in bubblewrap", "command"],
)
def test_it_is_tight(lab: ContainerLab, where: str, attacks: tuple[str, ...]) -> None:
    # the host's resolver may still repeat look-ups of an earlier test's controls
    lab.client.succeed("systemctl restart systemd-resolved nscd")
    confined, free = (Agent(lab.client, f"/run/{directory}/socket") for directory in (where, "nsguard-agent-free-user"))
    for agent in (confined, free):
        agent.wait()
    subjects = [Subject("user", confined, free)]
    cells = [cell for pattern in attacks for cell in cells_for(pattern, subjects, quick=True) if not cell.attack.alone]
    report = Suite(lab, cells).run()
    bad = [str(result) for result in report.results if result.verdict not in (Verdict.CONTAINED, Verdict.CANNOT)]
    assert bad + [str(leak) for leak in report.confined.judgement.unowned] == []
    assert {result.attack for result in report.results if result.verdict is Verdict.CONTAINED} >= set(BY_COMMAND)
