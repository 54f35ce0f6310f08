"""The judge of running units: finds settings of a confined service that leave a way out, whoever wrote them.

modules/plan/judge does the same when a configuration is evaluated. Both use the same facts, which the plan writes to
/etc/nsguard/NAME/judge.json, and the same table of cases tests both.
"""

from collections.abc import Mapping
from typing import Any

from nsguard.health.judge import commands, exposed, lacking
from nsguard.health.judge.unit import Hole, Unit

__all__ = ["Hole", "service"]


def service(facts: Mapping[str, Any], want: Mapping[str, Any], name: str, text: str) -> list[Hole]:
    """Holes in the text of service `name` and its drop-ins, except for protections that its options remove."""
    unit = Unit(facts, want, name, text)
    loosened = set(want["loosened"])
    return [
        hole
        for hole in (*exposed.holes(unit), *commands.holes(unit), *lacking.holes(unit))
        if not {hole.protection, hole.protection.partition(":")[0]} & loosened
    ]
