"""Who looks up names on a NixOS: with and without resolved, networkd and the daemon behind nscd, none gets out."""

from __future__ import annotations

import json
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
# look-ups that any machine has, and those by each daemon
ANYBODY = ("getaddrinfo*", "dns-uplink", "dns-beyond", "dns-tcp", "getent-hosts", "search-domain", "resolv-conf-*")
NSCD = ("nscd-*",)
RESOLVED = ("resolved-*", "resolvectl", "dns-stub")
# options added to a machine that has resolved and nscd
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


ACCOUNTS = """
import getpass, grp, json, os, pwd, socket, subprocess
user = pwd.getpwuid(os.geteuid())  # getpwuid_r(3), as ssh, libpq and Node ask
with open("/etc/passwd") as file:
    known = file.read()
print(json.dumps({
    "names": [user.pw_name, getpass.getuser(), grp.getgrgid(os.getegid()).gr_name],
    "id": subprocess.check_output(["id", "-un"], text=True).strip(),
    "passwd": known, "uid": os.getuid(),
    "host": sorted({each[4][0] for each in socket.getaddrinfo(socket.gethostname(), 1)}),
}))
"""


def test_a_user_that_systemd_makes_and_the_machine_have_their_names_inside() -> None:
    """All of the host's daemons that look up names run, and none can be reached from inside."""
    service = """{
      nsguard.namespace = "vpn";
      serviceConfig = { Type = "oneshot"; DynamicUser = true; ExecStart = "/usr/bin/python3 /etc/accounts.py"; };
    }"""
    system = closure_of(f"""{{ lib, ... }}: {{
      imports = [ {NIXOS}/machine.nix ];
      systemd.services.torrent = {service};
      environment.etc."accounts.py".text = {json.dumps(ACCOUNTS)};
    }}""")
    with connected(system) as lab:
        host = lab.client.succeed("cat /etc/passwd")
        lab.client.succeed("systemctl start torrent", "journalctl --sync")
        shown = json.loads(lab.client.succeed("journalctl -o cat -u torrent | grep '^{'"))
    assert shown["names"] == ["torrent", "torrent", "torrent"]
    assert shown["id"] == "torrent"
    assert shown["passwd"] == f"{host}torrent:x:{shown['uid']}:{shown['uid']}::/:/bin/sh\n"
    assert shown["host"] == ["127.0.0.1", "::1"]
