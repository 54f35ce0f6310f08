"""Evaluation tests: the facts that a configuration must yield, or the messages with which it must be refused.

The cases are files below checks/eval/. The plan is evaluated by any Nix; the NixOS options need a tree with
nixpkgs' lib/ and nixos/ side by side, named by NSGUARD_NIXPKGS, and are skipped without it.
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from nix import NIXPKGS, error_of, evaluate, needs_nixpkgs, nixos_arguments

CHECKS = Path(__file__).parent
CASES = {
    f"{kind}/{path.stem}": path.read_text()
    for kind in ("accept", "reject")
    for path in (CHECKS / "eval" / kind).glob("*.nix")
}
OF_PLAN = [name for name, text in CASES.items() if re.search(r"^  specification\b", text, re.MULTILINE)]


@functools.cache
def plan_outcomes() -> dict[str, dict[str, Any]]:
    return dict(evaluate(f"(import {CHECKS}/eval).plan"))


@pytest.fixture(scope="session")
def arguments(tmp_path_factory: pytest.TempPathFactory) -> str:
    return nixos_arguments(tmp_path_factory.mktemp("nixos"))


@pytest.fixture(scope="session")
def nixos_outcomes(arguments: str) -> dict[str, dict[str, Any]]:
    return dict(evaluate(f"(import {CHECKS}/eval).nixos {arguments}"))


def test_every_case_is_judged() -> None:
    assert set(plan_outcomes()) == set(OF_PLAN)
    assert len(OF_PLAN) >= 15


@pytest.mark.parametrize("case", OF_PLAN)
def test_plan(case: str) -> None:
    outcome = plan_outcomes()[case]
    assert outcome["actual"] == outcome["expected"]


@needs_nixpkgs
@pytest.mark.parametrize("case", CASES)
def test_nixos(case: str, nixos_outcomes: dict[str, dict[str, Any]]) -> None:
    outcome = nixos_outcomes[case]
    assert outcome["actual"] == outcome["expected"]


@needs_nixpkgs
def test_two_values_for_the_file_of_a_secret_are_reported_without_the_values() -> None:
    type_ = f"(import {CHECKS.parent}/modules/secret-file.nix {{ lib = import {NIXPKGS}/lib; }})"
    values = ['{ file = "/one.nix"; value = "first-key"; }', '{ file = "/other.nix"; value = "second-key"; }']
    error = error_of(f'{type_}.merge [ "nsguard" "configFile" ] [ {" ".join(values)} ]')
    assert "nsguard.configFile: /one.nix and /other.nix set it to different paths; keep one of them" in error
    assert "-key" not in error
    assert evaluate(f'{type_}.merge [ "nsguard" ] [ {values[0]} {values[0]} ]') == "first-key"


@needs_nixpkgs
def test_a_file_in_place_of_a_tunnel_is_neither_read_nor_shown(tmp_path: Path) -> None:
    file = tmp_path / "mullvad.conf"
    file.write_text("[Interface]\nPrivateKey = the-key\n")
    for value in (f'"{file}"', str(file), json.dumps(file.read_text())):
        module = f"{{ nsguard.tunnels.mullvad = {value}; }}"
        options = (
            f"(import {NIXPKGS}/lib).evalModules {{ modules = [ {CHECKS.parent}/modules/tunnels.nix {module} ]; }}"
        )
        error = error_of(f"({options}).config.nsguard.tunnels.mullvad.mtu")
        assert (
            "error: nsguard.tunnels.mullvad: the value is not a set of options; for a provider's file, write"
            ' nsguard.tunnels.mullvad.configFile = "/run/secrets/…";\n'
        ) in error
        assert "the-key" not in error


@needs_nixpkgs
@pytest.mark.parametrize(
    ("option", "value", "instead"),
    [
        ("nsguard.namespaces.vpn", '"mullvad"', 'to name its tunnel, write nsguard.namespaces.vpn.tunnel = "…";'),
        ("nsguard.namespaces.vpn.portForwarding", "true", "write nsguard.namespaces.vpn.portForwarding.enable = true;"),
        (
            "nsguard.namespaces.vpn.hostServices.sonarr",
            "8989",
            "for the port on which it listens, write nsguard.namespaces.vpn.hostServices.sonarr.port = …;",
        ),
        (
            "nsguard.namespaces.vpn.publish.web",
            "9091",
            'write nsguard.namespaces.vpn.publish.web = { listen = [ "127.0.0.1:…" ]; port = …; };',
        ),
        (
            "nsguard.namespaces.vpn.allowedEgress.nas",
            '"192.168.1.10"',
            'write nsguard.namespaces.vpn.allowedEgress.nas = { address = "…"; port = …; };',
        ),
        ("nsguard.apps.web", '"firefox"', "to name its program, write nsguard.apps.web.package = pkgs.…;"),
    ],
)
def test_a_value_in_place_of_a_set_of_options_is_refused_with_the_line_to_write(
    option: str, value: str, instead: str
) -> None:
    modules = " ".join(f"{CHECKS.parent}/modules/{name}.nix" for name in ("apps", "namespaces"))
    alone = '{ _module.check = false; _module.args.pkgs = throw "no package is needed"; }'
    options = f"(import {NIXPKGS}/lib).evalModules {{ modules = [ {modules} {alone} {{ {option} = {value}; }} ]; }}"
    error = error_of(f"builtins.seq ({options}).config.{option} null")
    assert f"error: {option}: the value is not a set of options; {instead}\n" in error


def directives(text: str) -> list[tuple[str, str, str]]:
    """A unit's text as sorted (section, key, value), without the environment that NixOS gives to every service."""
    section, lines = "", []
    for line in text.splitlines():
        if line.startswith("["):
            section = line
        elif line and not re.match(r'Environment="?(PATH|TZDIR|LOCALE_ARCHIVE)=', line):
            key, _, value = line.partition("=")
            lines.append((section, key, value.strip('"') if key == "Environment" else value))
    return sorted(lines)


