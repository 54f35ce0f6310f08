"""Ranges of ports, as `range`: `stop` is one more than the last port."""

from __future__ import annotations

from nsguard.spec import values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nsguard.spec.field import Field


def port(field: Field) -> int:
    """One port. Raises ValueError."""
    return field.number(lambda text: values.number(text, 1, 65535))


def port_range(field: Field) -> range:
    """A port, or an object with `from` and `to`, both of which are in the range. Raises ValueError."""
    if not isinstance(field.value, dict):
        return range(number := port(field), number + 1)
    ends = field.object("from", "to")
    first, last = port(ends["from"]), port(ends["to"])
    if last < first:
        raise field.wrong(f"{first}-{last} ends before it begins")
    return range(first, last + 1)


def shown(ports: range) -> str:
    """As people and nft(8) write it: `80` or `6881-6889`."""
    return str(ports.start) if len(ports) == 1 else f"{ports.start}-{ports[-1]}"


def as_json(ports: range) -> int | dict[str, int]:
    """As the spec has it: a number, or an object with `from` and `to`."""
    return ports.start if len(ports) == 1 else {"from": ports.start, "to": ports[-1]}
