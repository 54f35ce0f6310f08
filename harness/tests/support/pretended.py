"""A lab and agents that pretend: tests say beforehand how each phase goes, and what its capture holds."""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from nsguard_harness.addresses import LAB
from nsguard_harness.attack import Attack, Env, FromOutside, Lacking, Outcome
from nsguard_harness.capture import Frame
from nsguard_harness.errors import AgentError, CommandError
from nsguard_harness.machine import Uplink
from nsguard_harness.run.states import State
from nsguard_harness.run.suite import Cell, Report, Subject, Suite
from nsguard_harness.verdict.tokens import Tokens

UPLINK = Uplink("eth0", "02:00:00:00:00:02", LAB.client.v4, LAB.client.v6, "client")
GATE = Uplink("eth0", "02:00:00:00:00:01", LAB.server.v4, LAB.server.v6, "server")


@dataclass
class FakeMachine:
    """Answers what the suite's tap and world ask, and which attacks a signal reached (`signalled`, a set each time)."""

    uplinks: tuple[Uplink, ...]
    tunnel: bytes = b""
    exceptions: tuple[()] = ()
    own_kernel: bool = False
    signalled: list[set[str]] = field(default_factory=list)

    def succeed(self, *commands: str, timeout: float | None = None) -> str:
        if rest := re.match(r"tail -c \+(\d+) \S+ \| base64$", commands[0]):
            return b64encode(self.tunnel[int(rest[1]) - 1 :]).decode()
        return "wg0\n" if commands == ("wg show interfaces",) else ""

    def execute(self, command: str) -> tuple[int, str]:
        if "USR1" in command:
            tokens = set(re.findall(r"ng[a-z]+x\d+", command))
            return 0, "\n".join(self.signalled.pop(0) if self.signalled else tokens)
        return 0, "wg0\t41000\n"

    def spawn(self, command: str) -> None: ...

    def wait_until_succeeds(self, command: str, timeout: float = 0) -> str:
        return ""


@dataclass
class FakeCapture:
    frames: list[Frame] = field(default_factory=list)
    dropped: int = 0

    def __enter__(self) -> FakeCapture:
        return self

    def __exit__(self, *_: object) -> None: ...

    def shown(self, tokens: Tokens) -> frozenset[str]:
        return frozenset(token for frame in self.frames for token in tokens.find(frame.data))


class FakeLab:
    """One capture a phase; what agents send is put into the running one."""

    addresses = LAB
    pace, workers = 1.0, 16

    def __init__(self, drops: tuple[int, ...] = (0, 0)) -> None:
        self.client, self.server = FakeMachine((UPLINK,)), FakeMachine((GATE,))
        self.machines = {"client": self.client, "server": self.server}
        self.captures = [FakeCapture(dropped=n) for n in drops]
        self.used: list[FakeCapture] = []
        self.log: list[str] = []
        self.injected: Counter[bytes] = Counter()

    def endpoints(self) -> set[tuple[str, int]]:
        return {(address, LAB.endpoint_port) for address in LAB.endpoint}

    def inner_addresses(self) -> set[str]:
        return set(LAB.tunnel_client)

    def capture(self, machine: object) -> FakeCapture:
        self.used.append(self.captures[len(self.used)])
        return self.used[-1]

    def send(self, text: str) -> None:
        frame = (
            Ether(src=UPLINK.mac, dst=GATE.mac)
            / IP(src=LAB.client.v4, dst=LAB.server.v4)
            / UDP(sport=4000, dport=7)
            / Raw(text.encode())
        )
        self.used[-1].frames.append(Frame(1.0, bytes(frame), UPLINK.wire))


class FakeState(State):
    """Writes down what is done to the tunnel, and breaks on demand."""

    name = "fallen"

    def __init__(self, breaks: str = "") -> None:
        self.breaks = breaks

    def _done(self, lab: Any, what: str) -> None:
        lab.log.append(what)
        if what == self.breaks:
            raise CommandError(f"client: {what} ended with 1")

    def enter(self, lab: Any) -> None:
        self._done(lab, "enter")

    def leave(self, lab: Any) -> None:
        self._done(lab, "leave")


@dataclass(eq=False)
class FakeRuns:
    """An agent's behaviour: leak the token on the wire, by the tunnel, answer, or break."""

    lab: FakeLab
    leak: bool = False
    tunnel: bool = False
    reached: bool = False
    broken: bool = False
    stray: bool = False
    lacks: str = ""

    def wait(self) -> None: ...

    def run(self, attack: str, token: str, family: int, parameters: Mapping[str, Any], timeout: float) -> Outcome:
        if self.broken:
            raise AgentError("agent client:/socket: cannot connect")
        if self.leak:
            self.lab.send(f"hello {token}")
        if self.stray:
            self.lab.send("nobody's")
        if self.tunnel:
            self.lab.server.tunnel += token.encode()
        return Outcome(self.reached, f"said for {attack}", self.lacks, Lacking.KERNEL if self.lacks else None)


class Wire(Attack):
    name = "wire"

    def run(self, env: Env) -> Outcome:
        raise NotImplementedError


class Tunnelled(Wire):
    name = "tunnelled"
    tunnelled = True


class Answer(Wire):
    name = "answer"
    evidence = "answer"


class Hooked(Wire):
    """Writes down when its hooks are called, and breaks in one of them on demand."""

    name = "hooked"
    alone = True
    breaks: str = ""

    def _hook(self, lab: Any, hook: str) -> None:
        lab.log.append(hook)
        if hook == self.breaks:
            raise CommandError(f"client: {hook} ended with 1")

    def before(self, lab: Any) -> None:
        self._hook(lab, "before")

    def during(self, lab: Any) -> None:
        self._hook(lab, "during")

    def after(self, lab: Any) -> None:
        self._hook(lab, "after")


class Unprepared(Hooked):
    name = "unprepared"
    prepared_control = False


class Stopped(Wire):
    name = "stopped"
    stops_service = True


class Outsider(FromOutside):
    """Is answered by an exposed host."""

    name = "outsider"

    def __init__(self, holes: str = "") -> None:
        self.holes = holes

    def probe(self, lab: Any, env: Env) -> Outcome:
        lab.log.append("control" if env.parameters["control"] else "confined")
        return Outcome("expose" in lab.log or bool(self.holes), self.holes or "answered")

    def expose(self, lab: Any) -> None:
        lab.log.append("expose")

    def conceal(self, lab: Any) -> None:
        lab.log.append("conceal")


def run(lab: FakeLab, attack: Attack, confined: dict[str, Any], control: dict[str, Any]) -> Report:
    subject = Subject("root", FakeRuns(lab, **confined), FakeRuns(lab, **control))
    return Suite(lab, [Cell(attack, 4, subject, "ngfakex000")], tail=0).run()  # type: ignore[arg-type]


SEEN = {"leak": True}
