"""`nsguard status`: the state of namespaces and tunnels, their traffic, and the processes inside."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from typing import Any

from nsguard import known
from nsguard.errors import BadInput, NsguardError
from nsguard.health import confined, host_services, layout, published, summary
from nsguard.health.confined import Unit
from nsguard.lifecycle import teardown
from nsguard.net import host_link, listening, namespace, wireguard
from nsguard.net.listening import Listener
from nsguard.spec import ports, spec
from nsguard.spec.spec import SCRIPT, Forwarding
from nsguard.state import Forwarded, State, Tunnel
from nsguard.system import process

# The version of the JSON, which docs/status.md describes. A changed meaning changes the version; a new key does not.
VERSION = 1
WATCH_SECONDS = 2.0
_CLEAR = "\x1b[H\x1b[2J"
# Of a host without namespaces.
NOTHING = "nsguard: no namespace is configured, and none is up"


def main(options: argparse.Namespace) -> int:
    """Print the status of one namespace or all; return 0 if nothing in them is down or failed, else 1.

    `--watch` repeats this until interrupted; with `--json`, each document is one line. Raises `BadInput` for a name
    that is neither configured nor up.
    """
    if options.exit_address:
        from nsguard.health import exit_address  # imported here because urllib takes long to load

        exit_address.check(options.exit_address)
    if not options.watch:
        return _show(options, "")
    try:
        while True:
            _show(options, _CLEAR if sys.stdout.isatty() else "")
            sys.stdout.flush()
            time.sleep(WATCH_SECONDS)
    except BrokenPipeError:  # the reader has closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        pass
    return 0


def _show(options: argparse.Namespace, before: str) -> int:
    statuses = _statuses(options)
    if options.json:
        output = json.dumps({"version": VERSION, "namespaces": statuses}, indent=None if options.watch else 2)
    else:
        style = layout.stdout_style()
        ordered = sorted(statuses.items(), key=lambda item: not summary.wrong(item[1]))
        output = "\n\n".join(summary.of(name, record, style) for name, record in ordered) or NOTHING
    print(before + output)
    # An address that was asked for and not found is a failure of this command, not of the namespace.
    unanswered = any(record.get("exitAddress", {}).get("fault") for record in statuses.values())
    return 1 if unanswered or any(map(summary.wrong, statuses.values())) else 0


def _statuses(options: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Namespace → its status, for those that the caller may see. Raises `NsguardError`."""
    if os.geteuid() != 0:
        from nsguard.health import members

        if options.exit_address:
            raise NsguardError("--exit-address: only root can ask from inside a namespace; use sudo")
        return members.statuses(options.namespace)
    statuses = {name: of(name, options.exit_address) for name in chosen(options.namespace)}
    for unit in (unit for record in statuses.values() for unit in record["units"] if options.no_lines):
        unit["lines"] = []
    return statuses


def chosen(name: str | None) -> list[str]:
    """The namespace called `name`, or all that are configured or up. Raises `BadInput` if `name` is neither."""
    if os.geteuid() != 0:
        raise NsguardError("only root can look into namespaces; use sudo")
    names = known.namespaces()
    if name is None:
        return sorted(names)
    if name not in names:
        raise BadInput(known.unknown(name))
    return [name]


def of(name: str, url: str | None = None) -> dict[str, Any]:
    """The status of one namespace, as docs/status.md describes it; with `url`, also its public address."""
    state = State(name)
    up = teardown.is_up(state)
    inode = state.identity()
    tunnel = _tunnel(name, state.tunnel() if up else None)
    units = confined.units(name)
    configuration = _configuration(name)
    for peer in tunnel.get("peers", ()):
        peer["name"] = _peer_name(configuration, peer["publicKey"])
    record = {
        "state": "up" if up else "half-made" if os.path.exists(state.directory) else "down",
        "tunnel": tunnel,
        "units": [unit.as_json() for unit in units],
        "apps": _apps(namespace.processes(inode) if up and inode is not None else []),
        "forwarded": _forwarded(state.forwarded() if up else None),
        **_configured(configuration, state, units, listening.listeners(name) if up else None),
        "error": state.error() or _unit_error(name, units),
    }
    if url is not None:
        record["exitAddress"] = {"address": None, "fault": "the tunnel is not up"}
        if tunnel["state"] == "up":
            from nsguard.health import exit_address

            record["exitAddress"] = exit_address.ask(state, url)
    return record


