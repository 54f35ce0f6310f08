"""Verdicts and exit statuses, with a lab and agents that only pretend."""

from __future__ import annotations

import io
import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from rich.console import Console
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.packet import Raw

from nsguard_harness.addresses import LAB
from nsguard_harness.attack import Attack, Env, FromOutside, Lacking, Outcome
from nsguard_harness.capture import Frame
from nsguard_harness.errors import AgentError, CommandError
from nsguard_harness.machine import Uplink
from nsguard_harness.output.report import as_json, attacks_table, classes_table, last_line
from nsguard_harness.run.states import State
from nsguard_harness.run.suite import Cell, Report, Result, Run, Subject, Suite, Verdict
from nsguard_harness.verdict.judge import Judgement

UPLINK = Uplink("eth0", "02:00:00:00:00:02", LAB.client.v4, LAB.client.v6, "client")
GATE = Uplink("eth0", "02:00:00:00:00:01", LAB.server.v4, LAB.server.v6, "server")


@dataclass
class FakeMachine:
    """Answers the two commands that the suite's tap and world ask."""

    uplinks: tuple[Uplink, ...]
    tunnel: bytes = b""
    exceptions: tuple[()] = ()
    own_kernel: bool = False

    def succeed(self, *commands: str, timeout: float | None = None) -> str:
        return "wg0\n" if commands == ("wg show interfaces",) else ""

    def execute(self, command: str) -> tuple[int, str]:
        return 0, "wg0\t41000\n"

    def spawn(self, command: str) -> None: ...

    def wait_until_succeeds(self, command: str, timeout: float = 0) -> str:
        return ""

    def read(self, path: str) -> bytes:
        return self.tunnel


@dataclass
class FakeCapture:
    frames: list[Frame] = field(default_factory=list)
    dropped: int = 0

    def __enter__(self) -> FakeCapture:
        return self

    def __exit__(self, *_: object) -> None: ...


class FakeLab:
    """One capture a phase; what agents send is put into the running one."""

    addresses = LAB
    pace, workers = 1.0, 16

    def __init__(self, drops: tuple[int, int] = (0, 0)) -> None:
        self.client, self.server = FakeMachine((UPLINK,)), FakeMachine((GATE,))
        self.machines = {"client": self.client, "server": self.server}
        self.captures = [FakeCapture(dropped=n) for n in drops]
        self.used: list[FakeCapture] = []
        self.said: list[str] = []
        self.injected: Counter[bytes] = Counter()

    def endpoints(self) -> set[tuple[str, int]]:
        return {(one, LAB.endpoint_port) for one in LAB.endpoint}

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
        lab.said.append(what)
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
        lab.said.append(hook)
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
        lab.said.append("control" if env.parameters["control"] else "confined")
        return Outcome("expose" in lab.said or bool(self.holes), self.holes or "answered")

    def expose(self, lab: Any) -> None:
        lab.said.append("expose")

    def conceal(self, lab: Any) -> None:
        lab.said.append("conceal")


def run(lab: FakeLab, attack: Attack, confined: dict[str, Any], control: dict[str, Any]) -> Report:
    subject = Subject("root", FakeRuns(lab, **confined), FakeRuns(lab, **control))
    return Suite(lab, [Cell(attack, 4, subject, "ngfakex000")], tail=0).run()  # type: ignore[arg-type]


SEEN = {"leak": True}
TABLE = [
    ("contained", Wire(), {}, SEEN, 0, "nothing on the uplink"),
    ("LEAKED", Wire(), SEEN, SEEN, 1, "(1 frame)"),
    ("LEAKED", Wire(), SEEN, {}, 1, "198.51.100.1:7"),
    ("vacuous", Wire(), {}, {}, 2, "control was not seen: said for wire"),
    ("vacuous", Wire(), {"reached": True}, {"reached": True}, 2, "control was not seen"),
    ("error", Wire(), {"broken": True}, SEEN, 3, "confined: agent client:/socket: cannot connect"),
    ("error", Wire(), {}, {"broken": True}, 3, "control: agent"),
    ("contained", Answer(), {}, {"reached": True}, 0, "nothing on the uplink"),
    ("contained", Answer(), {}, SEEN, 0, "nothing on the uplink"),
    ("LEAKED", Answer(), {"reached": True}, {"reached": True}, 1, "said for answer"),
    ("LEAKED", Answer(), SEEN, {"reached": True}, 1, "udp"),
    ("vacuous", Answer(), {}, {}, 2, "control was not seen"),
    ("contained", Tunnelled(), {"tunnel": True}, SEEN, 0, "through the tunnel"),
    ("vacuous", Tunnelled(), {}, SEEN, 2, "nothing of it came through the tunnel"),
    ("LEAKED", Tunnelled(), {"tunnel": True, "leak": True}, SEEN, 1, "udp"),
    ("cannot apply", Wire(), {}, {"lacks": "no SCTP here"}, 2, "no SCTP here"),
    ("vacuous", Wire(), {"lacks": "no SCTP here"}, {}, 2, "control was not seen"),
    ("contained", Wire(), {"lacks": "no SCTP here"}, SEEN, 0, "nothing on the uplink"),
    ("LEAKED", Wire(), SEEN, {"lacks": "no SCTP here"}, 1, "udp"),
    ("LEAKED", Unprepared(), {"stray": True}, SEEN, 1, "without its token: 198.51.100.2:4000"),
    ("contained", Stopped(), {"broken": True}, SEEN, 0, "nothing on the uplink"),
    ("error", Stopped(), {}, {"broken": True}, 3, "control: agent"),
    ("contained", Outsider(), {}, {}, 0, "nothing on the uplink"),
]


