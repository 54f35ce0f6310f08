"""The client is a virtual machine: it has a kernel, a systemd and a WireGuard of its own, which are not the host's.

The core set runs in both labs, and a verdict that differs fails the test.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from nsguard_harness import scenario
from nsguard_harness.attack import Lacking
from nsguard_harness.attacks.tunnel import ConnectionHeld
from nsguard_harness.lab.base import Lab
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.vmlab import VmLab
from nsguard_harness.output.compare import cells, differences
from nsguard_harness.run.cells import Cell
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Report, Suite, Verdict, cells_for
from nsguard_harness.target import wait_for_tunnel
from started import STARTED

EXPLAINED = (Lacking.KERNEL, Lacking.FAR_END, Lacking.SCENARIO)


@pytest.fixture(scope="module")
def lab() -> Iterator[VmLab]:
    with VmLab() as lab:
        scenario.apply(lab.client, scenario.DEMO)
        yield lab


def core(lab: Lab) -> Report:
    return Suite(lab, cells_for("*", subjects(lab.client), quick=True)).run()


def test_it_has_a_kernel_of_its_own_which_carries_the_tunnel(lab: VmLab) -> None:
    assert lab.client.succeed("uname -r") != lab.server.succeed("uname -r")
    assert lab.client.succeed("nsguard status").count("(lab, kernel)") == 1
    assert "wireguard" in lab.client.succeed("ip -n vpn -d link show wg0")


def test_the_core_set_is_contained_and_the_container_lab_agrees(lab: VmLab) -> None:
    report = core(lab)
    bad = [str(result) for result in report.results if result.verdict not in (Verdict.CONTAINED, Verdict.CANNOT)]
    bad += [
        str(result) for result in report.results if result.verdict is Verdict.CANNOT and result.lacking not in EXPLAINED
    ]
    assert bad + [str(leak) for leak in report.confined.judgement.unowned] == []
    assert report.status == 0
    assert report.confined.judgement.classes["wireguard"] > 100
    with ContainerLab() as other:
        scenario.apply(other.client, scenario.DEMO)
        theirs = core(other)
    # one kernel may have a protocol that the other lacks
    assert [pair for pair in differences(cells(report.results), cells(theirs.results)) if not pair.cannot] == []


def test_what_a_service_starts_with_is_contained(lab: VmLab) -> None:
    report = Suite(lab, cells_for([*sorted(STARTED), "socket-of-a-package"], subjects(lab.client))).run()
    assert {result.verdict for result in report.results} == {Verdict.CONTAINED}, report.results
    assert report.status == 0


def test_a_connection_outlives_a_restart_of_the_kernels_tunnel(lab: VmLab) -> None:
    held = [Cell(ConnectionHeld(), family, subjects(lab.client)[0], f"ngvmheldx{family}") for family in (4, 6)]
    report = Suite(lab, held).run()
    assert [result.verdict for result in report.results] == [Verdict.CONTAINED] * 2, report.results


def test_it_comes_back_confined_after_a_boot_and_after_a_power_cut(lab: VmLab) -> None:
    before = lab.client.succeed("cat /proc/sys/kernel/random/boot_id")
    lab.client.reboot()
    wait_for_tunnel(lab)
    assert lab.client.succeed("cat /proc/sys/kernel/random/boot_id") != before
    lab.client.crash()
    assert not lab.client.is_up()
    lab.client.start()
    wait_for_tunnel(lab)
    report = Suite(lab, cells_for("udp-lan", subjects(lab.client))).run()
    assert {result.verdict for result in report.results} == {Verdict.CONTAINED}, report.results
