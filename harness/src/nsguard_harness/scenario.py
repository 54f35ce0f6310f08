"""From a scenario, plain data in a Nix file, to units and files on a machine. Nix evaluates, and builds nothing."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .checkout import PLAN, SCENARIOS
from .errors import ScenarioError
from .machine import Machine
from .verdict.rules import ROUTER, Rule, allowed_egress

DEMO, RUN, FORWARDING, PUBLISH, CLIENTS, APPS, EXCEPTIONS, HOSTLINK, RANGES = (
    SCENARIOS / f"{name}.nix"
    for name in ("demo", "run", "forwarding", "publish", "clients", "apps", "exceptions", "hostlink", "ranges")
)
UNITS = "/etc/systemd/system"
JOURNAL = "/etc/systemd/journald.conf.d/"
LAUNCHERS, ENTRIES = "/usr/local/bin", "/usr/local/share/applications"
PROGRAMS = {
    "nsguard": "bin/nsguard",
    "nsguard-init": "bin/nsguard-init",
    "wireguard-go": "bin/wireguard-go",
    "amneziawg-go": "bin/amneziawg-go",
    "bubblewrap": "bin/bwrap",
    "systemd-socket-proxyd": "lib/systemd/systemd-socket-proxyd",
    "xdg-dbus-proxy": "bin/xdg-dbus-proxy",
    "dbus-daemon": "bin/dbus-daemon",
}
TOOLS = "tools = { " + " ".join(f'{tool} = "/usr/{program}";' for tool, program in PROGRAMS.items()) + " };"
PROTECTIONS = f"{{ plan }}: (import plan {{ {TOOLS} }}).protections"
# rules by the scenario that sets their options
SCENARIO_OF_RULE = {
    "nft:forwarded-port": FORWARDING,
    "nft:tunnel-ports": PUBLISH,
    "nft:tunnel-ranges": RANGES,
    "nft:publish-from": CLIENTS,
    "nft:link-ranges": RANGES,
} | {
    f"nft:link-{rule}": HOSTLINK
    for rule in (
        *("input", "loopback", "entered", "output"),
        *("host-input", "forward-in", "forward-out", "forward-others"),
    )
}
LOOSENINGS = "{ plan }: builtins.mapAttrs (_: one: one.attacks) (import plan { tools = { }; }).loosenings"
OF_APPS = {"bus", "sandbox"}  # kinds of protections that apps alone have
STARTING = {"multi-user.target", "sockets.target"}
EXPRESSION = f"""
{{ plan, scenario, without }}:
let
  {TOOLS}
  # as Debian's passwd(5) has it: the user of the agents
  meant = {{ accounts.www-data.home = "/var/www"; }} // import scenario;
  made = (import plan {{ inherit tools; without = builtins.fromJSON without; }}).plan meant;
in
{{
  inherit (made) problems groups launchers;
  exceptions = builtins.concatMap (
    namespace: builtins.attrValues (
      builtins.mapAttrs (name: it: {{ inherit name; inherit (it) address port; }}) (namespace.allowedEgress or {{ }})
    )
  ) (builtins.attrValues (meant.namespaces or {{ }}));
  forwards = builtins.any (namespace: namespace.hostLink.enable or false) (
    builtins.attrValues (meant.namespaces or {{ }})
  );
  files = made.files // builtins.listToAttrs (map (name: {{
    name = "{ENTRIES}/nsguard-${{name}}.desktop";
    value = made.desktopEntries.${{name}};
  }}) (builtins.attrNames made.desktopEntries));
  units = builtins.mapAttrs (_: unit: {{ inherit (unit) text wantedBy; }}) made.units;
}}
"""


@dataclass(frozen=True)
class Unit:
    """A unit file, and the targets that want it."""

    text: str
    wanted_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Protection:
    """One protection of the plan. besides: others that guard the same, so that an attack needs all of them removed.

    own_kernel: attacks notice its absence only where the client has a kernel of its own.
    """

    name: str
    guards: str
    besides: tuple[str, ...] = ()
    own_kernel: bool = False

    @property
    def scenario(self) -> Path:
        """A scenario whose plan has it."""
        if self.name in SCENARIO_OF_RULE:
            return SCENARIO_OF_RULE[self.name]
        kind = self.name.partition(":")[0]
        return RUN if kind == "run" else APPS if kind in OF_APPS else DEMO


@dataclass(frozen=True)
class Plan:
    """units by name, files by their path on the machine, groups with the names of their members.

    launchers: argv by the name that each has in PATH; exceptions: what the scenario itself, not the plan, lets out.
    """

    units: Mapping[str, Unit]
    files: Mapping[str, str]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    launchers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exceptions: tuple[Rule, ...] = ()

    @property
    def started(self) -> tuple[str, ...]:
        """The units that start with the machine."""
        return tuple(name for name, unit in self.units.items() if STARTING & set(unit.wanted_by))


def render(scenario: Path, without: Sequence[str] = ()) -> Plan:
    """Evaluate a scenario. without: protections to leave out, by their names in the plan. Raises ScenarioError."""
    arguments = {"scenario": str(scenario.absolute()), "without": json.dumps(list(without))}
    return parse(scenario, _evaluate(str(scenario), EXPRESSION, arguments))


def render_data(specification: Mapping[str, Any], directory: Path) -> Plan:
    """Evaluate a scenario that is plain data here; `directory` holds its files. Raises ScenarioError."""
    (directory / "specification.json").write_text(json.dumps(specification))
    scenario = directory / "scenario.nix"
    scenario.write_text("builtins.fromJSON (builtins.readFile ./specification.json)\n")
    return render(scenario)


def protections() -> tuple[Protection, ...]:
    """Every protection of the plan, as the plan itself lists them. Raises ScenarioError."""
    records = json.loads(_evaluate("the plan's protections", PROTECTIONS, {}))
    return tuple(
        Protection(name, record["guards"], tuple(record["besides"]), record["ownKernel"])
        for name, record in records.items()
    )


def loosenings() -> dict[str, set[str]]:
    """The attacks that succeed with each loosening of a service, as the plan names them. Raises ScenarioError."""
    records = json.loads(_evaluate("the plan's loosenings", LOOSENINGS, {}))
    return {name: set(names) for name, names in records.items()}


def _evaluate(what: str, expression: str, arguments: Mapping[str, str]) -> str:
    """Evaluate a function of the plan's path and of `arguments`; returns JSON. Raises ScenarioError, naming `what`."""
    # the dummy store: evaluation that writes nothing, not even a lock
    command = ["nix-instantiate", "--option", "store", "dummy://", "--eval", "--strict", "--json", "-E", expression]
    for name, value in {"plan": str(PLAN), **arguments}.items():
        command += ["--argstr", name, value]
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise ScenarioError("scenario: nix-instantiate is missing; `make deps` installs it") from error
    if done.returncode:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip() and "warning:" not in line]
        raise ScenarioError(f"scenario: {what}: {' '.join(lines)[:600]}")
    return done.stdout