@pytest.mark.parametrize(("verdict", "attack", "confined", "control", "status", "evidence"), TABLE)
def test_verdicts(
    verdict: str,
    attack: Attack,
    confined: dict[str, Any],
    control: dict[str, Any],
    status: int,
    evidence: str,
) -> None:
    report = run(FakeLab(), attack, confined, control)
    (result,) = report.results
    assert (result.verdict.value, report.status) == (verdict, status)
    assert evidence in result.evidence
    assert result.lacking is (Lacking.KERNEL if verdict == "cannot apply" else None)


@pytest.mark.parametrize(
    ("drops", "confined", "status", "evidence"),
    [
        ((3, 0), {}, 3, "confined: the capture lost 3 frames"),
        ((0, 2), {}, 3, "control: the capture lost 2 frames"),
        ((3, 3), SEEN, 1, "udp"),
    ],
)
def test_drops_void_everything_but_a_leak(
    drops: tuple[int, int], confined: dict[str, Any], status: int, evidence: str
) -> None:
    report = run(FakeLab(drops), Wire(), confined, SEEN)
    assert report.status == status
    assert evidence in report.results[0].evidence


def test_frames_that_nobody_owns_are_leaks_of_the_run() -> None:
    report = run(FakeLab(), Wire(), {"stray": True}, SEEN)
    assert report.results[0].verdict is Verdict.CONTAINED
    assert (report.count(Verdict.LEAKED), report.status) == (1, 1)
    assert last_line(report) == "nsguard: 1 contained, 1 leaked, 0 vacuous"


def test_strays_of_the_control_are_no_leaks() -> None:
    assert run(FakeLab(), Wire(), {}, {"leak": True, "stray": True}).status == 0


def test_a_run_without_cells_proves_nothing() -> None:
    assert Suite(FakeLab(), [], tail=0).run().status == 2  # type: ignore[arg-type]


def test_hooks_surround_both_phases_and_disturb_only_the_confined() -> None:
    lab = FakeLab()
    assert run(lab, Hooked(), {}, SEEN).status == 0
    assert lab.said == ["before", "during", "after", "before", "after"]


def test_a_control_that_needs_no_preparation_gets_none() -> None:
    lab = FakeLab()
    assert run(lab, Unprepared(), {}, SEEN).status == 0
    assert lab.said == ["before", "during", "after"]


@pytest.mark.parametrize("hook", ["before", "during", "after"])
def test_a_hook_that_breaks_is_an_error_and_is_still_cleaned_up(hook: str) -> None:
    lab, attack = FakeLab(), Hooked()
    attack.breaks = hook
    report = run(lab, attack, {}, SEEN)
    assert (report.results[0].verdict, report.status) == (Verdict.ERROR, 3)
    assert f"confined: {hook}: client: {hook} ended with 1" in report.results[0].evidence
    assert lab.said[:3] == ["before", "during", "after"]


@dataclass(eq=False)
class SlowRuns(FakeRuns):
    """Sends after a while, if at all, and goes on until it is disturbed or its time is over."""

    silent: bool = False

    def run(self, attack: str, token: str, family: int, parameters: Mapping[str, Any], timeout: float) -> Outcome:
        deadline = time.monotonic() + timeout + 1
        time.sleep(0.2)
        if not self.silent:
            self.lab.said.append("sent")
            self.lab.server.tunnel += token.encode()
        while "during" not in self.lab.said and time.monotonic() < deadline:
            time.sleep(0.01)
        return Outcome(False)


@pytest.mark.parametrize("silent", [False, True])
def test_an_attack_is_disturbed_when_it_is_under_way(silent: bool) -> None:
    lab, attack = FakeLab(), Unprepared()
    attack.timeout = 1.0  # type: ignore[misc]
    subject = Subject("root", SlowRuns(lab, silent=silent), FakeRuns(lab, leak=True))
    (result,) = Suite(lab, [Cell(attack, 4, subject, "ngfakex000")], tail=0).run().results  # type: ignore[arg-type]
    if silent:
        assert lab.said == ["before", "after"]
        assert (result.verdict, result.evidence) == (
            Verdict.ERROR,
            "confined: during: nothing of ngfakex000 came out of the tunnel within 1 s",
        )
    else:
        assert lab.said == ["before", "sent", "during", "after"]
        assert result.verdict is Verdict.CONTAINED


