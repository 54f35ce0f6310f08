"""The process of a userspace tunnel: what it may do, and what happens when it dies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nsguard_harness import inspection, scenario
from nsguard_harness.attacks.tunnel import ConnectionHeld, LinkDeleted
from nsguard_harness.lab.base import Lab
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Cell, Suite, Verdict
from nsguard_harness.target import wait_for_tunnel

pytestmark = pytest.mark.lab
UNIT, TUNNEL = "nsguard-userspace-vpn.service", "nsguard-tunnel-vpn.service"
DEMO = f"import {scenario.DEMO}"
SPECIFICATION = (
    f'let demo = {DEMO}; in demo // {{{{ tunnels.lab = demo.tunnels.lab // {{{{ implementation = "{{}}"; }}}}; }}}}\n'
)


def with_implementation(directory: Path, implementation: str) -> scenario.Plan:
    path = directory / "scenario.nix"
    path.write_text(SPECIFICATION.format(implementation))
    return scenario.render(path)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerLab]:
    with ContainerLab() as lab:
        plan = with_implementation(tmp_path_factory.mktemp("scenario"), "userspace")
        scenario.install(lab.client, plan)
        scenario.start(lab.client, plan)
        wait_for_tunnel(lab)
        yield lab


def kill(lab: Lab) -> None:
    lab.client.succeed(f"kill -9 $(systemctl show --value -p MainPID {UNIT})")


class Killed(LinkDeleted):
    """A burst, while the process that is the tunnel is killed."""

    name = "link-deleted"

    def during(self, lab: Lab) -> None:
        kill(lab)

    def after(self, lab: Lab) -> None:
        wait_for_tunnel(lab)


class HeldOverDeath(ConnectionHeld):
    """A connection, while the process that is the tunnel is killed."""

    name = "connection-held"

    def during(self, lab: Lab) -> None:
        kill(lab)


def test_it_holds_only_what_it_needs(lab: ContainerLab) -> None:
    client = lab.client
    pid = client.get_unit_property(UNIT, "MainPID")
    status = client.path(f"/proc/{pid}/status").read_text()
    expected = {"CapEff": 1 << 12, "CapPrm": 1 << 12, "CapBnd": 1 << 12, "NoNewPrivs": 1, "Seccomp": 2}
    values = {key: int(value, 16) for key, value in re.findall(r"^(\w+):\t([0-9a-f]+)$", status, re.MULTILINE)}
    assert {key: values[key] for key in expected} == expected  # CAP_NET_ADMIN is number 12 (capability.h)
    reach = f"nsenter -t {pid} -m --"
    outside = r"\( -path /usr -o -path /lib -o -path /lib64 -o -path /proc -o -path /sys -o -path /dev \) -prune"
    device = client.get_unit_property(UNIT, "ExecStart").partition("wireguard-go -f ")[2].split()[0]
    sockets = {f"{directory}/{device}.sock" for directory in ("/run/wireguard", "/var/run/wireguard")}
    assert set(client.succeed(f"{reach} find / {outside} -o ! -type d ! -name os-release -print").split()) == sockets
    assert set(client.succeed(f"{reach} find /dev -maxdepth 2 -name tun").split()) == {"/dev/net/tun"}
    for path in ("/usr", "/etc", "/run", "/"):
        client.fail(f"{reach} touch {path}/x")
    client.succeed(f"{reach} touch /var/run/wireguard/x && rm /run/wireguard/x")
    exposure = client.succeed(f"systemd-analyze security --no-pager {UNIT} | tail -1")
    assert float(exposure.split()[-3]) < 2.5, exposure


@pytest.mark.parametrize("attack", [Killed, HeldOverDeath])
def test_its_death_closes_the_namespace_until_it_is_back_by_itself(
    lab: ContainerLab, attack: type[Killed | HeldOverDeath]
) -> None:
    client = lab.client
    root = subjects(client)[0]
    before = client.get_unit_property(UNIT, "MainPID"), client.get_unit_property("app-root.service", "MainPID")
    cells = [Cell(attack(), family, root, f"ngdeath{family}00") for family in (4, 6)]
    report = Suite(lab, cells).run()
    assert [result.verdict for result in report.results] == [Verdict.CONTAINED] * 2, report.results
    assert report.confined.judgement.unowned == ()
    wait_for_tunnel(lab)
    after = client.get_unit_property(UNIT, "MainPID"), client.get_unit_property("app-root.service", "MainPID")
    assert after[0] != before[0] != "0"
    assert after[1] == before[1]
    if attack is HeldOverDeath:
        assert min(int(result.said.split()[0]) for result in report.results) > 10, report.results


def test_it_is_tried_again_until_it_starts(lab: ContainerLab) -> None:
    client = lab.client
    client.succeed("mv /usr/bin/wireguard-go /usr/bin/away")
    kill(lab)
    client.wait_until_succeeds("systemctl show -p NRestarts --value nsguard-mend-vpn.service | grep -qv '^0$'", 30)
    assert inspection.namespace(client, "vpn").links == {"lo"}
    assert inspection.namespace(client, "vpn").routes == frozenset()
    client.succeed("mv /usr/bin/away /usr/bin/wireguard-go")
    wait_for_tunnel(lab)
    assert inspection.namespace(client, "vpn").links == {"lo", "wg0"}


def test_what_the_kernel_must_do_is_not_done_by_a_process(lab: ContainerLab, tmp_path: Path) -> None:
    client = lab.client
    scenario.install(client, with_implementation(tmp_path, "kernel"))
    status, _ = client.execute(f"systemctl restart {TUNNEL}")
    made = json.loads(client.succeed("cat /run/nsguard/vpn/tunnel.json")) if status == 0 else {}
    if made:  # this kernel has WireGuard
        assert made["implementation"] == "kernel"
    else:
        journal = client.succeed(f"journalctl --sync; journalctl -o cat -n 20 -u {TUNNEL}")
        assert "this kernel has no wireguard; load its module or set implementation to userspace" in journal
        assert inspection.namespace(client, "vpn").links == {"lo"}
    assert client.get_unit_property(UNIT, "ActiveState") == "inactive"
