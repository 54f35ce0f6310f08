"""Compares the rules and settings that are loaded with those that the spec names.

The intended rules are loaded in a temporary network namespace, with the elements that the runtime would add. Then both
are compared in the form in which nft lists them.
"""

import contextlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from nsguard import paths
from nsguard.errors import BadInput
from nsguard.health.doctor.subject import Finding, Patient
from nsguard.net import namespace, nft, settings
from nsguard.state import State, Tunnel
from nsguard.system import files, process

Table = list[dict[str, Any]]


def inside(patient: Patient) -> Iterator[Finding]:
    """The rules in the namespace."""
    if not patient.up:
        return
    path = patient.spec.namespace_ruleset
    with namespace.entered(patient.name):
        present = _table("nsguard")
        pins = {f"inet {nft.PINS}"} if any(it.outer == patient.name for it in _others(patient.name).values()) else set()
        others = [name for name in _tables() if name not in {"inet nsguard"} | pins]
    elements = nft.elements(intended_tunnel(patient)) + nft.forwarded_elements(patient.state.forwarded())
    for what in _compare(path, "nsguard", elements, present):
        yield Finding(f"in the namespace, {what}", f"systemctl reload nsguard-netns-{patient.name}")
    for other in others:
        yield Finding(
            f"in the namespace, table {other} is not nsguard's and may redirect packets",
            f"ip netns exec {patient.name} nft delete table {other}",
        )


def outside(patient: Patient) -> Iterator[Finding]:
    """The pin on the host, and whether it allows the endpoints that the peers have."""
    tunnel = patient.tunnel
    if tunnel is None:
        return
    elements = nft.pin_elements(patient.name, tunnel)
    remedy = f"systemctl reload nsguard-tunnel-{patient.name}"
    with namespace.maybe_entered(tunnel.outer):
        present = _table(nft.PINS)
    if present is not None:
        present = _without(present, _others(patient.name))
    where = "on the host" if tunnel.outer is None else f"in namespace {tunnel.outer}"
    for what in _compare(patient.spec.host_ruleset, nft.PINS, elements, present):
        yield Finding(f"{where}, {what}", remedy)
    # The check of ranges reports peers without an endpoint.
    unaddressed = {peer.public_key for peer in patient.config.peers if not peer.endpoint} if patient.config else set()
    with contextlib.suppress(process.CommandFailed):
        for key, at in wireguard_endpoints(patient, tunnel).items():
            if at not in tunnel.endpoints and key not in unaddressed:
                there = f"{at[0]} port {at[1]}, to which the rules let no packet go"
                if patient.config and tunnel.endpoints:
                    yield Finding(f"peer {key} has moved to {there}", remedy)
                else:  # the kernel keeps the last endpoint of a peer whose file then named none
                    yield Finding(
                        f"peer {key} was last at {there}, because the files that the tunnel uses do not name it",
                        remedy if patient.config else f"mend the files; then: {remedy}",
                    )


def link(patient: Patient) -> Iterator[Finding]:
    """The rules of the host link, on the host."""
    if not patient.up or patient.spec.host_link is None:
        return
    table = nft.host_link_table(patient.name)
    laid = patient.state.host_link()
    elements = nft.host_link_elements(patient.name, laid.closed if laid else ())
    for what in _compare(patient.spec.host_link.ruleset, table, elements, _table(table)):
        yield Finding(f"on the host, {what}", f"systemctl reload nsguard-netns-{patient.name}")


def clients(patient: Patient) -> Iterator[Finding]:
    """The rules for clients of published ports, on the host."""
    if not patient.up or patient.spec.clients_ruleset is None:
        return
    table = nft.clients_table(patient.name)
    for what in _compare(patient.spec.clients_ruleset, table, [], _table(table)):
        yield Finding(f"on the host, {what}", f"systemctl reload nsguard-netns-{patient.name}")


def _others(name: str) -> dict[str, Tunnel]:
    """The tunnels that are up in other namespaces, by the names of these."""
    names = (other for other in os.listdir(paths.RUN) if paths.valid_name(other) and other != name)
    return {other: tunnel for other in names if (tunnel := State(other).tunnel())}


def _without(table: Table, others: Mapping[str, Tunnel]) -> Table:
    """The table of pins without the pins of the tunnels `others`, by their namespaces."""
    chains = {nft.pin_chain(name) for name in others}
    foreign = chains | {nft.pin_set(family, name) for name in others for family in (4, 6)}
    marks = {mark for tunnel in others.values() for mark in tunnel.marks}
    kept = []
    for it in table:
        ((kind, body),) = it.items()
        if kind == "map":
            body = body | {"elem": [pair for pair in body.get("elem", []) if not _leads_to(pair, chains)]}
        elif kind == "set" and body["name"] == "marks":
            body = body | {"elem": [mark for mark in body.get("elem", []) if mark not in marks]}
        if body.get("chain", body.get("name")) not in foreign:
            kept.append({kind: body})
    return kept


