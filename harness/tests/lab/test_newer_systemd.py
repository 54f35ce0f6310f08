"""A newer systemd, in a container of Debian sid: the core set, and settings that the lab's own systemd does not know.

The evaluation refuses these settings for a confined unit (checks/eval/reject). Here a drop-in sets them past it, to see
what they open, what stops them nevertheless, and that `nsguard doctor` names them.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from awaited import until
from labs import image_or_skip
from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.attack import Lacking
from nsguard_harness.lab.image import BASE, Recipe, image
from nsguard_harness.lab.kinds import KINDS, make
from nsguard_harness.lab.wired import WiredLab
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict, cells_for
from nsguard_harness.target import wait_for_tunnel

pytestmark = pytest.mark.lab

KIND = "container-sid"
APPS = ("app-root", "app-user")
HOST = "/proc/1/ns/net"
REPORT = "/bin/sh -c 'echo after the reload in $(readlink /proc/self/ns/net); cat /etc/resolv.conf'"
SCENARIO = f"""
let demo = import {scenario.DEMO}; in demo // {{
  services = demo.services // {{
    reloads = {{
      namespace = "vpn";
      serviceConfig = {{
        Type = "exec";
        ExecStart = "/usr/bin/sleep infinity";
        ExecReload = "/usr/bin/true";
        ExecReloadPost = "{REPORT}";
      }};
    }};
  }};
}}
"""
# the user namespace that owns a process's namespace of a kind, and the process's own (ioctl_ns(2), NS_GET_USERNS)
OWNER = (
    "import fcntl, os; at = '/proc/{pid}/ns/';"
    " print(os.fstat(fcntl.ioctl(os.open(at + '{kind}', 0), 0xB701)).st_ino == os.stat(at + 'user').st_ino)"
)
# what a service might do that may change its mounts, or trace what it can see
MOUNTS_AND_PROCESSES = ("nscd-socket", "sockets-in-sight", "setns-*", "proc-*", "trace", "getaddrinfo", "udp-*")
TREE = "/srv/other.mstack"
# What systemd 258 to 262 added. Refused, and judged in a finished unit (modules/plan/problems/exposure.nix, judge/):
REFUSED = {
    *("BPFDelegateAttachments", "BPFDelegateCommands", "BPFDelegateMaps", "BPFDelegatePrograms"),
    *("DelegateNamespaces", "LUOSession", "RootMStack", "UserNamespacePath"),
}
# Allowed, for the reasons in checks/eval/accept/newer-properties.nix. ExecReloadPost is confined like other commands.
ALLOWED = {
    *("BindNetworkInterface", "CPUPressureThresholdSec", "CPUPressureWatch", "CPUSetPartition", "ExecReloadPost"),
    *("CacheDirectoryAccounting", "CacheDirectoryQuota", "LogsDirectoryAccounting", "LogsDirectoryQuota"),
    *("IOPressureThresholdSec", "IOPressureWatch", "MemoryTHP", "OOMRules", "PrivateBPF", "RefreshOnReload"),
    *("RestartRandomizedDelaySec", "StateDirectoryAccounting", "StateDirectoryQuota"),
}
# A socket's own commands have no sandbox to undo.
OF_SERVICES = {"ExecReloadPost", "LUOSession", "RefreshOnReload", "RestartRandomizedDelaySec"}
OF_SOCKETS = {
    *("AcceptFileDescriptors", "DeferTrigger", "DeferTriggerMaxSec", "PassPIDFD"),
    *("XAttrAccept", "XAttrEntryPoint", "XAttrListen"),
}
DECIDED = {
    "Service": REFUSED | ALLOWED,
    "Socket": ((REFUSED | ALLOWED) - OF_SERVICES) | OF_SOCKETS,
    "Unit": {
        f"{kind}{name}"
        for kind in ("Assert", "Condition")
        for name in ("Fraction", "KernelModuleLoaded", "MachineTag", "PathIsSocket", "Version")
    },
}
RESOLVERS = [f"nameserver {address}" for address in (LAB.tunnel_server.v4, LAB.tunnel_server.v6)]
OTHER = "leaktest-other.service"
LINE = r"vpn: holes: {unit} has {setting}.*; remove it from the file that .*"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WiredLab]:
    image_or_skip(Recipe(KINDS[KIND]), "a newer systemd")
    path = tmp_path_factory.mktemp("newer") / "scenario.nix"
    path.write_text(SCENARIO)
    with make(KIND) as lab:
        scenario.apply(lab.client, path)
        wait_for_tunnel(lab)
        yield lab


def contained(lab: WiredLab, attacks: str | Sequence[str] = "*") -> None:
    """The attacks of the core set that have such names."""
    report = Suite(lab, cells_for(attacks, subjects(lab.client), quick=True)).run()
    bad = [str(result) for result in report.results if result.verdict not in (Verdict.CONTAINED, Verdict.CANNOT)]
    bad += [
        str(result)
        for result in report.results
        if result.verdict is Verdict.CANNOT and result.lacking not in (Lacking.KERNEL, Lacking.SCENARIO)
    ]
    assert bad + [str(leak) for leak in report.confined.judgement.unowned] == []
    assert report.status == 0


@contextmanager
def changed(lab: WiredLab, text: str, *units: str) -> Iterator[None]:
    """Units with a drop-in, restarted with it; afterwards as they were."""
    names = {unit: f"/run/systemd/system/{unit}.service.d" for unit in units}
    lab.client.write_files({f"{name}/newer.conf": f"[Service]\n{text}\n" for name in names.values()})
    again = f"systemctl daemon-reload; systemctl reset-failed; systemctl restart {' '.join(units)}"
    lab.client.execute(again)
    try:
        yield
    finally:
        lab.client.succeed(f"rm -r {' '.join(names.values())}; {again}")


def doctor(lab: WiredLab) -> list[str]:
    return lab.client.execute("nsguard doctor vpn")[1].splitlines()


def names(lab: WiredLab, unit: str, setting: str) -> bool:
    return any(re.fullmatch(LINE.format(unit=re.escape(unit), setting=re.escape(setting)), it) for it in doctor(lab))


def journal(lab: WiredLab, unit: str) -> str:
    return lab.client.succeed(f"journalctl --sync; journalctl -o cat -b -u {unit}")


def namespace(lab: WiredLab, path: str) -> str:
    return lab.client.succeed(f"nsenter --net={path} readlink /proc/self/ns/net").strip()


def main(lab: WiredLab, unit: str) -> str:
    return lab.client.get_unit_property(unit, "MainPID")


def is_active(lab: WiredLab, unit: str) -> bool:
    return lab.client.execute(f"systemctl is-active {unit}")[0] == 0


def owns(lab: WiredLab, unit: str, kind: str) -> bool:
    """Whether the user namespace of a service's processes owns their namespace of a kind."""
    program = OWNER.format(pid=main(lab, f"{unit}.service"), kind=kind)
    return lab.client.succeed(f'python3 -c "{program}"').strip() == "True"


