"""What an attack is. The standard library only: attacks run on the machine's own Python.

Named tuples here and not dataclasses, which import what every agent of every lab would take a while to import.

An attack's docstring states its claim, its method and its limitations. The same attack, run unconfined, is its control.
"""

from __future__ import annotations

import itertools
import signal
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from .addresses import LAB, Addresses

if TYPE_CHECKING:
    from .lab.base import Lab
    from .verdict.rules import World

OUTSIDE = "outside"
# seconds to wait for an answer; all servers are a wire away
PATIENCE = 1.0
COMM = Path("/proc/self/comm")  # the name of a process, at most 15 characters (proc_pid_comm(5))


class Lacking(StrEnum):
    """What lacks something that an attack needs."""

    KERNEL = "kernel"
    FAR_END = "far end"
    MACHINE = "machine"
    SCENARIO = "scenario"


class CannotApplyError(Exception):
    """Raised by run() where something that the attack needs is missing. It counts only when the control raises it."""

    def __init__(self, lacking: Lacking, what: str) -> None:
        super().__init__(what)
        self.lacking = lacking


class Env(NamedTuple):
    """What an attack is given. family: 4, 6, or 0 where it makes no difference; timeout: as the attack's.

    parameters: `uplink`, the interface's name; `control`, whether this run is a control, which may be shorter;
    `disturbed`, whether it goes on until the lab's disturbance is over (`Disturbance`); `pace`, how many
    times slower the machines are than usual; `own_kernel`, whether the machine has a kernel to itself.
    """

    token: str
    family: int = 0
    timeout: float = 5.0
    parameters: Mapping[str, Any] = MappingProxyType({})
    addresses: Addresses = LAB

    @property
    def patience(self) -> float:
        """Seconds to wait for one answer."""
        return PATIENCE * float(self.parameters.get("pace", 1.0))


class Outcome(NamedTuple):
    """How a run ended, as the attacker sees it. said: one line for the report; lacks: what it needs and lacks."""

    reached: bool
    said: str = ""
    lacks: str = ""
    lacking: Lacking | None = None


class Disturbance:
    """The disturbance of the attack in this process, if it has one; make it before anything is sent.

    The lab signals the process when the disturbance is over, and finds it by the name that it takes: its token.
    """

    def __init__(self, env: Env) -> None:
        self._over = not env.parameters.get("disturbed")
        signal.signal(signal.SIGUSR1, self._end)
        COMM.write_text(env.token)

    def _end(self, *_: Any) -> None:
        self._over = True

    def moments(self, seconds: float, step: float) -> Iterator[float]:
        """Go on every `step` seconds, for `seconds` at least and until the disturbance is over; gives each moment."""
        start = time.monotonic()
        for moment in itertools.count(0.0, step):
            time.sleep(max(0.0, start + moment - time.monotonic()))
            if moment >= seconds and self._over:
                return
            yield moment


class Attack(ABC):
    """One way out.

    evidence `wire`: success is its token on the uplink; `answer`: success is that run() reports `reached`.
    identities: the users that it is tried as; an attack that needs root is not tried as an ordinary user.
    tunnelled: inside the confinement its token must arrive at the server through the tunnel.
    silent: its token must not even arrive at the server.
    alone: it changes the machine for the other attacks, so it runs by itself, after them.
    every_state: the tunnel's state matters to it, so it runs in all of them; the rest runs while the tunnel is up.
    core: it belongs to the core set, which takes half a minute.
    stops_service: the service may be stopped while it runs, which is then no failure of the lab.
    prepared_control: `before` and `after` also surround the control.
    timeout: seconds that a run takes at most on an idle machine; it is killed after several times as long.
    """

    name: ClassVar[str]
    families: ClassVar[tuple[int, ...]] = (4, 6)
    evidence: ClassVar[Literal["wire", "answer"]] = "wire"
    identities: ClassVar[tuple[str, ...]] = ("root", "user")
    tunnelled: ClassVar[bool] = False
    silent: ClassVar[bool] = False
    alone: ClassVar[bool] = False
    every_state: ClassVar[bool] = False
    core: ClassVar[bool] = True
    stops_service: ClassVar[bool] = False
    prepared_control: ClassVar[bool] = True
    timeout: ClassVar[float] = 5.0

    def before(self, lab: Lab) -> None:  # noqa: B027 (a hook)
        """Prepare on the lab's side, before the run; nothing by default."""

    def during(self, lab: Lab) -> None:  # noqa: B027 (a hook)
        """Disturb on the lab's side while run() goes on in the machine: once its token has come out of the tunnel.

        Not called for a control.
        """

    def after(self, lab: Lab) -> None:  # noqa: B027 (a hook)
        """Undo `before`; called even when the run failed."""

    def amended(self, world: World) -> World:
        """The world, with what the hooks of an attack that is `alone` may put on the wire meanwhile."""
        return world

    @abstractmethod
    def run(self, env: Env) -> Outcome:
        """Try the way out, in the machine. An exception counts as not reached; its text is reported."""


class FromOutside(Attack):
    """An attack by a station on the uplink's network, whose part the lab's side plays.

    The control is the same attack on a host that answers: between `expose` and `conceal` the host does.
    """

    identities = (OUTSIDE,)
    evidence = "answer"

    @abstractmethod
    def probe(self, lab: Lab, env: Env) -> Outcome:
        """Try the way in. reached: something answered, was learned, or let it through. Raises HarnessError."""

    def expose(self, lab: Lab) -> None:
        """Make the host answer; nothing by default. Several attacks may do so side by side."""

    def conceal(self, lab: Lab) -> None:
        """Undo `expose`."""

    def run(self, env: Env) -> Outcome:
        """Nothing is done in the machine."""
        raise NotImplementedError