@needs_nixpkgs
@pytest.mark.parametrize(
    "scenario",
    sorted((CHECKS.parent / "harness/scenarios").glob("*.nix")),
    ids=lambda p: p.stem,
)
def test_nixos_renders_the_units_of_the_plan(scenario: Path, arguments: str) -> None:
    texts = evaluate(f"(import {CHECKS}/eval).unitTexts {arguments} (import {scenario})")
    assert texts["plan"], "the scenario has no unit"
    for name in texts["plan"]:
        assert directives(texts["nixos"][name]) == directives(texts["plan"][name]), name


@pytest.mark.parametrize(
    "scenario",
    sorted((CHECKS.parent / "harness/scenarios").glob("*.nix")),
    ids=lambda p: p.stem,
)
def test_what_a_switch_may_do_to_a_unit_stands_where_nixos_reads_it(scenario: Path) -> None:
    texts = evaluate(f"(import {CHECKS}/eval).planTexts (import {scenario})")
    places = [(section, key) for text in texts.values() for section, key, _ in directives(text) if "IfChanged" in key]
    assert ("[Service]", "X-ReloadIfChanged") in places
    assert {section for section, _ in places} == {"[Service]"}


@pytest.fixture(scope="session")
def offered(arguments: str) -> dict[str, Any]:
    return dict(evaluate(f'removeAttrs (import {CHECKS}/eval/flake.nix {arguments}) [ "hosts" "unguarded" ]'))


UNIT_TESTS = [f"units-{path.stem}" for path in (CHECKS / "units").glob("*.nix")]


