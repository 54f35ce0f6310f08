"""The status as text for a terminal."""

import itertools
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from nsguard.health import layout
from nsguard.health.confined import BAD as BAD_STATES
from nsguard.health.layout import BAD, GOOD, PLAIN, WARN, Row, Style

# Seconds after which the keys of a handshake are no longer valid (WireGuard whitepaper §6.1, Reject-After-Time).
_SILENT = 180
# State of a unit → its text. {} stands for the time since the state began.
_STATES = {
    "running": "running for {}",
    "starting": "starting",
    "stopping": "stopping",
    "done": "done {} ago",
    "stopped": "stopped {} ago",
    "waiting": "waiting to be started",
    "skipped": "not started: one of its conditions does not hold",
    "not wanted": "not started: nothing starts it",
    "never started": "never started",
    "failed": "failed {} ago",
    "looping": "restarts again and again",
}
_LEVELS = {"running": GOOD, "stopped": WARN} | dict.fromkeys(BAD_STATES, BAD)


def of(name: str, it: dict[str, Any], style: Style = Style()) -> str:  # noqa: B008 (it is immutable)
    """A namespace's status as lines of label and value."""
    return layout.drawn(name, _rows(it), style)


def wrong(it: dict[str, Any]) -> bool:
    """Whether any part of a namespace is down or failed; decides the exit status of `nsguard status`."""
    up = it["state"] == "up" and it["tunnel"]["state"] == "up"
    forwarding = it["portForwarding"]
    no_port = (
        forwarding is not None and forwarding["state"] not in ("open", "asking", "closed") and it["forwarded"] is None
    )
    closed = up and any(port["state"] != "listening" for port in it["published"])
    return not up or no_port or closed or any(unit["state"] in BAD_STATES for unit in it["units"])


def _rows(it: dict[str, Any]) -> Iterator[Row]:
    tunnel = it["tunnel"]
    yield Row("namespace", it["state"], GOOD if it["state"] == "up" else BAD, _helpers(it, "namespace"))
    what = f" ({tunnel['name']}, {tunnel['implementation']})" if "name" in tunnel else ""
    level = GOOD if tunnel["state"] == "up" else BAD
    yield Row("tunnel", tunnel["state"] + what, level, _helpers(it, "tunnel"))
    yield Row("fault", tunnel.get("fault", ""), BAD)
    yield Row("addresses", ", ".join(tunnel.get("addresses", ())))
    yield Row("dns", ", ".join(tunnel.get("dns", ())))
    for peer in tunnel.get("peers", ()):
        yield from _peer(peer)
    if exit_address := it.get("exitAddress"):
        level = GOOD if exit_address["address"] else WARN
        yield Row("exit", exit_address["address"] or exit_address["fault"], level)
    yield from _forwarded(it)
    if link := it["hostLink"]:
        text = f"{link['state']} ({link['interface']}, {', '.join(link['namespace'])} inside)"
        yield Row("host link", text, GOOD if link["state"] == "up" else BAD)
    yield from _published(it)
    for service in it["hostServices"]:
        yield _host_service(it, service)
    ports = [f"{protocol} {few(list(map(_ports, ports)))}" for protocol, ports in it["tunnelPorts"].items() if ports]
    yield Row("open in tunnel", "; ".join(ports))
    yield from _units(it)
    if (error := it["error"]) and not _in_a_row(error["what"], it["units"]):
        when = "" if error["at"] is None else f" ({span(max(0, time.time() - error['at']))} ago)"
        yield Row("error", f"{error['command']}: {error['what']}{when}", BAD)


def _in_a_row(error: str, units: Iterable[dict[str, Any]]) -> bool:
    """Whether the row of a unit that failed says the same as an error, "WHERE: WHAT; FIX"."""
    what = error.rpartition("; ")[0] or error
    return any((unit["reason"] or "").startswith(what) for unit in units)


def _peer(peer: dict[str, Any]) -> Iterator[Row]:
    age = peer["latestHandshakeAge"]
    name = f"{peer['name']}, " if peer.get("name") else ""
    yield Row("peer", name + (peer["endpoint"] or "no endpoint"), PLAIN if peer["endpoint"] else WARN)
    yield Row("handshake", "none yet" if age is None else f"{span(age)} ago", WARN if (age or 0) > _SILENT else PLAIN)
    yield Row("traffic", f"{size(peer['received'])} received, {size(peer['sent'])} sent")


def _forwarded(it: dict[str, Any]) -> Iterator[Row]:
    """The forwarded port, and the result of the request for it."""
    forwarded, request = it["forwarded"], it["portForwarding"]
    text = ""
    if forwarded:
        public = ":".join(str(part) for part in (forwarded["publicAddress"], forwarded["publicPort"]) if part)
        text = f"port {forwarded['port']} ({', '.join(forwarded['protocols'])}), public as {public}"
    if request is None or request["state"] == "open":
        yield Row("forwarded", text, GOOD, _helpers(it, "forwarder"))
        return
    words = {
        "asking": "requested for {since}, no answer yet",
        "refused": "refused for {since}: {answer}",
        "silent": "requested for {since}: {answer}",
        "closed": "no port is open; nsguard forward open opens one",
        "lost": "lost for {since}: {answer}",
        "not running": "not requested: nsguard-forward is not running",
    }[request["state"]]
    since = "" if request["since"] is None else span(max(0, time.time() - request["since"]))
    gateway = f" (gateway {request['gateway']})" if request["gateway"] else ""
    now = words.format(since=since, answer=request["answer"]) + gateway
    level = WARN if request["state"] in ("asking", "closed") or forwarded else BAD
    yield Row("forwarded", "; ".join(filter(None, (text, now))), level, _helpers(it, "forwarder"))


