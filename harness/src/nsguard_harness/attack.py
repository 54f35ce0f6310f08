"""What an attack is. The standard library only: attacks run on the machine's own Python.

An attack's docstring states its claim, its method and its limitations. The same attack, run unconfined, is its control.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from .addresses import LAB, Addresses

if TYPE_CHECKING:
    from .lab.base import Lab


@dataclass(frozen=True)
class Env:
    """What an attack is given. family: 4, 6, or 0 where it means nothing; timeout: seconds it has before it is killed."""

    token: str
    family: int = 0
    timeout: float = 5.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    addresses: Addresses = LAB


@dataclass(frozen=True)
class Outcome:
    """How a run ended, as the attacker sees it. said: one line for the report."""

    reached: bool
    said: str = ""


class Attack(ABC):
    """One way out. evidence `wire`: the token or the target is seen on the uplink; `answer`: run() says it got there."""

    name: ClassVar[str]
    families: ClassVar[tuple[int, ...]] = (4, 6)
    evidence: ClassVar[Literal["wire", "answer"]] = "wire"

    def before(self, lab: Lab) -> None:
        """Prepare on the lab's side, before the run; nothing by default."""

    def after(self, lab: Lab) -> None:
        """Undo `before`; called even when the run failed."""

    @abstractmethod
    def run(self, env: Env) -> Outcome:
        """Try the way out, in the machine. An exception counts as not reached; its text is reported."""
