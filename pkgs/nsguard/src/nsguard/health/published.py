"""Ports of the host that lead into a namespace, and whether a program answers there."""

from collections.abc import Sequence
from typing import Any

from nsguard.health.confined import Unit
from nsguard.net import listening
from nsguard.net.listening import Listener
from nsguard.spec import ports as spec_ports
from nsguard.spec.spec import Spec

# The address to which the proxy of a published port connects (modules/plan/units/publish.nix).
_INSIDE = "127.0.0.1"
_SHOWN = 3


def ports(
    spec: Spec, units: Sequence[Unit], listeners: Sequence[Listener] | None, *, link_up: bool
) -> list[dict[str, Any]]:
    """The ports that the configuration publishes, as docs/status.md describes them.

    listeners: the sockets that listen inside, None if the namespace is not up; link_up: whether the host link is up.
    """
    rows = []
    names = [port.name for port in spec.published]
    for port in sorted(spec.published, key=lambda port: (port.name, port.port)):
        state = of_socket(port.unit, units)
        in_range = names.count(port.name) > 1
        row = _port(
            port.name, list(port.listen), port.ports, state, port.unit, units, listeners, [_INSIDE], in_range=in_range
        )
        rows.append(row | _clients(port.clients))
    link = spec.host_link
    for linked in link.published if link else ():
        listen = [f"{linked.protocol}:{linked.listen}"]
        state = "listening" if link_up else "down"
        # A listening UDP socket looks the same as one that only sends.
        tcp_listeners = listeners if linked.protocol == "tcp" else None
        addresses = link.namespace if link else ()
        in_range = len(linked.ports) > 1
        row = _port(linked.name, listen, linked.ports, state, None, units, tcp_listeners, addresses, in_range=in_range)
        rows.append(row | _clients(linked.clients))
    return rows


def _clients(networks: Sequence[str] | None) -> dict[str, Any]:
    return {"from": None if networks is None else list(networks)}


def of_socket(name: str, units: Sequence[Unit]) -> str:
    """The state of a socket unit: `listening`, `failed` or `down`."""
    states = {unit.unit: unit.state for unit in units}
    return {"running": "listening", "failed": "failed"}.get(states.get(name, ""), "down")


def _port(
    name: str,
    listen: list[str],
    port: range,
    state: str,
    unit: str | None,
    units: Sequence[Unit],
    listeners: Sequence[Listener] | None,
    inside: Sequence[str],
    *,
    in_range: bool,
) -> dict[str, Any]:
    answered: bool | None = None
    elsewhere: list[str] = []
    if listeners is not None:
        answered, elsewhere = listening.answered(listeners, port, inside)
    if in_range and not answered:  # a service opens the ports of a range only when it needs them
        answered, elsewhere = None, []
    return {
        "name": name,
        "listen": listen,
        "port": spec_ports.as_json(port),
        "state": state,
        "unit": unit,
        "answered": answered,
        "expected": expected(name, units) if answered is False else None,
        "elsewhere": elsewhere,
    }


def expected(name: str, units: Sequence[Unit]) -> str:
    """Who should answer at a published port: the service or app of that name, or else any in the namespace."""
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
