"""The judge of running units: what in the text of a confined service leaves a way out, whatever made it.

The twin of modules/plan/judge, which judges the same texts when a configuration is evaluated. Both go by the same
facts, which the plan writes to /etc/nsguard/NAME/judge.json, and are held to one table of cases.
"""

from collections.abc import Mapping
from typing import Any

from nsguard.health.judge import commands, exposed, lacking
from nsguard.health.judge.unit import Hole, Unit

__all__ = ["Hole", "service"]


def service(facts: Mapping[str, Any], want: Mapping[str, Any], name: str, text: str) -> list[Hole]:
    """Holes in the text of service `name`, its drop-ins behind it, without what its options do without."""
    unit = Unit(facts, want, name, text)
    loosened = set(want["loosened"])
    return [
        hole
        for hole in (*exposed.holes(unit), *commands.holes(unit), *lacking.holes(unit))
        if not {hole.protection, hole.protection.partition(":")[0]} & loosened
    ]