def test_a_state_surrounds_the_confined_alone() -> None:
    lab = FakeLab()
    assert in_state(lab, Hooked(), FakeState()).results[0].verdict is Verdict.CONTAINED
    assert lab.said == ["enter", "before", "during", "after", "leave", "before", "after"]


@pytest.mark.parametrize("breaks", ["enter", "leave"])
def test_a_state_that_breaks_is_an_error_and_is_still_left(breaks: str) -> None:
    lab = FakeLab()
    (result,) = in_state(lab, Wire(), FakeState(breaks)).results
    assert (result.verdict, result.state) == (Verdict.ERROR, "fallen")
    assert f"confined: fallen: client: {breaks} ended with 1" in result.evidence
    assert lab.said == ["enter", "leave"]


def test_nothing_need_come_out_of_a_tunnel_that_carries_nothing() -> None:
    report = in_state(FakeLab(), Tunnelled(), FakeState())
    assert (report.results[0].verdict, report.results[0].evidence) == (Verdict.CONTAINED, "nothing on the uplink")


def in_state(lab: FakeLab, attack: Attack, state: State) -> Report:
    subject = Subject("root", FakeRuns(lab), FakeRuns(lab, leak=True))
    return Suite(lab, [Cell(attack, 4, subject, "ngfakex0000", state)], tail=0).run()  # type: ignore[arg-type]


def test_one_control_serves_all_states() -> None:
    lab = FakeLab()
    subject = Subject("root", FakeRuns(lab), FakeRuns(lab, leak=True))
    cells = [
        Cell(Wire(), 4, subject, "ngfakex0000"),
        Cell(Wire(), 4, subject, "ngfakex0001", FakeState(), "ngfakex0000"),
    ]
    report = Suite(lab, cells, tail=0).run()  # type: ignore[arg-type]
    assert [result.verdict for result in report.results] == [Verdict.CONTAINED] * 2
    assert [(span.name, span.state) for span in report.confined.spans] == [("", "up"), ("", "fallen")]
    assert set(report.control.outcomes) == {"ngfakex0000"}


def test_somebody_outside_is_answered_by_an_exposed_host() -> None:
    lab = FakeLab()
    report = run(lab, Outsider(), {}, {})
    assert lab.said == ["confined", "expose", "control", "conceal"]
    assert (report.results[0].control, report.status) == ("answered", 0)
    assert run(FakeLab(), Outsider("a RST came"), {}, {}).results[0].evidence == "a RST came"


def test_reports_show_what_was_found() -> None:
    report = run(FakeLab(), Wire(), {"leak": True, "stray": True}, SEEN)
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(attacks_table(report), classes_table(report.confined.judgement))
    text = console.export_text()
    assert "LEAKED wire IPv4 as root: 198.51.100.2" in text
    assert "LEAKED unowned: 198.51.100.2" in text
    data = json.loads(json.dumps(as_json(report)))
    assert data["about"] is None
    assert (data["status"], data["counts"]["LEAKED"], data["results"][0]["verdict"]) == (1, 2, "LEAKED")
    assert data["confined"]["classes"] == {"!udp": 2}


def test_text_from_outside_is_no_markup_and_a_narrow_terminal_keeps_the_verdicts() -> None:
    said = (
        "[fd11::5] 1234 > [2001:db8::1] 53: [bold]seen[/bold] on the wire, \x1b]0;owned\x07, with more words than fit"
    )
    names = ("getaddrinfo-old-process", "session-activation")
    results = tuple(
        Result(name, 6, who, "t", Verdict.VACUOUS, said, control=said) for name in names for who in ("root", "user")
    )
    judged = Run({}, {}, Judgement(classes={"allowed-egress:[nas]": 1}))
    for width in (60, 80):
        console = Console(width=width, record=True, file=io.StringIO())
        console.print(attacks_table(Report(results, judged, judged)), classes_table(judged.judgement))
        text = console.export_text()
        rows = [line for line in text.splitlines() if line.startswith(names[1])]
        assert rows[0].split()[1:3] == ["vacuous", "vacuous"]
        assert rows[0].split()[3].startswith("[fd11::5]")
        assert all(len(line) <= width for line in text.splitlines())
        assert "[bold]seen[/bold]" in text.replace("\n", " ")
        assert "allowed-egress:[nas]" in text
        assert "\x1b" not in text
        assert r"\x1b]0;owned" in text
