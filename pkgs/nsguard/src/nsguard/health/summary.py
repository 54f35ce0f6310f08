"""Status as people read it."""

import time
from collections.abc import Sequence
from typing import Any

from nsguard.system.printable import printable


def of(name: str, it: dict[str, Any]) -> str:
    """A namespace's status as lines of label and value."""
    tunnel = it["tunnel"]
    rows: list[tuple[str, str]] = [("namespace", it["state"])]
    what = f" ({tunnel['name']}, {tunnel['implementation']})" if "name" in tunnel else ""
    rows.append(("tunnel", tunnel["state"] + what))
    if "fault" in tunnel:
        rows.append(("fault", tunnel["fault"]))
    rows.append(("addresses", ", ".join(tunnel.get("addresses", ()))))
    rows.append(("dns", ", ".join(tunnel.get("dns", ()))))
    for peer in tunnel.get("peers", ()):
        age = peer["latestHandshakeAge"]
        rows.append(("peer", peer["endpoint"] or "no endpoint"))
        rows.append(("handshake", "none yet" if age is None else f"{span(age)} ago"))
        rows.append(("traffic", f"{size(peer['received'])} received, {size(peer['sent'])} sent"))
    if exit_address := it.get("exitAddress"):
        rows.append(("exit", exit_address["address"] or exit_address["fault"]))
    if forwarded := it["forwarded"]:
        public = ":".join(str(it) for it in (forwarded["publicAddress"], forwarded["publicPort"]) if it)
        rows.append(
            ("forwarded", f"port {forwarded['port']} ({', '.join(forwarded['protocols'])}), public as {public}")
        )
    if link := it["hostLink"]:
        rows.append(("host link", f"{link['state']} ({link['interface']}, {', '.join(link['namespace'])} inside)"))
    for port in it["published"]:
        where = f"{', '.join(port['listen'])} to port {port['port']}"
        rows.append(("published", f"{port['name']}: {where} ({port['state']})"))
    open_ports = [f"{protocol} {few(list(map(str, ports)))}" for protocol, ports in it["tunnelPorts"].items() if ports]
    rows.append(("open in tunnel", "; ".join(open_ports)))
    for app in it["apps"]:
        rows.append((app["unit"] or "processes", few([f"{each['pid']} {each['name']}" for each in app["processes"]])))
    if error := it["error"]:
        when = "" if error["at"] is None else f" ({span(max(0, time.time() - error['at']))} ago)"
        rows.append(("error", f"{error['command']}: {error['what']}{when}"))
    shown = [(label, value) for label, value in rows if value]
    width = max(len(label) for label, _ in shown)
    lines = (f"  {label:<{width}}  {value}" for label, value in shown)
    return "\n".join([name, *map(printable, lines)])


def few(items: Sequence[str], most: int = 6) -> str:
    """The first of them, and how many more there are."""
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")


def span(seconds: float) -> str:
    """A time in the largest unit that it fills."""
    amount, unit = _in_units(seconds, (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)))
    return f"{int(amount)} {unit}"


def size(octets: int) -> str:
    """Bytes in the largest unit that they fill."""
    amount, unit = _in_units(octets, (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)))
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def _in_units(amount: float, units: Sequence[tuple[str, int]]) -> tuple[float, str]:
    """The amount in the largest of `units` (largest first) that it fills, and that unit's name."""
    unit, per = next((pair for pair in units if amount >= pair[1]), units[-1])
    return amount / per, unit
