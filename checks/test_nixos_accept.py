"""Each configuration of checks/eval/accept is built, booted and run on NixOS, by itself."""

from __future__ import annotations

import json
import re
import time
from fnmatch import fnmatch
from pathlib import Path

import pytest
from closures import booted, closure_of, needs_nixos
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.wired import kernel_has_wireguard
from nsguard_harness.machine import Machine

pytestmark = [pytest.mark.lab, needs_nixos]
CHECKS = Path(__file__).parent
CASES = sorted(path.stem for path in (CHECKS / "eval/accept").glob("*.nix"))
MODULE = """
{{ lib, ... }}:
let
  case = {case};
  inherit (import {checks}/eval/nixos.nix {{ inherit lib; }}) moduleOf;
in
{{
  imports = [
    {checks}/nixos/accepted.nix
    (case.module or (moduleOf case.specification))
  ];
}}
"""
# Units that wait for an event that does not occur here: a connection, a timer, a launch, a service, a fault, a port.
WAITING = re.compile(
    r"nsguard-(mend|rules|refresh|metrics|egress|host|publish|app|display|(?:\w+-)?bus|forwarded)\b.*\.service"
)
# Units that cannot run here: configuration -> unit -> reason.
UNABLE = {
    "backups": {f"restic-backups-{name}.service": "there is no restic here" for name in ("excluding", "fine", "shown")},
    "clients-of-nobody": {"several.service": "its shell finds no rtorrent in PATH"},
    "clients-of-nixos": {
        "transmission.service": "it is not confined, and its read-only root has no place for a mount of containers"
    },
    "socket-activated": {"claimed.socket": "no service of its name, without which systemd starts none"},
    "typed-tunnel": {
        "nsguard-tunnel-vpn.service": "its endpoint is a name that no resolver of the lab knows: it is tried again",
        "nsguard-userspace-vpn.service": "the tunnel starts it, once it knows the endpoint",
    },
}
# The evaluation's warnings come true: these units must be missing, or fail.
FORETOLD = {
    r"systemd[.]services[.]([^.:]+)[.:].* so the service does not start;.*": ["{0}.service"],
    r"nsguard[.]apps[.]([^.:]+)[.]user: .* the app does not start;.*": [
        "nsguard-app-{0}.socket",
        "nsguard-app-{0}.service",
    ],
    r"nsguard[.]namespaces[.]([^.:]+)[.]publish[.]([^.:]+)[.]group: .* the sockets with a path are not made;.*": [
        "nsguard-publish-{0}@{1}-*.socket"
    ],
}
# Services of other warnings may fail; one that runs must be inside.
WARNED = re.compile(r"systemd[.]services[.]([^.:]+)[.:].*")
# The instance of every template: an account of the lab, because an instance may be an account's name.
INSTANCE = "app"
PATIENCE = 20


def module_of(case: str) -> str:
    """The module of a configuration's machine; programs that would end before the test sees them keep running."""
    text = (CHECKS / "eval/accept" / f"{case}.nix").read_text()
    for above, directory in (("../../../", CHECKS.parent), ("../", CHECKS / "eval")):
        text = text.replace(f"import {above}", f"import {directory}/")
    return MODULE.format(checks=CHECKS, case=re.sub(r"(/usr)?/bin/true\b", "/bin/stays", text))


def foretold(warnings: list[str]) -> set[str]:
    """Patterns of the units that, according to these warnings, will be missing or fail."""
    said = [(re.fullmatch(of, warning), units) for of, units in FORETOLD.items() for warning in warnings]
    return {unit.format(*match.groups()) for match, units in said if match for unit in units}


def states(client: Machine) -> dict[str, str]:
    """nsguard's own units, without templates, with their states."""
    units = client.succeed("cd /etc/systemd/system; ls | grep -E '^nsguard-.*[^@][.](service|socket|timer)$' || true")
    names = units.split()
    shown = client.succeed(f"systemctl show -P ActiveState -- {' '.join(names)}").split() if names else []
    return dict(zip(names, shown, strict=True))


def inside(client: Machine, unit: str) -> dict[str, set[str]]:
    """The programs of a unit's processes, each with the numbers of the network namespaces that they are in."""
    namespaces: dict[str, set[str]] = {}
    for line in client.succeed("ps -e -o netns=,comm=,cgroup=").splitlines():
        number, program, group = line.split(None, 2)
        if group.endswith(f"/{unit}"):
            namespaces.setdefault(program, set()).add(number)
    return namespaces