def test_it_is_a_newer_one_and_the_core_set_is_contained(lab: WiredLab) -> None:
    assert int(lab.client.succeed("systemctl --version").split()[1]) >= 258
    contained(lab)
    assert doctor(lab) == ["vpn: healthy"]


def test_a_command_after_a_reload_runs_in_the_namespace(lab: WiredLab) -> None:
    lab.client.succeed("systemctl start reloads", "systemctl reload reloads")
    until(lambda: "after the reload" in journal(lab, "reloads"))
    lines = journal(lab, "reloads").splitlines()
    assert f"after the reload in {namespace(lab, '/run/netns/vpn')}" in lines
    assert [line for line in lines if line.startswith("nameserver")] == RESOLVERS
    assert "ExecReloadPost" not in "".join(doctor(lab))


def test_one_with_full_privileges_keeps_the_network_namespace_and_is_named(lab: WiredLab) -> None:
    with changed(lab, f"ExecReloadPost=\nExecReloadPost=+{REPORT}", "reloads"):
        before = journal(lab, "reloads").count("after the reload")
        lab.client.succeed("systemctl reload reloads")
        until(lambda: journal(lab, "reloads").count("after the reload") > before)
        reported = [line for line in journal(lab, "reloads").splitlines() if "after the reload" in line]
        assert set(reported) == {f"after the reload in {namespace(lab, '/run/netns/vpn')}"}
        assert names(lab, "reloads.service", "ExecReloadPost=+")