def _leads_to(pair: Any, chains: Collection[str]) -> bool:
    match pair:
        case [_, {"jump": {"target": chain}}]:
            return chain in chains
    return False


def wireguard_endpoints(patient: Patient, tunnel: Tunnel) -> dict[str, tuple[str, int]]:
    """Public key → address and port, for each peer that has an endpoint. Raises `CommandFailed`."""
    from nsguard.net import wireguard

    shown = dict(wireguard.show(patient.name, tunnel, "endpoints"))
    return {
        key: (host.strip("[]"), int(port))
        for key, (host, _, port) in ((key, text.rpartition(":")) for key, text in shown.items())
        if port.isdecimal()
    }


def sysctls(patient: Patient) -> Iterator[Finding]:
    """The namespace's settings."""
    if not patient.up:
        return
    with namespace.entered(patient.name):
        for _, what in settings.differing(patient.spec.sysctls):
            yield Finding(what, settings.remedy(patient.name))


def intended_tunnel(patient: Patient) -> Tunnel | None:
    """The tunnel as the spec now describes it; the sets must hold its addresses. None if no tunnel is up."""
    tunnel, config = patient.state.tunnel(), patient.config
    if tunnel is None or not tunnel.complete:
        return None
    if config is None:
        return tunnel
    return tunnel._replace(
        addresses=tuple(str(address) for address in config.addresses),
        dns=tuple(str(resolver) for resolver in config.dns),
        enforce_dns=patient.spec.enforce_dns,
    )


def _compare(path: str, table: str, elements: list[str], present: Table | None) -> Iterator[str]:
    try:
        text = files.read(path)
        with namespace.throwaway():
            nft.load_silently(text, elements)
            intended = _table(table)
    except (BadInput, process.CommandFailed) as error:
        yield str(error)
        return
    if present is None:
        yield f"table {table} is gone"
    elif intended is not None:
        yield from _differences(intended, present)


def _tables() -> list[str]:
    objects = json.loads(process.ask("nft", "-j", "list", "tables"))["nftables"]
    return [f"{it['table']['family']} {it['table']['name']}" for it in objects if "table" in it]


def _table(name: str) -> Table | None:
    """A table's objects as nft lists them, without fields that differ from load to load; None if there is no table."""
    try:
        objects = json.loads(process.ask("nft", "-j", "list", "table", "inet", name))["nftables"]
    except process.CommandFailed as error:
        if "No such file" in error.output:
            return None
        raise
    return [_lasting(it) for it in objects if "metainfo" not in it and "table" not in it]


def _lasting(it: Any) -> Any:
    if isinstance(it, list):
        return [_lasting(item) for item in it]
    if not isinstance(it, dict):
        return it
    if "val" in it.get("elem", ()):  # an element with a timeout: only its presence counts
        return _lasting(it["elem"]["val"])
    lasting = {key: _lasting(value) for key, value in it.items() if key != "handle"}
    if "elem" in lasting:
        lasting["elem"] = sorted(lasting["elem"], key=json.dumps)
    return lasting


def _differences(intended: Table, present: Table) -> Iterator[str]:
    expected, actual = _by_name(intended), _by_name(present)
    for name in [*expected, *(name for name in actual if name not in expected)]:
        if name not in actual:
            yield f"{name} is missing"
        elif name not in expected:
            yield f"{name} is not nsguard's"
        elif expected[name] != actual[name]:
            yield f"{name} {_difference(expected[name], actual[name])}"


def _by_name(table: Table) -> dict[str, Any]:
    """Sets, maps and chains by name; a chain's rules in their order, separate from the chain's own settings."""
    objects: dict[str, Any] = {}
    for it in table:
        ((kind, body),) = it.items()
        if kind == "rule":
            objects[f"chain {body['chain']}"]["rules"].append(body["expr"])
        else:
            objects[f"{kind} {body['name']}"] = body | ({"rules": []} if kind == "chain" else {})
    return objects


def _difference(expected: dict[str, Any], actual: dict[str, Any]) -> str:
    if "elem" in expected or "elem" in actual:
        return f"holds {_elements(actual)} instead of {_elements(expected)}"
    if (rules := actual.get("rules")) != expected.get("rules"):
        return f"has {len(rules or [])} rules, which differ from the {len(expected['rules'])} intended"
    return f"has policy {actual.get('policy')} instead of {expected.get('policy')}"


def _elements(it: dict[str, Any]) -> str:
    return (
        ", ".join(element if isinstance(element, str) else json.dumps(element) for element in it.get("elem", []))
        or "nothing"
    )
