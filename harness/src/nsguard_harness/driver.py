"""The suite under the NixOS test driver: a test's `client` is attacked, its `server` plays the network around it.

    from nsguard_harness.driver import leak_test
    leak_test(client, server, namespace="vpn")

The nodes are those of lib/leak-test.nix: each has an agent on a serial port, and a hypervisor that takes a second
QMP connection. Frames are recorded by the client's hypervisor, outside it.
"""

from __future__ import annotations

import itertools
import json
import math
import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Protocol, Self

from .addresses import Pair
from .agent_client import Agent, printable
from .attack import OUTSIDE
from .capture import Capture, Captures
from .errors import HarnessError, LabError
from .lab import peer
from .lab.base import Lab
from .lab.channel import Channel
from .lab.debian import TUNNEL_CONFIGURATION
from .lab.qemu import Qmp
from .lab.system import System
from .lab.virtual import Recording, VirtualMachine
from .machine import Machine, Uplink
from .output.about import About
from .output.report import as_json, last_line
from .run.cells import Cell, Subject, cells_for, no_attacks, no_states, runs_of
from .run.states import UP
from .run.suite import Report, Suite, Verdict

# by lib/leak-test.nix, in the directory that the driver starts a machine in
PORT, QMP = "nsguard-port", "nsguard-qmp"
UNITS = "/run/systemd/system"  # for units that are not part of the NixOS configuration
PACE = 4.0
SERVICE_SECONDS = 120.0  # for the start of a service, times the pace


class Driven(Protocol):
    """The part of the driver's Machine that is used here."""

    name: str
    state_dir: Path
    connected: bool  # whether it holds a shell on the machine; it asks for one where it does not

    def start(self, allow_reboot: bool = False) -> None: ...


class LeakError(HarnessError):
    """The suite did not end with everything contained."""


class DriverMachine(VirtualMachine):
    """A machine that the driver started."""

    pace = PACE

    def __init__(self, driven: Driven, interface: str, address: Pair) -> None:
        """interface: the one on the lab's VLAN."""
        self.name, self._driven, self._interface, self._address = driven.name, driven, interface, address

    def power_on(self) -> None:
        """Have the driver start it, and listen for its agent; returns before it has booted. Raises LabError."""
        self._driven.start(allow_reboot=True)
        self._channel = Channel(self.name, self._driven.state_dir / PORT, self.pace)
        self._qmp = Qmp(self._driven.state_dir / QMP)

    def connect(self) -> None:
        """Wait until it has booted. Raises LabError."""
        self._await_boot(0)
        mac = self.read(f"/sys/class/net/{self._interface}/address").decode().strip()
        self.uplinks = (Uplink(self._interface, mac, *self._address, self.name),)

    def _gone(self) -> None:
        super()._gone()
        self._driven.connected = False  # or the driver would take the next boot's first output for an answer

    def close(self) -> None:
        """Close the connections to it; the driver ends the machine."""
        self._ready = False
        if self._channel is not None:
            self._channel.close()
        if self._qmp is not None:
            self._qmp.close()


class DriverLab(Lab):
    """Two nodes of a NixOS test on one VLAN."""

    client: DriverMachine
    server: DriverMachine
    pace, workers = PACE, 6

    def __init__(self, client: Driven, server: Driven, interface: str, netdev: str, directory: Path) -> None:
        """interface: of both, on the VLAN; netdev: the client's in its hypervisor; directory: for captures."""
        self.client = DriverMachine(client, interface, self.addresses.client)
        self.server = DriverMachine(server, interface, self.addresses.server)
        self.machines = {"client": self.client, "server": self.server}
        self.injected = Counter()
        self._netdev, self._directory, self._number = netdev, directory, 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            for machine in (self.server, self.client):
                stack.callback(machine.close)
                machine.power_on()
            for machine in (self.server, self.client):
                machine.connect()
            # by the server, since the driver's own process has no `wg`
            self.secrets = peer.Secrets.generate(peer.wg_of(self.server))
            self.peer = peer.Peer(self.server, self.secrets, self.addresses)
            units = peer.units(kernel=True)
            system = System(
                image=Path(),
                trees=peer.TREES,
                files={f"{peer.UNITS}/{unit}": text for unit, text in units.items()},
                secrets={f"{peer.CONFIGURATION}/server.conf": self.secrets.server_configuration(self.addresses)},
                links=peer.enabled(units),
            )
            self.server.lay_out(system, UNITS)
            tunnel = {TUNNEL_CONFIGURATION: self.secrets.client_configuration(self.addresses)}
            self.client.lay_out(System(image=Path(), trees=peer.TREES, secrets=tunnel), UNITS)
            self._stack = stack.pop_all()
        return self

    def capture(self, machine: Machine) -> Captures:
        """By the hypervisor of the client; nothing else of the lab is captured."""
        if machine is not self.client:
            raise LabError(f"{machine.name}: only the client is captured under the test driver")
        self._number += 1
        (uplink,) = self.client.uplinks
        path = self._directory / f"{self._number:03}-{uplink.wire}.pcap"
        return Captures([Capture(uplink.wire, path, Recording(self.client, self._netdev), partial(self._send, 0.0))])

    def exchange(
        self, machine: Machine, frames: Sequence[bytes], is_answer: Callable[[bytes], bool], timeout: float = 1.0
    ) -> list[bytes]:
        self.injected.update(frames)
        return [frame for frame in self._send(timeout, *frames) if is_answer(frame)][:1]

    def _send(self, seconds: float, *frames: bytes) -> list[bytes]:
        (uplink,) = self.server.uplinks
        program = f"PYTHONPATH={peer.LIBRARY} python3 -m nsguard_harness.inside.port {uplink.interface} {seconds}"
        done = self.server.run(program, None, "".join(f"{frame.hex()}\n" for frame in frames).encode())
        if done.status:
            raise LabError(f"{self.server.name}: frames could not be sent: {done.errors.strip()[-200:]}")
        return [bytes.fromhex(line) for line in done.output.split()]

    def close(self) -> None:
        self._stack.close()


