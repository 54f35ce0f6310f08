"""The suite under the NixOS test driver, run from the driver's own Python sources.

To the driver a machine is a command that runs QEMU, an interface on a VLAN, and a root shell on hvc0. The machines here
are Debians with the units of the plan, because NixOS machines would have to be built from nixpkgs. The driver finds
only the programs that its package declares.

NSGUARD_NIXPKGS  a tree with nixos/lib/test-driver
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nsguard_harness.addresses import LAB
from nsguard_harness.lab.booted import booted, overlay
from nsguard_harness.lab.qemu import PORT, acceleration
from nsguard_harness.lab.wire import mac

NIXPKGS = os.environ.get("NSGUARD_NIXPKGS", "")
MODULES = [name for name in ("colorama", "junit_xml", "ptpython") if importlib.util.find_spec(name) is None]
PROGRAMS = [name for name in ("qemu-system-x86_64", "vde_switch") if shutil.which(name) is None]
MISSING = [*([] if NIXPKGS else ["NSGUARD_NIXPKGS"]), *PROGRAMS, *(f"Python's {name}" for name in MODULES)]
pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(
        bool(MISSING),
        reason=f"no {', '.join(MISSING)}: nothing is shown under the NixOS test driver",
    ),
]
MACS = {"server": mac(1), "client": mac(2)}
START = f"""#!/bin/sh
exec {shutil.which("setpriv")} --pdeathsig KILL \\
    qemu-system-x86_64 {{acceleration}} -smp 2 -m 1024 -nodefaults -vga none \\
    -kernel {{kernel}} -initrd {{initrd}} -append '{{line}} systemd.hostname={{name}}' \\
    -drive if=virtio,file={{disk}},format=qcow2,cache=unsafe \\
    -netdev vde,id=vlan1,sock="$QEMU_VDE_SOCKET_1" -device virtio-net-pci,netdev=vlan1,mac={{mac}},romfile= \\
    -device virtio-serial-pci,id=nsguard -chardev socket,id=nsguard,path=nsguard-port,server=on,wait=off \\
    -device virtserialport,bus=nsguard.0,chardev=nsguard,name={{port}} -qmp unix:nsguard-qmp,server=on,wait=off \\
    $QEMU_OPTS "$@"
"""
SCRIPT = """
from nsguard_harness import scenario
from nsguard_harness.driver import leak_test
from nsguard_harness.lab.debian import debian_client
from nsguard_harness.lab.image import image

def prepare(lab):
    lab.client.lay_out(debian_client(image()))
    scenario.apply(lab.client, scenario.{scenario})

def reboot(lab):
    lab.client.reboot()
    lab.client.succeed("true")

start_all
report = leak_test(
    client, server, interface="eth0", attacks={attacks!r}, prepare=prepare, probes=[reboot], out=driver.out_dir,
    subjects={{"root": ("app-root", "free"), "user": ("app-user", "free-user")}},
)
assert len(report.results) > 5
"""
# The programs that nixos/lib/test-driver declares: its wrapper puts them in PATH, and a build has no others.
DECLARED = ("coreutils", "qemu-system-x86", "qemu-utils", "socat", "vde-switch")


def declared(directory: Path) -> Path:
    """A directory of links to the programs that the driver's package declares."""
    directory.mkdir()
    listed = subprocess.run(["dpkg", "-L", *DECLARED], check=False, capture_output=True, text=True).stdout
    for program in map(Path, listed.split()):
        if program.parent.name in ("bin", "sbin") and program.is_file():
            (directory / program.name).symlink_to(program)
    return directory


def run(tmp_path: Path, attacks: str, scenario: str = "DEMO") -> subprocess.CompletedProcess[str]:
    base = booted("trixie", LAB)
    scripts = []
    for name, address in MACS.items():
        disk = tmp_path / f"{name}.qcow2"
        overlay(base.directory / "disk.raw", "raw", disk)
        script = tmp_path / f"run-{name}-vm"
        script.write_text(
            START.format(
                acceleration=" ".join(acceleration(base.kernel.image)),
                kernel=base.kernel.image,
                initrd=base.kernel.initrd,
                line=base.kernel.command_line,
                name=name,
                disk=disk,
                mac=address,
                port=PORT,
            )
        )
        script.chmod(0o755)
        scripts.append(str(script))
    (tmp_path / "script.py").write_text(SCRIPT.format(attacks=attacks, scenario=scenario))
    (tmp_path / "state").mkdir()
    (tmp_path / "out").mkdir()
    driver = "import sys; sys.argv[0] = 'nixos-test-driver'; from test_driver import main; main()"
    command = [sys.executable, "-c", driver, "--start-scripts", *scripts, "--vlans", "1"]
    command += ["--global-timeout", "1500", "-o", str(tmp_path / "out"), "--", str(tmp_path / "script.py")]
    environment = os.environ | {
        "PATH": str(declared(tmp_path / "bin")),
        "PYTHONPATH": f"{NIXPKGS}/nixos/lib/test-driver",
        "TMPDIR": str(tmp_path / "state"),
    }
    return subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=tmp_path)


def test_the_suite_runs_under_the_driver(tmp_path: Path) -> None:
    done = run(tmp_path, "udp-*")
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    assert "0 leaked, 0 vacuous" in done.stdout
    assert (tmp_path / "out/leak-test/report.html").exists()