def parse(scenario: Path, text: str) -> Plan:
    """Read what Nix printed; raises ScenarioError for another shape, or when the plan found problems."""
    try:
        plan = json.loads(text)
        problems = list(plan["problems"])
        units = {str(name): Unit(unit["text"], tuple(unit["wantedBy"])) for name, unit in plan["units"].items()}
        files = {str(name): str(content) for name, content in plan["files"].items()}
        groups = {str(name): tuple(map(str, members)) for name, members in plan["groups"].items()}
        launchers = {str(name): tuple(map(str, argv)) for name, argv in plan["launchers"].items()}
        exceptions = tuple(allowed_egress(rule["name"], rule["address"], rule["port"]) for rule in plan["exceptions"])
        forwards = bool(plan["forwards"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ScenarioError(f"scenario: {scenario}: the plan has another shape than expected: {error!r}") from error
    if problems:
        raise ScenarioError(f"scenario: {scenario}: {'; '.join(map(str, problems))}")
    return Plan(units, files, groups, launchers, (*exceptions, ROUTER) if forwards else exceptions)


def install(machine: Machine, plan: Plan) -> None:
    """Write units and files, reload systemd, and enable the units that start with the machine."""
    machine.exceptions = plan.exceptions
    units = {f"{UNITS}/{name}": unit.text for name, unit in plan.units.items()}
    journal = {path: text for path, text in plan.files.items() if path.startswith(JOURNAL)}
    stale = any(machine.execute(f"cat {path} 2>/dev/null")[1] != text for path, text in journal.items())
    machine.write_files({**units, **plan.files})
    if stale:
        machine.succeed("systemctl restart systemd-journald")  # it reads its configuration when it starts
    for name, members in plan.groups.items():
        # members without an account on the machine get one
        accounts = [f"id -u {member} >/dev/null 2>&1 || useradd -m -s /bin/bash {member}" for member in members]
        machine.succeed(*accounts, f"groupadd -f {name}", f"gpasswd -M {','.join(members)} {name} >/dev/null")
    if plan.launchers:
        scripts = {
            f"{LAUNCHERS}/{name}": f'#!/bin/sh\nexec {shlex.join(argv)} "$@"\n' for name, argv in plan.launchers.items()
        }
        machine.write_files(scripts, mode=0o755)
    enabled = [name for name, unit in plan.units.items() if unit.wanted_by]
    # `enable` also reloads systemd
    machine.succeed(f"systemctl enable -q {' '.join(enabled)}" if enabled else "systemctl daemon-reload")


def start(machine: Machine, plan: Plan) -> None:
    """Start what starts with the machine, and wait for it. Raises CommandError with the journal's last lines."""
    units = " ".join(plan.started)
    if units:
        journal = f"journalctl -b -n 20 -o cat -u 'nsguard-*' {' '.join(f'-u {unit}' for unit in plan.started)}"
        machine.succeed(f"systemctl start {units} || {{ {journal} >&2; exit 1; }}")


def apply(machine: Machine, scenario: Path, without: Sequence[str] = ()) -> Plan:
    """Render a scenario, install it and start what it wants started."""
    plan = render(scenario, without)
    install(machine, plan)
    start(machine, plan)
    return plan
