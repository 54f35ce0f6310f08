"""AmneziaWG's additional settings, which make its packets look different from WireGuard's (its README).

S1 to S4 and H1 to H4 must be equal at both ends. Without any of these settings it speaks plain WireGuard.
"""

from __future__ import annotations

from nsguard.spec import values

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

Parameters = tuple[tuple[str, str], ...]

# Regular expressions, which are loaded where there are such settings.
_RANGE = r"([0-9]{1,10})(?:-([0-9]{1,10}))?\Z"
_TAGS = r"(<[a-z]{1,8}( +[0-9A-Za-z]{1,4096})?>){1,64}\Z"

_SIZES = ("Jc", "Jmin", "Jmax", "S1", "S2", "S3", "S4")
_HEADERS = ("H1", "H2", "H3", "H4")
_PACKETS = ("I1", "I2", "I3", "I4", "I5")
KEYS = (*_SIZES, *_HEADERS, *_PACKETS)


def value(key: str, text: str) -> str:
    """The value of a setting in `KEYS`, in awg(8)'s notation. Raises ValueError."""
    if key in _SIZES:
        return str(values.number(text, 0, 65535))
    if key in _HEADERS:
        least, most = _bounds(text)
        return str(least) if least == most else f"{least}-{most}"
    import re

    if not re.match(_TAGS, text):
        raise ValueError("malformed packet; copy it whole, from the first < to the last >")
    return text


def fault(parameters: Mapping[str, str]) -> str:
    """Why valid values do not fit together; empty if they do."""
    if int(parameters.get("Jmin", 0)) > int(parameters.get("Jmax", 65535)):
        return f"Jmin {parameters['Jmin']} is above Jmax {parameters['Jmax']}; exchange them"
    headers = {key: _bounds(parameters[key]) for key in _HEADERS if key in parameters}
    for key, (least, most) in headers.items():
        for other, (low, high) in headers.items():
            if key < other and least <= high and low <= most:
                return f"{key} and {other} overlap, so that messages could not be told apart; correct one"
    return ""


def _bounds(text: str) -> tuple[int, int]:
    import re

    match = re.match(_RANGE, text)
    least, most = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if not 0 <= least <= most < 2**32:
        raise ValueError(f"{values.shown(text)} is no message type; write a number below {2**32} or a range of two")
    return least, most
