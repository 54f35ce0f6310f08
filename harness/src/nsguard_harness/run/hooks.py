"""Calling an attack's hooks. What disturbs an attack waits until the attack is under way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future

from ..attack import Attack, Outcome
from ..errors import CommandError
from ..lab.base import Lab

POLL_SECONDS = 0.02


def guarded(attack: Attack, hook: str, lab: Lab, broken: dict[str, str]) -> None:
    """Call a hook. A command that fails is recorded in `broken`, by attack; a machine that is gone raises LabError."""
    try:
        getattr(attack, hook)(lab)
    except CommandError as error:
        broken.setdefault(attack.name, f"{hook}: {error}")


def disturb(
    attacks: Iterable[Attack],
    runs: Mapping[str, Mapping[str, Future[Outcome]]],
    arrived: Callable[[], frozenset[str]],
    lab: Lab,
    broken: dict[str, str],
) -> None:
    """Call `during` of each attack that has it, once all its runs are under way.

    runs: by the attack's name and then by token; arrived: the tokens that came out of the tunnel so far.
    """
    for attack in attacks:
        if type(attack).during is Attack.during:
            continue
        limit = attack.timeout * lab.pace
        if idle := _not_under_way(runs[attack.name], arrived, limit):
            broken.setdefault(attack.name, f"during: nothing of {idle} came out of the tunnel within {limit:g} s")
        else:
            guarded(attack, "during", lab, broken)


def _not_under_way(runs: Mapping[str, Future[Outcome]], arrived: Callable[[], frozenset[str]], limit: float) -> str:
    """Wait until each run is over or its token has come out of the tunnel; the other tokens after `limit` seconds."""
    deadline = time.monotonic() + limit
    while waiting := [token for token, run in runs.items() if not run.done() and token not in arrived()]:
        if time.monotonic() > deadline:
            return " ".join(waiting)
        time.sleep(POLL_SECONDS)
    return ""