@pytest.mark.parametrize("kind", ["net", "cgroup", "yes"])
def test_a_service_that_would_own_its_network_does_not_start(lab: WiredLab, kind: str) -> None:
    """systemd would make these namespaces after the user namespace, and cannot then enter one that exists."""
    with changed(lab, f"DelegateNamespaces={kind}", *APPS):
        for unit in APPS:
            assert not is_active(lab, unit), unit
            assert names(lab, f"{unit}.service", f"DelegateNamespaces={kind}")


def test_a_service_that_owns_its_other_namespaces_is_contained_without_capabilities_and_is_named(lab: WiredLab) -> None:
    assert not any(owns(lab, unit, kind) for unit in APPS for kind in ("mnt", "pid", "net"))
    with changed(lab, "DelegateNamespaces=~net cgroup", *APPS):
        for unit in APPS:
            assert [kind for kind in ("mnt", "pid", "net") if owns(lab, unit, kind)] == ["mnt", "pid"]
            assert names(lab, f"{unit}.service", "DelegateNamespaces=")
        contained(lab, MOUNTS_AND_PROCESSES)


def test_a_tree_of_mounts_does_not_bring_its_own_resolver_and_is_named(lab: WiredLab) -> None:
    directories = " ".join(f"{TREE}/layer@0/{name}" for name in ("etc", "proc", "run", "sys", "tmp", "dev", "var"))
    lab.client.succeed(
        f"mkdir -p {directories}",
        f"cp -a /usr {TREE}/layer@0; for link in bin lib lib64 sbin; do ln -s usr/$link {TREE}/layer@0/; done",
        f"cp /etc/passwd /etc/group {TREE}/layer@0/etc; touch {TREE}/layer@0/etc/of-the-tree",
        f"echo nameserver {LAB.server.v4} > {TREE}/layer@0/etc/resolv.conf",
    )
    with changed(lab, f"RootMStack={TREE}", "app-user"):
        shown = f"nsenter -t {main(lab, 'app-user.service')} -m -r -w sh -c 'ls /etc; cat /etc/resolv.conf'"
        lines = lab.client.succeed(shown).splitlines()
        assert "of-the-tree" in lines
        assert [line for line in lines if line.startswith("nameserver")] == RESOLVERS
        assert names(lab, "app-user.service", "RootMStack=")
    lab.client.succeed(f"rm -r {TREE}")


def test_every_property_that_it_added_is_decided(lab: WiredLab) -> None:
    """A later systemd adds more: each must be refused and judged, or allowed for a reason, before it is added here."""
    dump = "/usr/lib/systemd/systemd --dump-configuration-items"
    older = subprocess.run(["chroot", image(BASE), *dump.split()], check=True, capture_output=True, text=True).stdout
    added = properties(lab.client.succeed(dump)) - properties(older)
    assert {section: {key for at, key in added if at == section} for section in DECIDED} == DECIDED


def properties(dumped: str) -> set[tuple[str, str]]:
    """(section, name) of the properties that systemd lists."""
    sections = re.split(r"^\[(\w+)]$", dumped, flags=re.MULTILINE)[1:]
    return {
        (section, key)
        for section, text in zip(sections[::2], sections[1::2], strict=True)
        for key in re.findall(r"^(\w+)=", text, re.MULTILINE)
    }