def _agent(lab: Lab, name: str) -> Agent:
    agent = Agent(lab.client, f"/run/nsguard-agent-{name}/socket")
    agent.wait(60 * lab.pace)
    return agent


def _run(lab: Lab, service: str) -> str:
    """Start a service, of a template an instance, and return its PID. Raises LabError if it does not run."""
    unit = f"{service}leak-test.service" if service.endswith("@") else f"{service}.service"
    status, _ = lab.client.execute(f"systemctl start {shlex.quote(unit)}", timeout=SERVICE_SECONDS * lab.pace)
    pid = lab.client.get_unit_property(unit, "MainPID")
    if status or pid == "0":
        _, journal = lab.client.execute(f"journalctl --unit {shlex.quote(unit)} --lines 5 --output cat")
        reason = printable(" | ".join(journal.splitlines()))
        raise LabError(
            f"{service}: the service did not start with the attacker as its program; its journal ends with: {reason}"
        )
    return pid


def _in_its_place(lab: Lab, service: str, known: Sequence[Subject], attacks: str, states: str) -> list[Cell]:
    """The core set's cells with the agent in a service's place, by the identity that the service has there.

    Cells that disturb the machine are left out: they tell no more. Raises LabError if the service does not run, or if
    no subject has that identity.
    """
    pid = _run(lab, service)
    identity = "root" if lab.client.succeed(f"stat -c %u /proc/{pid}").strip() == "0" else "user"
    alike = [subject for subject in known if subject.identity == identity]
    if not alike:
        raise LabError(f"{service}: it runs as {identity}, and there is no unconfined agent of that identity")
    agent = _agent(lab, service)
    return [
        replace(cell, subject=Subject(service, agent, cell.subject.control))
        for cell in cells_for(attacks, alike, states, quick=True)
        if cell.subject.identity != OUTSIDE and not cell.attack.alone
    ]


def _printed(total: int) -> Callable[[str, str], None]:
    """Prints how many of the runs have ended, at each tenth of them: the suite's `progress`."""
    ended = itertools.count(1)
    tenths = {math.ceil(total * tenth / 10) for tenth in range(1, 11)}

    def progress(attack: str, phase: str) -> None:
        if (number := next(ended)) in tenths:
            print(f"leak-test: {number} of {total} attacks and controls have ended", flush=True)

    print(f"leak-test: {total} attacks and controls; without KVM they take many minutes", flush=True)
    return progress


def leak_test(
    client: Driven,
    server: Driven,
    *,
    subjects: Mapping[str, Sequence[str]],
    services: Sequence[str] = (),
    prepare: str | Callable[[Lab], None] = "",
    attacks: str = "*",
    states: str = UP.name,
    quick: bool = True,
    probes: Sequence[Callable[[Lab], None]] = (),
    interface: str = "eth1",
    netdev: str = "vlan1",
    out: Path | None = None,
) -> Report:
    """Attack the client's services, and raise LeakError unless everything is contained.

    Raises LabError before the machines start if no attack or no state has the name.

    subjects: identity → names of the confined and of the unconfined agent; services: names of agents that run in place
    of services, besides;
    prepare: a command for the client, or a call, once the tunnel's configuration lies in TUNNEL_CONFIGURATION;
    attacks, states: globs; quick: the core set; probes: more checks, called with the lab at the end;
    out: the directory for `leak-test/`, which holds the report (HTML, JSON) and the captures.
    """
    from .output.page import page

    if reason := no_attacks(attacks, quick=quick) or no_states(states):
        raise LabError(f"leak-test: {reason}")
    directory = (out or Path.cwd()) / "leak-test"
    directory.mkdir(parents=True, exist_ok=True)
    with DriverLab(client, server, interface, netdev, directory) as lab:
        if callable(prepare):
            prepare(lab)
        elif prepare:
            lab.client.succeed(prepare, timeout=300 * lab.pace)
        known = [Subject(who, *(_agent(lab, name) for name in names)) for who, names in subjects.items()]
        cells = cells_for(attacks, known, states, quick=quick)
        for service in services:
            cells += _in_its_place(lab, service, known, attacks, states)
        about = About.of(lab.client.execute, f"configuration of {client.name}")
        report = Suite(lab, cells, _printed(runs_of(cells))).run()
        for probe in probes:
            probe(lab)
    (directory / "report.json").write_text(json.dumps(as_json(report, about), indent=1) + "\n")
    (directory / "report.html").write_text(page(report, datetime.now().astimezone(), about=about))
    for result in report.results:
        if result.verdict not in (Verdict.CONTAINED, Verdict.CANNOT):
            print(result)
    for leak in report.confined.judgement.unowned:
        print(leak)
    print(last_line(report))
    if report.status:
        raise LeakError(f"leak-test: {last_line(report)}; see {directory / 'report.html'}")
    return report
