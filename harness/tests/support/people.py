"""Accounts of a lab's machine, and what they type."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, replace
from typing import Any

import pexpect

from nsguard_harness.lab.nspawn import ContainerMachine
from nsguard_harness.machine import Completed

PATH = "/usr/local/bin:/usr/bin:/bin"
# seconds; a machine under load starts a command in one of them
PATIENCE = 60
PROMPT = "[lab] "
# What `nsguard run` says where a command has not started within three seconds, as may happen there.
SLOW = "nsguard: vpn: waiting for the namespace and its tunnel\n"


@dataclass(frozen=True)
class Person:
    """An account with its groups, as after a login."""

    machine: ContainerMachine
    name: str

    def words(self, *command: str, directory: str = "/", **environment: str) -> list[str]:
        """The words that run a command as this person, in a directory and with more variables."""
        home = f"/home/{self.name}"
        given = {"PATH": PATH, "HOME": home, "USER": self.name, "SHELL": "/bin/bash", "LANG": "C.UTF-8", **environment}
        become = ["setpriv", "--reuid", self.name, "--regid", self.name, "--init-groups"]
        return ["env", "-i", "-C", directory, *(f"{k}={v}" for k, v in given.items()), *become, *command]

    def run(self, *command: str, stdin: bytes = b"", directory: str = "/", **environment: str) -> Completed:
        """Run a command without a terminal, for no longer than a minute. That the machine is slow is no error."""
        line = shlex.join(self.words(*command, directory=directory, **environment))
        done = self.machine.run(f"exec {line}", 60, stdin)
        return replace(done, errors=done.errors.replace(SLOW, ""))

    def out(self, *command: str, **more: Any) -> str:
        """Standard output of a command that must succeed and complain of nothing."""
        done = self.run(*command, **more)
        assert (done.status, done.errors) == (0, ""), done
        return done.output

    def shell(self, **environment: str) -> Shell:
        """A shell on a terminal of its own."""
        return Shell(self, **environment)


class Shell:
    """bash on a terminal of 30 lines and 100 columns."""

    def __init__(self, person: Person, **environment: str) -> None:
        # without line editing what is typed shows once, as it is
        bash = person.words(
            "bash", "--norc", "--noprofile", "--noediting", "-i", PS1=PROMPT, TERM="xterm", **environment
        )
        command = person.machine.inside(*bash)
        self.terminal = pexpect.spawn(
            command[0], command[1:], encoding="utf-8", timeout=PATIENCE, dimensions=(30, 100), cwd="/"
        )
        self.prompt()

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *_: object) -> None:
        self.terminal.close(force=True)

    def type(self, text: str) -> None:
        """Text, and Enter."""
        self.terminal.send(f"{text}\r")

    def press(self, *keys: str) -> None:
        """Keys as a terminal sends them; `^C` is Control and C."""
        for key in keys:
            self.terminal.send(chr(ord(key[1]) & 31) if re.fullmatch(r"\^[A-Z\\]", key) else key)

    def see(self, pattern: str) -> str:
        """Wait for a regular expression; what came before it."""
        self.terminal.expect(pattern)
        return str(self.terminal.before)

    def prompt(self) -> str:
        """Wait for the shell to be ready; what came before."""
        return self.see(re.escape(PROMPT))

    def status(self) -> int:
        """How the last command ended."""
        self.type("echo status=$?")
        self.see(r"\nstatus=(\d+)\r\n")
        assert self.terminal.match
        status = int(self.terminal.match.group(1))
        self.prompt()
        return status

    def until(self, command: str, pattern: str) -> None:
        """Repeat a command until what it prints matches."""
        for _ in range(PATIENCE * 5):
            self.type(f"{command}; sleep 0.2")
            if re.search(pattern, self.prompt()):
                return
        raise AssertionError(f"{command}: never {pattern!r}")


def storm(path: str) -> str:
    """A program that keeps ten thousand connections to a socket, half a word each; it prints how many failed."""
    return f"""
import resource, socket
resource.setrlimit(resource.RLIMIT_NOFILE, (12000, 12000))
kept, refused = [], 0
for number in range(10000):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.setblocking(False)
    try:
        one.connect({path!r})
        one.send(b"\\0\\0")
    except OSError:
        refused += 1
    kept.append(one)
print(refused)
"""
