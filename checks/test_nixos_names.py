"""Who looks up names on a NixOS: with and without resolved, networkd and the daemon behind nscd, none gets out."""

from __future__ import annotations

from pathlib import Path

import pytest
from closures import NIXOS, closure_of, connected, needs_nixos
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Report, Suite, Verdict, cells_for

pytestmark = [pytest.mark.lab, needs_nixos]
CHECKS = Path(__file__).parent

NO_RESOLVED = """
  services.resolved.enable = lib.mkForce false;
  environment.etc."resolv.conf".text = "nameserver 198.51.100.1\\n";
"""
NO_NSCD = "services.nscd.enable = lib.mkForce false; system.nssModules = lib.mkForce [ ];"
NETWORKD = "networking.useNetworkd = true; systemd.network.wait-online.enable = false;"
# what there is to ask on any machine, and of each daemon
ANYBODY = ("getaddrinfo*", "dns-uplink", "dns-beyond", "dns-tcp", "getent-hosts", "search-domain", "resolv-conf-*")
NSCD = ("nscd-*",)
RESOLVED = ("resolved-*", "resolvectl", "dns-stub")
# options laid over a machine that has resolved and nscd
MACHINES = {
    "nscd alone": (NO_RESOLVED, NSCD),
    "resolved alone": (NO_NSCD, RESOLVED),
    "neither": (NO_RESOLVED + NO_NSCD, ()),
    "both, and networkd": (NETWORKD, NSCD + RESOLVED),
}


def attacked(lab: ContainerLab, *patterns: str) -> Report:
    known = [subject for subject in subjects(lab.client) if subject.identity == "user"]
    cells = [cell for pattern in patterns for cell in cells_for(pattern, known) if cell.subject in known]
    return Suite(lab, cells).run()


@pytest.mark.parametrize(("options", "daemons"), MACHINES.values(), ids=MACHINES)
def test_no_name_gets_out(options: str, daemons: tuple[str, ...]) -> None:
    system = closure_of(f"{{ lib, ... }}: {{ imports = [ {NIXOS}/machine.nix ]; {options} }}")
    with connected(system) as lab:
        report = attacked(lab, *ANYBODY, *daemons)
    bad = [str(result) for result in report.results if result.verdict is not Verdict.CONTAINED]
    assert bad + [str(leak) for leak in report.confined.judgement.unowned] == []


def test_a_service_that_is_in_the_namespace_alone_is_found_out() -> None:
    """The hole that the flake's check `planted-namespace-alone` has."""
    module = f"""{{ lib, ... }}: {{
      imports = [ {NIXOS}/machine.nix ];
      systemd.services = lib.genAttrs [ "app-root" "app-user" ] (
        _: lib.recursiveUpdate {{ nsguard.namespace = lib.mkForce null; }} (import {CHECKS}/planted.nix).confine
      );
    }}"""
    with connected(closure_of(module)) as lab:
        report = attacked(lab, "getaddrinfo")
    verdicts = {result.attack: result.verdict for result in report.results}
    assert verdicts["getaddrinfo"] is Verdict.LEAKED, report.results
    assert report.status == 1