def _tunnel(name: str, tunnel: Tunnel | None) -> dict[str, Any]:
    up = tunnel is not None and tunnel.complete and namespace.has_link(name, tunnel.interface)
    if tunnel is None or not up:
        return {"state": "half-made" if tunnel and not tunnel.complete else "down"}
    record: dict[str, Any] = {
        "state": "up",
        "name": tunnel.name,
        "implementation": tunnel.implementation,
        "addresses": list(tunnel.addresses),
        "dns": list(tunnel.dns),
        "peers": [],
    }
    try:
        record["peers"] = peers(name, tunnel)
    except process.CommandFailed as error:  # for example because wireguard-go has died
        record |= {"state": "broken", "fault": str(error)}
    return record


def peers(name: str, tunnel: Tunnel) -> list[dict[str, Any]]:
    """The peers of a tunnel that is up. Raises `CommandFailed`."""
    # Three calls instead of `dump`, whose output contains the private key.
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


def _forwarded(forwarded: Forwarded | None) -> dict[str, Any] | None:
    if forwarded is None:
        return None
    return {
        "port": forwarded.port,
        "publicPort": forwarded.public_port,
        "publicAddress": forwarded.public_address,
        "protocols": list(forwarded.protocols),
    }


def _configuration(name: str) -> spec.Spec | None:
    """The spec of namespace `name`; None if it cannot be read, for example because it is no longer configured."""
    try:
        return spec.load(name)
    except BadInput:
        return None


def _peer_name(configuration: spec.Spec | None, public_key: str) -> str | None:
    """The name that the configuration gives to a peer."""
    peers = configuration.tunnel.peers if configuration else ()
    return next((peer.name for peer in peers if peer.public_key == public_key), None)


def _configured(
    configuration: spec.Spec | None, state: State, units: Sequence[Unit], listeners: Sequence[Listener] | None
) -> dict[str, Any]:
    """The ports in the configuration, with their state; empty without a configuration."""
    if configuration is None:
        nothing: dict[str, Any] = {"published": [], "hostServices": [], "hostLink": None, "portForwarding": None}
        return nothing | {"tunnelPorts": {"tcp": [], "udp": []}}
    link = state.host_link()
    up = link is not None and host_link.present(configuration.namespace, link)
    return {
        "published": published.ports(configuration, units, listeners, link_up=up),
        "hostServices": host_services.of(configuration, units),
        "hostLink": configuration.host_link
        and {
            "state": "up" if up else "down",
            "interface": configuration.host_link.interface,
            "host": list(configuration.host_link.host),
            "namespace": list(configuration.host_link.namespace),
        },
        "tunnelPorts": {
            protocol: list(map(ports.as_json, opened)) for protocol, opened in configuration.tunnel_ports.items()
        },
        "portForwarding": _forwarding(state, configuration.forwarding) if configuration.forwarding else None,
    }


def _forwarding(state: State, settings: Forwarding) -> dict[str, Any]:
    """The result of the request for a forwarded port."""
    forwarding = state.forwarding()
    scripted = settings.protocol == SCRIPT
    if forwarding is None or (scripted and state.forwarded() is None and forwarding.state != "lost"):
        return {"state": "closed" if scripted else "not running", "since": None, "gateway": None, "answer": None}
    return forwarding._asdict() | {"gateway": forwarding.gateway or None, "answer": forwarding.answer or None}


def _apps(pids: list[int]) -> list[dict[str, Any]]:
    """Processes by unit. Those without a unit, for example from `ip netns exec`, come last, under null."""
    apps: dict[str, list[dict[str, Any]]] = {}
    for pid in pids:
        apps.setdefault(unit_of(pid) or "", []).append({"pid": pid, "name": _read(pid, "comm").strip() or "?"})
    units_first = sorted(apps.items(), key=lambda item: (not item[0], item[0]))
    return [{"unit": unit or None, "processes": processes} for unit, processes in units_first]


def unit_of(pid: int) -> str | None:
    """The unit to which process `pid` belongs: the innermost unit in its control group's path (cgroups(7))."""
    parts = _read(pid, "cgroup").strip().rpartition("::")[2].split("/")
    return next((part for part in reversed(parts) if part.endswith((".service", ".scope"))), None)


def _read(pid: int, what: str) -> str:
    try:
        with open(f"/proc/{pid}/{what}", encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _unit_error(name: str, units: Sequence[Unit]) -> dict[str, Any] | None:
    """The error of the namespace's unit if it failed. It comes from the journal, because no state exists then."""
    for unit in units:
        if unit.kind == "namespace" and unit.reason:
            what = unit.reason.line.removeprefix("nsguard: ") or "; ".join(unit.reason[:2])
            return {"at": unit.since, "command": f"netns up {name}", "what": what}
    return None
