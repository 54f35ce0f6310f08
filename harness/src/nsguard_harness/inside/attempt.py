"""An attempt of an agent: one attack, in a child process that is killed when its time is over.

inside/agent.py has the requests and the answers. It loads this module with the first attack: json and the attacks take
longer to load than the rest of an agent, and most agents in a lab are started and stopped without one.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import time
from functools import cache
from typing import Any

from .. import attacks
from ..addresses import LAB
from ..attack import CannotApplyError, Env

# how many descriptors systemd passed, from 3 on (sd_listen_fds(3))
PASSED = int(os.environ.get("LISTEN_FDS", "0"))
# a line that is no request, or a child that cannot be made
NO_ATTEMPT = (ValueError, KeyError, TypeError, OSError, ImportError)


def outcome_of(request: dict[str, Any]) -> dict[str, Any]:
    """Run an attack in this process; what it raises becomes part of the answer."""
    try:
        attack = attacks.find(request["attack"], request["module"])()
        parameters = request["parameters"]
        addresses = LAB.changed(parameters.get("addresses", {}))
        env = Env(request["token"], request["family"], request["timeout"], parameters, addresses)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}
    try:
        outcome = attack.run(env)
    except CannotApplyError as error:
        return {"reached": False, "said": str(error), "lacks": str(error), "lacking": error.lacking}
    except Exception as error:
        return {"reached": False, "said": f"{type(error).__name__}: {error}"}
    return outcome._asdict()


@cache
def import_attacks(module: str) -> None:
    """Import the attacks of a module: once, not in every child. An agent that is asked for a few needs few of them."""
    attacks.of_module(module)
    gc.freeze()  # a collection in a child would touch, and so copy, all of it


class Attempt:
    """An attack in a child process, until its deadline; select(2) takes it for the pipe that the child answers by.

    Raises ValueError, KeyError, TypeError or ImportError for a line that is not a request, OSError where no child can
    be made.
    """

    def __init__(self, line: str | bytes) -> None:
        request = json.loads(line)
        import_attacks(request["module"])
        self._limit = float(request["limit"])
        self.deadline = time.monotonic() + self._limit
        self._reader, writer = os.pipe()
        self._child = os.fork()
        if self._child == 0:
            os.setpgid(0, 0)
            # the attack has what a service has, and not the agent's connections, which the lab made on the host
            os.closerange(3 + PASSED, writer)
            os.closerange(writer + 1, os.sysconf("SC_OPEN_MAX"))
            os.write(writer, json.dumps(outcome_of(request)).encode() + b"\n")
            os._exit(0)
        os.close(writer)
        self._said = b""

    def fileno(self) -> int:
        """The descriptor that the child's answer is read from."""
        return self._reader

    def over(self) -> bool:
        """Read what the child has written; whether the answer is complete."""
        chunk = os.read(self._reader, 65536)
        self._said += chunk
        # a process that the attack left behind may hold the pipe open: a whole answer is enough
        return not chunk or b"\n" in self._said

    def end(self) -> bytes:
        """Kill the attack's processes; returns the line of JSON that answers the request."""
        for target in (-self._child, self._child):  # the group, and the child should it not have made it yet
            try:
                os.kill(target, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                continue
        with contextlib.suppress(ChildProcessError):  # it ended before, and `bury` waited for it
            os.waitpid(self._child, 0)
        os.close(self._reader)
        answer, whole, _ = self._said.partition(b"\n")
        if whole:
            return answer + whole
        late = time.monotonic() >= self.deadline
        report = f"no end in {self._limit:g} s" if late else "the attacking process was killed"
        return json.dumps({"reached": False, "said": report}).encode() + b"\n"


def refused(error: Exception) -> bytes:
    """The line of JSON that answers a request that could not be started."""
    return json.dumps({"error": f"no attempt: {type(error).__name__}: {error}"}).encode() + b"\n"


def answered(line: str) -> bytes:
    """Run a request to its end; returns the line of JSON that answers it."""
    try:
        running = Attempt(line)
    except NO_ATTEMPT as error:
        return refused(error)
    while (left := running.deadline - time.monotonic()) > 0:
        if select.select([running], [], [], left)[0] and running.over():
            break
    return running.end()