def test_what_hands_out_the_kernel_is_named(lab: WiredLab) -> None:
    with changed(lab, "BPFDelegateCommands=any\nBPFDelegatePrograms=any\nLUOSession=state", "app-user"):
        for setting in ("BPFDelegateCommands=any", "BPFDelegatePrograms=any", "LUOSession=state"):
            assert names(lab, "app-user.service", setting)


def mounts(lab: WiredLab, unit: str) -> dict[str, str]:
    """Where a service's main process has mounts, each with its number."""
    lines = lab.client.succeed(f"cat /proc/{main(lab, unit)}/mountinfo").splitlines()
    return {line.split()[4]: line.split()[0] for line in lines}


@pytest.mark.parametrize(
    ("setting", "again"), [("", []), ("RefreshOnReload=extensions credentials", ["/run/credentials/app-user.service"])]
)
def test_what_a_reload_mounts_again_opens_nothing(lab: WiredLab, setting: str, again: list[str]) -> None:
    """By RefreshOnReload= systemd mounts credentials again. It leaves an extension that has one version."""
    unit = "app-user.service"
    with changed(lab, f"ExecReload=/usr/bin/true\nSetCredential=token:1\n{setting}", "app-user"):
        before = mounts(lab, unit)
        lab.client.succeed("systemctl reload app-user")
        after = mounts(lab, unit)
        assert (set(after), [at for at in after if after[at] != before[at]]) == (set(before), again)
        lines = lab.client.succeed(f"nsenter -t {main(lab, unit)} -m -r -w cat /etc/resolv.conf").splitlines()
        assert [line for line in lines if line.startswith("nameserver")] == RESOLVERS
        contained(lab, MOUNTS_AND_PROCESSES)


@contextmanager
def joining(lab: WiredLab, *properties: str) -> Iterator[None]:
    """Another unit, which joins the namespaces of app-user.service."""
    given = " ".join(f"-p {it}" for it in ("JoinsNamespaceOf=app-user.service", "PrivateTmp=yes", *properties))
    lab.client.succeed(f"systemd-run -q --unit={OTHER} {given} sleep infinity")
    try:
        yield
    finally:
        lab.client.succeed(
            f"systemctl stop {OTHER}; systemctl daemon-reload; systemctl reset-failed; systemctl restart app-user"
        )


def test_a_unit_that_joins_shares_files_and_queues_and_is_named(lab: WiredLab) -> None:
    with joining(lab, "PrivateIPC=yes"):
        pids = [main(lab, unit) for unit in ("app-user.service", OTHER)]
        lab.client.succeed(f"touch /proc/{pids[1]}/root/tmp/left")
        assert lab.client.succeed(f"ls /proc/{pids[0]}/root/tmp").split() == ["left"]
        assert len({lab.client.succeed(f"readlink /proc/{pid}/ns/ipc") for pid in pids}) == 1
        assert any(line.startswith(f"vpn: holes: {OTHER} joins the namespaces of app-user") for line in doctor(lab))


def test_a_unit_that_joins_first_does_not_lead_the_service_into_the_hosts_network(lab: WiredLab) -> None:
    """systemd then starts the service in the network namespace of the other unit, whatever its own path says."""
    with changed(lab, "Type=exec\nExecStart=\nExecStart=/usr/bin/sleep infinity", "app-user"):  # unchecked: the control
        lab.client.succeed("systemctl stop app-user")
        with joining(lab, f"NetworkNamespacePath={HOST}"):
            lab.client.succeed("systemctl start app-user")
            assert namespace(lab, f"/proc/{main(lab, 'app-user.service')}/ns/net") == namespace(lab, HOST)
    lab.client.succeed("systemctl stop app-user")
    with joining(lab, f"NetworkNamespacePath={HOST}"):
        lab.client.execute("systemctl start app-user")
        assert not is_active(lab, "app-user")
        assert "nsguard: vpn: this process is in the host's network namespace" in journal(lab, "app-user")
    assert doctor(lab) == ["vpn: healthy"]
