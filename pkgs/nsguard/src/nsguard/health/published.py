"""Ports of the host's that lead inside, and whether anybody answers there."""

from collections.abc import Sequence
from typing import Any

from nsguard.health.confined import Unit
from nsguard.net import listening
from nsguard.net.listening import Listener
from nsguard.spec.spec import Spec

# Where the proxy of a published port connects to (modules/plan/publish.nix).
_INSIDE = "127.0.0.1"
_SHOWN = 3


def ports(
    wanted: Spec, units: Sequence[Unit], listeners: Sequence[Listener] | None, *, link_up: bool
) -> list[dict[str, Any]]:
    """The ports that the configuration publishes, as docs/status.md describes them.

    listeners: who listens inside, None where there is no inside; link_up: whether the host link is there.
    """
    found = []
    for it in wanted.published:
        state = of_socket(it.unit, units)
        found.append(_port(it.name, list(it.listen), it.port, state, it.unit, units, listeners, [_INSIDE]))
    link = wanted.host_link
    for through in link.published if link else ():
        where = [f"{through.protocol}:{through.listen}"]
        state = "listening" if link_up else "down"
        # Who listens for datagrams cannot be told from who sends them.
        asked = listeners if through.protocol == "tcp" else None
        addresses = link.namespace if link else ()
        found.append(_port(through.name, where, through.port, state, None, units, asked, addresses))
    return found


def of_socket(name: str, units: Sequence[Unit]) -> str:
    """How a socket unit is: `listening`, `failed` or `down`."""
    states = {unit.unit: unit.state for unit in units}
    return {"running": "listening", "failed": "failed"}.get(states.get(name, ""), "down")


def _port(
    name: str,
    listen: list[str],
    port: int,
    state: str,
    unit: str | None,
    units: Sequence[Unit],
    listeners: Sequence[Listener] | None,
    inside: Sequence[str],
) -> dict[str, Any]:
    answered, elsewhere = (None, []) if listeners is None else listening.answered(listeners, port, inside)
    return {
        "name": name,
        "listen": listen,
        "port": port,
        "state": state,
        "unit": unit,
        "answered": answered,
        "expected": expected(name, units) if answered is False else None,
        "elsewhere": elsewhere,
    }


def expected(name: str, units: Sequence[Unit]) -> str:
    """Who should answer at a published port: the service or app of its name, or else one of those that there are."""
    inside = [unit.unit for unit in units if unit.kind in ("service", "app")]
    stems = {unit: unit.rpartition(".")[0].removeprefix("nsguard-app-") for unit in inside}
    named = [unit for unit, stem in stems.items() if stem == name] or [
        unit for unit, stem in stems.items() if name in stem or stem in name
    ]
    candidates = named or inside
    if len(candidates) == 1:
        return candidates[0]
    more = f" and {len(candidates) - _SHOWN} more" if len(candidates) > _SHOWN else ""
    return f"one of {', '.join(candidates[:_SHOWN])}{more}" if candidates else "a service in the namespace"
