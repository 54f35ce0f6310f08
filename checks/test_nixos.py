"""NixOS itself: three lines confine a service, the leak suite finds it tight, and a switch leaves it running."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from closures import NIXOS, closure, connected, needs_nixos
from nsguard_harness import inspection
from nsguard_harness.agent_client import Agent
from nsguard_harness.attacks.tunnel import ConnectionHeld
from nsguard_harness.lab.base import Lab
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import TUNNEL_CONFIGURATION
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Cell, Suite, Verdict, cells_for

pytestmark = [pytest.mark.lab, needs_nixos]
OTHER_PEER = "TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0="
SERVICES = ("app-root.service", "app-user.service")


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with connected(closure(NIXOS / "machine.nix")) as lab:
        yield lab


@pytest.fixture
def fresh() -> Iterator[ContainerLab]:
    """A lab of its own, whose resolvers do not repeat look-ups of another test."""
    with connected(closure(NIXOS / "machine.nix")) as lab:
        yield lab


def test_it_is_nixos_and_nothing_failed(lab: ContainerLab) -> None:
    assert "ID=nixos" in lab.client.succeed("cat /etc/os-release")
    assert lab.client.succeed("systemctl is-system-running").strip() == "running"
    assert lab.client.succeed("readlink /etc/resolv.conf").startswith("/etc/static/")


def test_the_runtime_is_compiled_for_the_machines_python(lab: ContainerLab) -> None:
    """Otherwise every start of nsguard would compile it, because the store cannot be written."""
    nsguard = '"$(dirname "$(readlink -f "$(command -v nsguard)")")"'
    output = lab.client.succeed(f"python3 -v {nsguard}/nsguard --version 2>&1")
    loaded = [line for line in output.splitlines() if line.startswith("# code object from '/nix/store/")]
    assert loaded
    assert [line for line in loaded if not line.endswith(".pyc'")] == []


def test_the_suite_finds_it_tight(lab: ContainerLab) -> None:
    # Attacks that disturb the machine run on the Debian client only: NixOS starts what they stop in another way.
    cells = [cell for cell in cells_for("*", subjects(lab.client)) if not cell.attack.alone]
    report = Suite(lab, cells).run()
    bad = [str(result) for result in report.results if result.verdict not in (Verdict.CONTAINED, Verdict.CANNOT)]
    assert bad + [str(leak) for leak in report.confined.judgement.unowned] == []
    assert report.status == 0


def test_its_users_run_commands_and_nobody_else(lab: ContainerLab) -> None:
    run = "cd /; setpriv --reuid {} --regid users --init-groups nsguard run vpn -- sh -c 'id -un; ip -br link'"
    words = lab.client.succeed(run.format("alice")).split()
    assert (words[0], "wg0" in words, "eth0" in words) == ("alice", True, False)
    done = lab.client.run(run.format("bob"))
    assert (done.status, done.output) == (125, "")
    assert "nsguard: vpn: the namespace denies you permission" in done.errors


def test_a_published_port_has_its_process_in_the_namespace(lab: ContainerLab) -> None:
    lab.client.succeed("(echo > /dev/tcp/127.0.0.1/8101)")
    unit = "nsguard-publish-vpn@web-*.service"
    lab.client.wait_until_succeeds(f"systemctl -q is-active '{unit}'")
    pid = lab.client.succeed(f"systemctl show --value -p MainPID '{unit}'").strip()
    inside, named = lab.client.succeed(f"stat -Lc %i /proc/{pid}/ns/net /run/netns/vpn").split()
    assert inside == named


class Switched(ConnectionHeld):
    """The attack with a held connection, while the system switches to another configuration."""

    name = "connection-held"

    def __init__(self, system: Path) -> None:
        self.system = system

    def during(self, lab: Lab) -> None:
        lab.client.succeed(f"{self.system}/bin/switch-to-configuration test", timeout=60)


def listening(lab: Lab) -> set[str]:
    """The addresses at which the host listens for published ports."""
    return set(lab.client.succeed("ss -Hltn | awk '{print $4}' | grep :810 || true").split())


def test_a_switch_to_another_peer_leaves_the_service_running(fresh: ContainerLab) -> None:
    lab = fresh
    system = closure(NIXOS / "switched.nix")
    lab.client.succeed(
        f"cp -p {TUNNEL_CONFIGURATION} /etc/nsguard-lab/switched.conf",
        f"printf '[Peer]\\nPublicKey = {OTHER_PEER}\\nAllowedIPs = 10.99.0.0/16\\n' >> /etc/nsguard-lab/switched.conf",
    )
    before = [lab.client.get_unit_property(unit, "MainPID") for unit in SERVICES]
    assert listening(lab) == {"127.0.0.1:8101"}
    report = Suite(lab, [Cell(Switched(system), 4, subjects(lab.client)[0], "ngswitchx000")]).run()
    assert [(result.verdict, result.evidence) for result in report.results] == [
        (Verdict.CONTAINED, "through the tunnel")
    ]
    assert report.confined.judgement.unowned == ()
    assert lab.client.succeed("readlink -f /run/current-system").strip() == str(system)
    assert [lab.client.get_unit_property(unit, "MainPID") for unit in SERVICES] == before
    # a changed socket has another name: NixOS starts the new one and stops the old one
    assert listening(lab) == {"127.0.0.1:8102"}
    known = {peer.public_key for peer in inspection.peers(lab.client, "vpn")}
    assert known == {lab.peer.secrets.server.public, OTHER_PEER}


def test_look_ups_stay_in_after_nscd_was_restarted(lab: ContainerLab) -> None:
    """With NixOS's own nscd, which the test restarts in addition to the attack."""
    lab.client.succeed("systemctl restart nscd")
    report = Suite(lab, cells_for("getaddrinfo", subjects(lab.client))).run()
    assert {result.verdict for result in report.results} == {Verdict.CONTAINED}, report.results


MODULES = ("prowlarr", "sonarr", "jellyfin", "transmission", "nginx")


@pytest.fixture(scope="module")
def modules() -> Iterator[ContainerLab]:
    """Services of NixOS's own modules, among them one with a root directory and one whose user systemd creates."""
    with connected(closure(NIXOS / "modules.nix")) as lab:
        yield lab


@pytest.mark.parametrize("service", MODULES)
def test_a_service_of_a_nixos_module_is_tight(modules: ContainerLab, service: str) -> None:
    modules.client.wait_for_unit(f"{service}.service")
    # the host's resolver may still repeat look-ups of an earlier test's controls
    modules.client.succeed("systemctl restart systemd-resolved nscd")
    (user,) = [subject for subject in subjects(modules.client) if subject.identity == "user"]
    agent = Agent(modules.client, f"/run/nsguard-agent-{service}/socket")
    agent.wait()
    cells = [cell for cell in cells_for("*", [replace(user, confined=agent)], quick=True) if not cell.attack.alone]
    report = Suite(modules, [cell for cell in cells if cell.subject.identity == "user"]).run()
    bad = [str(result) for result in report.results if result.verdict not in (Verdict.CONTAINED, Verdict.CANNOT)]
    assert bad + [str(leak) for leak in report.confined.judgement.unowned] == []
    assert len(report.results) > 100
