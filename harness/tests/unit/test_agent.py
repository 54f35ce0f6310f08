"""Both ends of an agent, in children of the test's process, without a lab."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from nsguard_harness import attacks
from nsguard_harness.agent_client import Agent
from nsguard_harness.attack import Attack, CannotApplyError, Env, Lacking, Outcome
from nsguard_harness.errors import AgentError
from nsguard_harness.inside import agent as inside
from nsguard_harness.machine import BUSY, Machine, ask


class Local:
    """The part of a machine that an agent needs; the files are those of this host."""

    name = "local"

    def ask(self, path: str, line: bytes, timeout: float) -> bytes:
        return ask(Path(path), line, timeout)


SOURCES = Path(inside.__file__).parents[2]
HERE = cast(Machine, Local())


class Says(Attack):
    name = "says"

    def run(self, env: Env) -> Outcome:
        return Outcome(env.parameters["reached"], f"{env.token} {env.family} {env.timeout:g}")


class Raises(Attack):
    name = "raises"

    def run(self, env: Env) -> Outcome:
        raise PermissionError(1, "not permitted")


class Lacks(Attack):
    name = "lacks"

    def run(self, env: Env) -> Outcome:
        raise CannotApplyError(Lacking.KERNEL, "no SCTP here")


class Hangs(Attack):
    """Hangs, and so does a child of its own; both ignore the signal that would end them."""

    name = "hangs"

    def run(self, env: Env) -> Outcome:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        child = os.fork()
        if child:
            Path(env.parameters["file"]).write_text(str(child))
        while True:
            time.sleep(60)


class Dies(Attack):
    name = "dies"

    def run(self, env: Env) -> Outcome:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


class Twice(Attack):
    """Forks, and returns an outcome in its child as well, where only the parent should go on."""

    name = "twice"

    def run(self, env: Env) -> Outcome:
        if child := os.fork():
            os.waitpid(child, 0)
        return Outcome(not child, "first" if not child else "second")


KINDS: dict[str, type[Attack]] = {kind.name: kind for kind in (Says, Raises, Lacks, Hangs, Dies, Twice)}


@pytest.fixture
def agent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Agent]:
    attacks.registry()  # the client's, which stays as it is: it looks up the module of each attack
    monkeypatch.setattr(attacks, "find", lambda name, _: KINDS[name])
    monkeypatch.setattr(attacks, "of_module", list)
    path = tmp_path / "socket"
    child = os.fork()
    if child == 0:
        try:
            inside.main(str(path))
        finally:
            os._exit(1)
    client = Agent(HERE, str(path))
    client.wait()
    yield client
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_an_outcome_comes_back(agent: Agent) -> None:
    assert agent.run("says", "token", 6, {"reached": True}, 2.5) == Outcome(reached=True, said="token 6 2.5")
    assert agent.run("says", "token", 4, {"reached": False}) == Outcome(reached=False, said="token 4 5")


def test_what_an_attack_raises_is_not_reached(agent: Agent) -> None:
    assert agent.run("raises", "t") == Outcome(reached=False, said="PermissionError: [Errno 1] not permitted")


def test_who_lacks_what_it_takes_comes_back(agent: Agent) -> None:
    assert agent.run("lacks", "t") == Outcome(False, "no SCTP here", "no SCTP here", Lacking.KERNEL)


def test_an_attack_that_hangs_is_killed_with_its_children(agent: Agent, tmp_path: Path) -> None:
    file = tmp_path / "pid"
    assert agent.run("hangs", "t", parameters={"file": str(file)}, timeout=0.5) == Outcome(
        False, f"no end in {0.5 * BUSY:g} s"
    )
    deadline = time.monotonic() + 5
    while (status := Path(f"/proc/{file.read_text()}/stat")).exists() and status.read_text().split()[2] != "Z":
        assert time.monotonic() < deadline, "a child of the attack lives on"
        time.sleep(0.01)


def test_an_attack_that_is_killed(agent: Agent) -> None:
    assert agent.run("dies", "t") == Outcome(reached=False, said="the attacking process was killed")


def test_the_first_answer_counts(agent: Agent) -> None:
    assert agent.run("twice", "t") == Outcome(reached=True, said="first")


def test_an_attack_that_is_not_there_is_an_error_of_the_lab(agent: Agent) -> None:
    with pytest.raises(AgentError, match=r"agent local:.*: nothing: KeyError: 'nothing'"):
        agent.run("nothing", "t")


@pytest.mark.parametrize("line", [b"\n", b"[]\n", b"{\n", b'{"attack": "says"}\n'])
def test_bad_requests_are_answered(agent: Agent, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(agent.socket)
        connection.sendall(line)
        with connection.makefile("rb") as stream:
            assert "no attempt" in json.loads(stream.readline())["error"]


def test_an_agent_loads_what_attacks_need_with_the_first_of_them() -> None:
    """A start of a service is mostly that of its agent, and a lab makes thousands of them."""
    listing = "import sys, nsguard_harness.inside.agent; print(*sys.modules)"
    command = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(SOURCES)!r}); {listing}"]
    loaded = set(subprocess.run(command, check=True, capture_output=True, text=True).stdout.split())
    assert loaded.isdisjoint({"json", "pathlib", "re", "typing", "nsguard_harness.attack", "nsguard_harness.attacks"})


def test_nobody_there(tmp_path: Path) -> None:
    nobody = Agent(HERE, str(tmp_path / "none"))
    with pytest.raises(AgentError, match="no answer: No such file"):
        nobody.run("says", "t")
    with pytest.raises(AgentError, match="no answer"):
        nobody.wait(timeout=0.05)
