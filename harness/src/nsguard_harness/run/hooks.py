"""Calling an attack's hooks. What disturbs an attack waits until the attack is under way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future

from ..attack import Attack, Outcome
from ..errors import CommandError
from ..lab.base import Lab
from ..machine import looks

# until an attack's first packet comes out of the tunnel or shows on the wire, at the latest
UNDER_WAY_SECONDS = 30.0


def guarded(attack: Attack, hook: str, lab: Lab, broken: dict[str, str]) -> None:
    """Call a hook. A command that fails is recorded in `broken`, by attack; a machine that is gone raises LabError."""
    try:
        getattr(attack, hook)(lab)
    except CommandError as error:
        broken.setdefault(attack.name, f"{hook}: {error}")


def is_disturbed(attack: Attack) -> bool:
    """Whether it has a disturbance, and so goes on until that is over."""
    return type(attack).during is not Attack.during


def disturb(
    attacks: Iterable[Attack],
    runs: Mapping[str, Mapping[str, Future[Outcome]]],
    shown: Callable[[], frozenset[str]],
    lab: Lab,
    broken: dict[str, str],
) -> None:
    """Call `during` of each attack that has it, once all its runs are under way; they go on until it has ended.

    runs: by the attack's name and then by token; shown: the tokens that came out of the tunnel so far, or got out.
    """
    for attack in attacks:
        if not is_disturbed(attack):
            continue
        own, limit = runs[attack.name], UNDER_WAY_SECONDS * lab.pace
        if idle := _wait_until_under_way(own, shown, limit):
            broken.setdefault(
                attack.name,
                f"during: nothing of {idle} came out of the tunnel or showed on the wire within {limit:g} s",
            )
        else:
            guarded(attack, "during", lab, broken)
        if (over := _over(own, _signalled(own, lab))) and not attack.stops_service:
            broken.setdefault(attack.name, f"during: {over} was over before its disturbance was")


def _signalled(tokens: Iterable[str], lab: Lab) -> frozenset[str]:
    """Signal the runs that go on; their tokens. A run's process is named after its token (`Disturbance`)."""
    names = f"grep -slxE '{'|'.join(tokens)}' /proc/[0-9]*/comm"
    each = 'token=$(cat "$name"); process=${name#/proc/}; kill -s USR1 "${process%/comm}" && echo "$token"'
    return frozenset(lab.client.execute(f"set +e; for name in $({names}); do {each}; done")[1].split())


def _over(runs: Mapping[str, Future[Outcome]], signalled: frozenset[str]) -> str:
    """The tokens of runs that have ended, but for those that failed or lack what they need."""
    return " ".join(token for token, run in runs.items() if token not in signalled and not _failed(run))


def _failed(run: Future[Outcome]) -> bool:
    return run.done() and (run.exception() is not None or bool(run.result().lacks))


def _pending(runs: Mapping[str, Future[Outcome]], shown: frozenset[str]) -> list[str]:
    """The tokens of runs that have neither ended nor shown themselves."""
    return [token for token, run in runs.items() if not run.done() and token not in shown]


def _wait_until_under_way(
    runs: Mapping[str, Future[Outcome]], shown: Callable[[], frozenset[str]], limit: float
) -> str:
    """Wait until each run has ended or shown itself; the tokens of the others after `limit` seconds."""
    deadline = time.monotonic() + limit
    for _ in looks():
        if not (waiting := _pending(runs, shown())) or time.monotonic() > deadline:
            break
    return " ".join(waiting)