def runs_in(client: Machine, unit: str, namespace: str) -> None:
    """Start a service and see that all its processes, of which its program is one, are in the namespace and stay."""
    client.succeed(f"systemctl start {unit}", timeout=60)
    if client.get_unit_property(unit, "Type") == "oneshot":
        assert client.get_unit_property(unit, "Result") == "success"
        return
    number = client.succeed(f"stat -Lc %i /run/netns/{namespace}").strip()
    deadline = time.monotonic() + PATIENCE
    # before its program runs, the process is systemd's and may not be in the namespace yet
    while "sleep" not in (programs := inside(client, unit)):
        assert time.monotonic() < deadline, client.succeed(f"systemctl status -n 20 {unit} || true")
        time.sleep(0.1)
    assert set.union(*programs.values()) == {number}, programs
    assert client.get_unit_property(unit, "ActiveState") == "active"
    assert client.get_unit_property(unit, "NRestarts") == "0"


def listens_in(client: Machine, unit: str, addresses: list[str], namespace: str) -> None:
    """Start a socket and see that it listens in the namespace, and not outside."""
    ports = {address.rpartition(":")[2] for address in addresses}
    listening = "ss -Hltn | awk '{print $4}' | sed 's/.*://'"
    client.succeed(f"systemctl start {unit}")
    assert ports <= set(client.succeed(f"ip netns exec {namespace} {listening}").split())
    assert not ports & set(client.succeed(listening).split())


def runs_inside_or_not(client: Machine, unit: str, namespace: str) -> None:
    """Start a service that may fail, and see that it fails or runs in the namespace."""
    client.execute(f"systemctl start {unit}", timeout=60)
    deadline = time.monotonic() + PATIENCE
    while "sleep" not in inside(client, unit) and time.monotonic() < deadline:
        if client.get_unit_property(unit, "ActiveState") in {"failed", "inactive"}:
            return
        time.sleep(0.1)
    runs_in(client, unit, namespace)


def fails(client: Machine, unit: str) -> None:
    """Start a unit, and see that it does not stay."""
    client.execute(f"systemctl start {unit}")
    client.wait_until_fails(f"systemctl is-active {unit}", PATIENCE)


def unable_here(case: str, tunnels: dict[str, str], *, kernel: bool) -> set[str]:
    """The units that cannot run in this lab; tunnels: namespace -> type; kernel: whether it has WireGuard."""
    units = set(UNABLE.get(case, {}))
    for namespace, kind in tunnels.items():
        disguised = kind == "amneziawg"  # neither Debian nor its kernels have it
        if disguised or kernel:
            units.add(f"nsguard-userspace-{namespace}.service")
        if disguised:
            units.add(f"nsguard-tunnel-{namespace}.service")
    return units


def judge(lab: ContainerLab, case: str) -> None:
    client = lab.client
    meant = json.loads(client.succeed("cat /etc/accepted.json"))
    state_of = states(client)
    absent = foretold(meant["warnings"])
    unable = unable_here(case, meant["tunnels"], kernel=kernel_has_wireguard(lab.wire))
    unable |= {unit for unit in state_of if any(fnmatch(unit, pattern) for pattern in absent)}

    assert client.succeed("systemctl is-active multi-user.target").strip() == "active"
    assert "ordering cycle" not in client.succeed("journalctl -b -o cat _PID=1")
    assert set(meant["tunnels"]) <= set(client.succeed("ls /run/netns 2>/dev/null || true").split())
    assert bool(state_of) == bool(meant["tunnels"])
    running = {unit for unit, state in state_of.items() if state == "active"}
    assert running == {unit for unit in state_of if not WAITING.fullmatch(unit)} - unable, state_of

    for name, (addresses, namespace) in meant["sockets"].items():
        if (unit := f"{name}.socket") not in unable:
            listens_in(client, unit, addresses, namespace)
    loose = {match[1] for text in meant["warnings"] if (match := WARNED.fullmatch(text))}
    services = {f"{n}{INSTANCE if n.endswith('@') else ''}.service": n for n in meant["services"]}
    unable |= {unit for unit in services if any(fnmatch(unit, pattern) for pattern in absent)}
    for unit in services.keys() - unable:
        check = runs_inside_or_not if services[unit] in loose else runs_in
        check(client, unit, meant["services"][services[unit]])
    for unit in unable - set(state_of):
        fails(client, unit)
    failed = set(client.succeed("systemctl list-units --failed --plain --no-legend | awk '{print $1}'").split())
    assert failed <= unable | {unit for unit, name in services.items() if name in loose}


@pytest.mark.parametrize("case", CASES)
def test_it_boots_and_runs(case: str) -> None:
    with booted(closure_of(module_of(case))) as lab:
        judge(lab, case)
