"""NixOS with a kernel of its own: the core set is contained, and the container lab gives the same verdicts."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from closures import NIXOS, closure, connected, needs_nixos
from nsguard_harness.lab.base import Lab
from nsguard_harness.lab.debian import nixos_client
from nsguard_harness.lab.vmlab import VmLab
from nsguard_harness.output.compare import cells, differences
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Report, Suite, cells_for
from nsguard_harness.target import wait_for_tunnel

PROGRAMS = ("qemu-system-x86_64", "qemu-img", "mkfs.ext4", "nix-store")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]
pytestmark = [
    needs_nixos,
    pytest.mark.skipif(bool(MISSING), reason=f"no {', '.join(MISSING)}; `make deps-vm` installs them"),
]


def core(lab: Lab) -> Report:
    return Suite(lab, cells_for("*", subjects(lab.client), quick=True)).run()


def test_the_core_set_is_contained_and_the_container_lab_agrees() -> None:
    system = closure(NIXOS / "machine.nix")
    with VmLab(client=nixos_client(system, Path(os.environ["NSGUARD_NIXOS_IMAGE"]))) as lab:
        assert "ID=nixos" in lab.client.succeed("cat /etc/os-release")
        assert lab.client.succeed("uname -r") != lab.server.succeed("uname -r")
        wait_for_tunnel(lab)
        assert "wireguard" in lab.client.succeed("ip -n vpn -d link show wg0")
        report = core(lab)
    assert report.status == 0, [str(result) for result in report.results if result.evidence and not result.control]
    with connected(system) as other:
        theirs = core(other)
    # one kernel may have a protocol that the other lacks
    assert [pair for pair in differences(cells(report.results), cells(theirs.results)) if not pair.cannot] == []