def _published(it: dict[str, Any]) -> Iterator[Row]:
    """A row for each published port; a range in which each port has its own proxy gets one row."""
    for (_, by_proxy), group in itertools.groupby(it["published"], lambda port: (port["name"], bool(port["unit"]))):
        ports = list(group)
        if by_proxy and len(ports) > 1:
            yield _published_range(it, ports)
        else:
            yield from (_published_port(it, port) for port in ports)


def _published_range(it: dict[str, Any], ports: list[dict[str, Any]]) -> Row:
    inside = {"from": ports[0]["port"], "to": ports[-1]["port"]}
    listen = [f"{address.rpartition(':')[0]}:{_ports(inside)}" for address in ports[0]["listen"]]
    bad = [port for port in ports if port["state"] != "listening"]
    state = f"{len(bad)} of {len(ports)} {bad[0]['state']}" if bad else "listening"
    return _published_port(it, ports[0] | {"listen": listen, "port": inside, "state": state, "answered": None})


def _ports(port: int | dict[str, int]) -> str:
    return f"{port['from']}-{port['to']}" if isinstance(port, dict) else str(port)


def _published_port(it: dict[str, Any], port: dict[str, Any]) -> Row:
    word = "ports" if isinstance(port["port"], dict) else "port"
    where = f"{port['name']}: {', '.join(port['listen'])} to {word} {_ports(port['port'])}"
    helpers = _helpers(it, "published", port["name"])
    if port["state"] != "listening":
        return Row("published", f"{where} ({port['state']})", BAD, helpers)
    if port["answered"] is False:
        return Row("published", f"{where} (nobody answers inside; {port['expected']} should)", WARN, helpers)
    clients = "everybody" if port["from"] is None else few(port["from"]) or "this host"
    return Row("published", f"{where} (listening), open to {clients}", GOOD, helpers)


def _host_service(it: dict[str, Any], service: dict[str, Any]) -> Row:
    """A service of the host, and the port inside that leads there."""
    host = f"[{service['address']}]" if ":" in service["address"] else service["address"]
    where = f"{service['name']}: 127.0.0.1:{service['listenPort']} inside to {host}:{service['port']}"
    helpers = _helpers(it, "host", service["name"])
    if service["state"] != "listening":
        return Row("host service", f"{where} ({service['state']})", BAD, helpers)
    if not service["answered"]:
        return Row("host service", f"{where} (nobody answers on the host)", WARN, helpers)
    return Row("host service", f"{where} (listening)", GOOD, helpers)


def _units(it: dict[str, Any]) -> Iterator[Row]:
    """A row for each unit inside, with the units that serve it below; then the other processes."""
    processes = {app["unit"]: app["processes"] for app in it["apps"]}
    for unit in it["units"]:
        names = few([f"{each['pid']} {each['name']}" for each in processes.pop(unit["unit"], [])])
        served = unit["kind"] in ("service", "app") or (unit["kind"] == "socket" and not unit["of"])
        if served or unit["state"] in BAD_STATES:
            yield Row(unit["unit"], _state(unit, names), _LEVELS.get(unit["state"], PLAIN), _beside(it, unit))
    for name, each in processes.items():
        yield Row(name or "processes", few([f"{process['pid']} {process['name']}" for process in each]))


def _state(unit: dict[str, Any], names: str) -> str:
    since = "" if unit["since"] is None else span(max(0, time.time() - unit["since"]))
    text = _STATES[unit["state"]].format(since)
    return ": ".join(filter(None, (text, unit["reason"] or names)))


def _beside(it: dict[str, Any], unit: dict[str, Any]) -> tuple[str, ...]:
    """The lines under a unit: what to do, its last output, and the units that serve it."""
    serving = _by(each for each in it["units"] if each["of"] == unit["unit"])
    remedy = [unit["remedy"]] if unit["remedy"] else []
    output = [f"it wrote: {line}" for line in unit["lines"]]
    return (*remedy, *output, *serving)


def _helpers(it: dict[str, Any], kind: str, of: str | None = None) -> tuple[str, ...]:
    """A line that names the helpers of this part that are active now. Failed helpers have their own rows."""
    return _by(unit for unit in it["units"] if unit["kind"] == kind and unit["of"] == of)


def _by(units: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """A line that names the units that are running, starting or stopping; no line if there are none."""
    names = ", ".join(unit["unit"] for unit in units if unit["state"] in ("running", "starting", "stopping"))
    return (f"by {names}",) if names else ()


def few(items: Sequence[str], most: int = 6) -> str:
    """The first `most` items, and how many more there are."""
    return ", ".join(items[:most]) + (f" and {len(items) - most} more" if len(items) > most else "")


def span(seconds: float) -> str:
    """A time in the largest unit of which it has at least one."""
    amount, unit = _in_units(seconds, (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)))
    return f"{int(amount)} {unit}"


def size(octets: int) -> str:
    """A number of bytes in the largest unit of which it has at least one."""
    amount, unit = _in_units(octets, (("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)))
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def _in_units(amount: float, units: Sequence[tuple[str, int]]) -> tuple[float, str]:
    """The amount in the first of `units` (largest first) of which it has at least one, and that unit's name."""
    unit, per = next((pair for pair in units if amount >= pair[1]), units[-1])
    return amount / per, unit
