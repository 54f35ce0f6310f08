"""`nsguard status [NAME] [--json]`: what is up, what passes through it, who is inside."""

import contextlib
import json
import os
import time
from collections.abc import Sequence
from typing import Any

from nsguard import namespace, paths, process, teardown, wireguard
from nsguard.errors import BadInput, NsguardError
from nsguard.state import State, Tunnel


def show(name: str | None, *, as_json: bool) -> int:
    """Print the status of one namespace or of all; 0 if all are up with their tunnels, else 1.

    Raises `BadInput` for a name that is neither configured nor up.
    """
    names = _names()
    if name is not None and name not in names:
        known = ", ".join(names) or "none"
        raise BadInput(f"{name}: no such namespace; there is: {known}")
    if os.geteuid() != 0:
        raise NsguardError("only root can look into namespaces; use sudo")
    found = {each: _status(each) for each in (names if name is None else [name])}
    print(json.dumps(found, indent=2) if as_json else "\n\n".join(_card(each, it) for each, it in found.items()))
    return 0 if all(it["state"] == "up" and it["tunnel"]["state"] == "up" for it in found.values()) else 1


def _names() -> list[str]:
    names: set[str] = set()
    for directory in (paths.ETC, paths.RUN):
        with contextlib.suppress(FileNotFoundError):
            names.update(name for name in os.listdir(directory) if paths.valid_name(name))
    return sorted(names)


def _status(name: str) -> dict[str, Any]:
    """The fields of `--json`. Ages in seconds, traffic in bytes; null where there is nothing to say."""
    found = State(name)
    up = teardown.is_up(found)
    inode = found.identity()
    pids = namespace.processes(inode) if up and inode is not None else []
    return {
        "state": "up" if up else "half-made" if os.path.exists(found.directory) else "down",
        "tunnel": _tunnel(name, found.tunnel() if up else None),
        "processes": [{"pid": pid, "name": _comm(pid)} for pid in pids],
    }


def _tunnel(name: str, tunnel: Tunnel | None) -> dict[str, Any]:
    up = tunnel is not None and tunnel.complete and namespace.has_link(name, tunnel.interface)
    if tunnel is None or not up:
        return {"state": "half-made" if tunnel and not tunnel.complete else "down"}
    said: dict[str, Any] = {
        "state": "up",
        "name": tunnel.name,
        "implementation": tunnel.implementation,
        "addresses": list(tunnel.addresses),
        "dns": list(tunnel.dns),
        "peers": [],
    }
    try:
        said["peers"] = _peers(name, tunnel)
    except process.CommandFailed as error:  # wireguard-go died, say
        said |= {"state": "broken", "fault": str(error)}
    return said


def _peers(name: str, tunnel: Tunnel) -> list[dict[str, Any]]:
    # Three questions instead of `dump`, whose answer holds the private key.
    endpoints = dict(wireguard.show(name, tunnel, "endpoints"))
    handshakes = dict(wireguard.show(name, tunnel, "latest-handshakes"))
    now = time.time()
    return [
        {
            "publicKey": key,
            "endpoint": None if endpoints.get(key, "(none)") == "(none)" else endpoints[key],
            "latestHandshakeAge": round(now - int(at)) if (at := handshakes.get(key, "0")) != "0" else None,
            "received": int(received),
            "sent": int(sent),
        }
        for key, received, sent in wireguard.show(name, tunnel, "transfer")
    ]


def _comm(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            return file.read().strip()
    except OSError:
        return "?"


def _card(name: str, it: dict[str, Any]) -> str:
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
        rows.append(("handshake", "none yet" if age is None else f"{_span(age)} ago"))
        rows.append(("traffic", f"{_size(peer['received'])} received, {_size(peer['sent'])} sent"))
    rows.append(("processes", _few([f"{each['pid']} {each['name']}" for each in it["processes"]])))
    return "\n".join([name, *(f"  {label:<10} {value}" for label, value in rows if value)])


def _few(items: Sequence[str], most: int = 6) -> str:
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")


def _span(seconds: float) -> str:
    amount, unit = _in_units(seconds, (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)))
    return f"{int(amount)} {unit}"


def _size(octets: int) -> str:
    amount, unit = _in_units(octets, (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)))
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def _in_units(amount: float, units: Sequence[tuple[str, int]]) -> tuple[float, str]:
    """The amount in the largest of `units` (largest first) that it fills, and that unit's name."""
    unit, size = next((pair for pair in units if amount >= pair[1]), units[-1])
    return amount / size, unit
