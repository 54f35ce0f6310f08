"""What the evaluation accepts, NixOS builds, boots and runs: each configuration of checks/eval/accept, by itself."""

from __future__ import annotations

import json
import re
import time
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
  case = import {checks}/eval/accept/{case}.nix;
  inherit (import {checks}/eval/nixos.nix {{ inherit lib; }}) moduleOf;
in
{{
  imports = [
    {checks}/nixos/accepted.nix
    (case.module or (moduleOf case.specification))
  ];
}}
"""
# Started by something that has not happened: a socket, a timer, a launch, a service, a fault, a port that was given.
WAITING = re.compile(r"nsguard-(mend|refresh|metrics|egress|host|publish|app|(?:\w+-)?bus|forwarded)\b.*\.service")
# What does not run, and why it cannot here: configuration -> unit -> reason.
UNABLE = {
    "amneziawg": {
        "nsguard-userspace-vpn.service": "Debian has no amneziawg-go",
        "nsguard-tunnel-vpn.service": "so there is no link to set up",
    },
    "socket-activated": {"claimed.socket": "no service of its name, without which systemd starts none"},
    "typed-tunnel": {
        "nsguard-tunnel-vpn.service": "its endpoint is a name that no resolver of the lab knows: it is tried again",
        "nsguard-userspace-vpn.service": "the tunnel starts it, once it knows the endpoint",
    },
}
PATIENCE = 20


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
    # until then it is systemd's process, which is on its way there
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


def judge(lab: ContainerLab, case: str) -> None:
    client = lab.client
    meant = json.loads(client.succeed("cat /etc/accepted.json"))
    unable = set(UNABLE.get(case, {}))
    if kernel_has_wireguard(lab.wire) and case != "amneziawg":
        unable |= {f"nsguard-userspace-{namespace}.service" for namespace in meant["namespaces"]}

    assert client.succeed("systemctl is-active multi-user.target").strip() == "active"
    assert set(meant["namespaces"]) <= set(client.succeed("ls /run/netns 2>/dev/null || true").split())
    state_of = states(client)
    assert bool(state_of) == bool(meant["namespaces"])
    running = {unit for unit, state in state_of.items() if state == "active"}
    assert running == {unit for unit in state_of if not WAITING.fullmatch(unit)} - unable, state_of

    for name, (addresses, namespace) in meant["sockets"].items():
        if (unit := f"{name}.socket") not in unable:
            listens_in(client, unit, addresses, namespace)
    for name, namespace in meant["services"].items():
        if (unit := f"{name}{'x' if name.endswith('@') else ''}.service") not in unable:
            runs_in(client, unit, namespace)
    for unit in unable - set(state_of):
        client.execute(f"systemctl start {unit}")
        client.wait_until_fails(f"systemctl is-active {unit}", PATIENCE)
    failed = set(client.succeed("systemctl list-units --failed --plain --no-legend | awk '{print $1}'").split())
    assert failed <= unable


@pytest.mark.parametrize("case", CASES)
def test_it_boots_and_runs(case: str) -> None:
    with booted(closure_of(MODULE.format(checks=CHECKS, case=case))) as lab:
        judge(lab, case)