def judge_script(script: str, directory: Path) -> None:
    """Compile a test's script and check it against the driver's own types."""
    driver = Path(NIXPKGS or "") / "nixos/lib"
    types = (driver / "test-script-prepend.py").read_text() + "client: Machine\nserver: Machine\n"
    (directory / "script.py").write_text(types + script)
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-implicit-optional", "--follow-imports=silent", "script.py"],
        cwd=directory,
        env=os.environ | {"MYPYPATH": f"{driver}/test-driver:{CHECKS.parent}/harness/src"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@needs_nixpkgs
@pytest.mark.parametrize("name", ["leaks", "template", "shown"])
def test_a_leak_test_evaluates_to_a_script_for_the_drivers_own_types(
    name: str, offered: dict[str, Any], tmp_path: Path
) -> None:
    judge_script(offered[name]["script"], tmp_path)
    assert "NetworkNamespacePath=/run/netns/vpn" in offered[name]["probe"]


@needs_nixpkgs
@pytest.mark.parametrize("name", [*UNIT_TESTS, "planted-namespace-alone"])
def test_the_other_tests_evaluate_to_scripts_for_the_drivers_own_types(
    name: str, offered: dict[str, Any], tmp_path: Path
) -> None:
    judge_script(offered["scripts"][name]["script"], tmp_path)
    assert "NetworkNamespacePath=/run/netns/vpn" in offered["scripts"][name]["unit"]
    # the node with the planted hole has the namespace and no other protection
    assert ("TemporaryFileSystem" in offered["scripts"][name]["unit"]) == name.startswith("units-")


@needs_nixpkgs
def test_the_templates_host_is_attacked_as_it_is_but_for_its_tunnel(offered: dict[str, Any]) -> None:
    template = offered["template"]
    assert template["tunnels"]["mullvad"]["configFile"] == "/etc/nsguard-lab/client.conf"
    assert 'services=["prowlarr"]' in template["script"]
    service = template["service"]
    assert "inside.agent /run/nsguard-agent-prowlarr/socket" in service
    # the rest of it is NixOS's own
    assert "DynamicUser=true" in service
    assert "StateDirectory=prowlarr" in service
    assert template["vm"], "the node does not run the host's own machine"


@needs_nixpkgs
def test_what_a_leak_test_lacks_or_misspells_is_reported(offered: dict[str, Any]) -> None:
    assert offered["alone"] == [
        "nsguard.nixosModules.leak-test: nsguard confines nothing on this host; import nsguard.nixosModules.default"
        " as well, or use nsguard.lib.makeLeakTest for another guard"
    ]
    of_namespace, *of_services = offered["misspelt"]
    assert of_namespace.startswith('nsguard.tests.namespace: there is no namespace "vnp" (defined: vpn)')
    assert of_services == [
        'nsguard.tests.services: nothing defines the service "certainly-not"; remove it',
        'nsguard.agents.services: nothing defines the service "prowlar"; did you mean "prowlarr"? If not, remove it',
    ]


@needs_nixpkgs
def test_a_leak_test_whose_machine_lacks_nsguard_is_refused_in_a_line(arguments: str) -> None:
    assert (
        "error: nsguard.agents.confine: it sets options of nsguard, which this machine does not have; import"
        " nsguard.nixosModules.default, for makeLeakTest in its modules, or set confine to what another guard has you"
        " write for a service\n"
    ) in error_of(f"(import {CHECKS}/eval/flake.nix {arguments}).unguarded")


@needs_nixpkgs
def test_leaks_node_confines_one_of_two_agents(offered: dict[str, Any]) -> None:
    assert "NetworkNamespacePath" not in offered["leaks"]["control"]
    assert any("name=nsguard.resident" in option for option in offered["leaks"]["qemu"])
    assert offered["leaks"]["tunnel"] == "/etc/nsguard-lab/client.conf"


@needs_nixpkgs
def test_hosts_as_people_have_them_evaluate_to_a_driver(arguments: str) -> None:
    hosts_on_the_labs_network(arguments)


def hosts_on_the_labs_network(arguments: str) -> None:
    """Evaluate the leak tests of the hosts of checks/hosts.nix, and assert that the lab decides their network."""
    hosts = evaluate(f"(import {CHECKS}/eval/flake.nix {arguments}).hosts")
    for name, host in hosts.items():
        assert host["whole"] and "leak_test(" in host["script"], name
        assert host["problems"] == [], name
        # users would take these warnings for warnings about their own host
        assert host["warnings"] == [], name
        # the lab's cards, gateways and resolvers replace the host's
        network = (host["interfaces"], host["defaultGateway"], host["nameservers"])
        assert network == (["eth1"], None, ["198.51.100.1"]), name
        assert host["firewall"], name
        assert host["namespaces"]["vpn"] == "/etc/nsguard-lab/client.conf", name
    assert (hosts["plain"]["seconds"], hosts["second-namespace"]["seconds"]) == (3600, 7200)
    assert hosts["second-namespace"]["namespaces"]["work"] == "/etc/nsguard-lab/absent/other.conf"
    # three overlays cannot be stacked: /etc is one, a service's /etc over it another, and a writable store would be one
    assert not hosts["etc-overlay"]["writableStore"]
    assert hosts["plain"]["writableStore"]
    # the lab lays the tunnel's file in an /etc that cannot be written to
    assert hosts["etc-overlay"]["tunnelFiles"] == "/var/lib/nsguard-lab-tunnel"
    assert hosts["plain"]["tunnelFiles"] is None


@needs_nixpkgs
def test_the_flake_offers_what_it_should(offered: dict[str, Any]) -> None:
    assert offered["modules"] == ["default", "leak-test", "leak-test-agents", "nsguard"]
    assert set(offered["packages"]) == {"x86_64-linux", "aarch64-linux"}
    for packages in offered["packages"].values():
        assert packages == {"default": "nsguard", "nsguard": "nsguard", "nsguard-harness": "nsguard-leaktest"}
    for tests in offered["tests"].values():
        assert set(tests["nsguard"]) == {"leaks"} and set(tests["nsguard-harness"]) == {"planted-namespace-alone"}
    for checks in offered["checks"].values():
        assert {"nsguard", "nsguard-harness", "docs-options", "leaks", "template"} <= set(checks)
        assert {"planted-namespace-alone", *UNIT_TESTS} <= set(checks)
        assert {"lint-nix", "lint-python", "lint-shell"} <= set(checks)
        assert {f"eval-plan-{name}" for name in OF_PLAN} | {f"eval-nixos-{name}" for name in CASES} <= set(checks)
