"""The services in the namespace: whether they run, answer at published ports, and have a published port at all."""

import json
import re
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from typing import Any

from nsguard.health import host_services, published, reasons
from nsguard.health.confined import Unit
from nsguard.health.doctor.subject import Finding, Patient
from nsguard.health.reasons import quoted
from nsguard.health.status import unit_of
from nsguard.net import host_link, listening
from nsguard.spec.spec import SCRIPT
from nsguard.system import process, systemd

# Kinds of units that the check of nsguard's own units leaves out.
_KINDS = ("service", "app", "socket", "bus")


def failed(patient: Patient) -> Iterator[Finding]:
    """Each confined unit that a boot target wants runs, or has finished its work."""
    for unit in patient.units:
        if unit.kind not in _KINDS:
            continue
        if unit.reason:
            own = f"; it last wrote {quoted(unit.lines[-1])}" if unit.lines else ""
            if patient.up or "nsguard-netns-" not in unit.reason.what:  # another finding reports that unit
                yield Finding(f"{unit.unit} {_state(unit)}: {unit.reason.what}{own}", unit.reason.remedy)
        elif unit.state == "stopped" and unit.kind != "socket" and not _of_app(unit) and patient.up:
            yield Finding(f"{unit.unit} is stopped", f"if that is not meant: systemctl start {unit.unit}", note=True)


def ordered(patient: Patient) -> Iterator[Finding]:
    """No confined unit starts before a unit that its namespace or tunnel waits for, as the unit of a package may say.

    systemd breaks such a cycle at boot by leaving out one of its units (systemd.unit(5), Before=). A confined socket
    waits for the namespace alone.
    """
    awaited = {f"nsguard-netns-{patient.name}.service": "namespace", f"nsguard-tunnel-{patient.name}.service": "tunnel"}
    units = [unit.unit for unit in patient.units if unit.kind in _KINDS]
    shown = {it["Id"]: it for it in systemd.show([*awaited, *units], ["Before", "After"]) if "Id" in it}

    def listed(unit: str, order: str) -> set[str]:
        return set(shown.get(unit, {}).get(order, "").split())

    for unit in units:
        before, after = listed(unit, "Before"), listed(unit, "After")
        early = [
            (target, what) for it, what in awaited.items() if it in after for target in before & listed(it, "After")
        ]
        if early:
            target, what = min(early)
            effect = "systemd will leave one of them out of a boot"
            yield Finding(
                f"{unit} starts before {target}, and its {what} after that: {effect}",
                f"define {reasons.option(unit)} whole, without Before=, if a package's file says so; "
                "else remove the line",
            )


def _of_app(unit: Unit) -> bool:
    """Whether the unit serves an app, with which it starts and ends."""
    return unit.of.startswith("nsguard-app-")


def _state(unit: Unit) -> str:
    return {"looping": "restarts again and again", "never started": "was never started"}.get(unit.state, unit.state)


def answered(patient: Patient) -> Iterator[Finding]:
    """A program inside answers at each published port, and the port's listen addresses are this host's."""
    if not patient.up:
        return
    link = patient.state.host_link()
    up = link is not None and host_link.present(patient.name, link)
    failed_units = {unit.unit for unit in patient.units if unit.bad}
    ports = published.ports(patient.spec, patient.units, patient.listeners, link_up=up)
    yield from _foreign(patient.name, ports)
    for port in ports:
        if port["answered"] is not False or port["expected"] in failed_units:  # another finding reports that unit
            continue
        at = f"nsguard.namespaces.{patient.name}.publish.{port['name']}.port"
        if port["elsewhere"]:
            yield Finding(
                f"published port {port['name']} leads to port {port['port']} inside, where a service listens only at "
                f"{', '.join(port['elsewhere'])}",
                "make it listen at 127.0.0.1, or at all addresses",
            )
        else:
            yield Finding(
                f"published port {port['name']} leads to port {port['port']} inside, where nobody answers; "
                f"{port['expected']} should",
                f"start it, or set {at} to the port on which it listens",
            )


def _foreign(namespace: str, ports: Iterable[dict[str, Any]]) -> Iterator[Finding]:
    """Listen addresses that this host does not have: no client reaches such a port, although systemd listens there."""
    listed = {(port["name"], address) for port in ports for address in map(_address, port["listen"]) if address}
    for name, address in sorted(listed):
        if not _is_own(address):
            yield Finding(
                f"published port {name} listens at {address}, which no link of this host has",
                f"correct nsguard.namespaces.{namespace}.publish.{name}.listen; `ip -brief address` shows this host's "
                "addresses; or ignore this if the host gets the address later",
                note=True,
            )


def _address(listen: str) -> str:
    """The address in "udp:192.0.2.2:53", "[2001:db8::2]:9091" and the like; empty for a path."""
    if listen.startswith("/"):
        return ""
    return re.sub(r"\A(tcp|udp):", "", listen).rpartition(":")[0].strip("[]")


def _is_own(address: str) -> bool:
    """Whether this host has the address. That a program can listen there does not show it (ip_nonlocal_bind)."""
    if ip_address(address).is_unspecified:
        return True
    try:
        (route,) = json.loads(process.ask("ip", "-j", "route", "get", address))
    except process.CommandFailed:  # no route leads there
        return False
    return bool(route.get("type") == "local")


def host_services_answered(patient: Patient) -> Iterator[Finding]:
    """Each host service that the namespace may reach answers."""
    for service in host_services.of(patient.spec, patient.units):
        if service["answered"]:
            continue
        where = f"host service {service['name']} should answer at {service['address']} port {service['port']}"
        option = f"nsguard.namespaces.{patient.name}.hostServices.{service['name']}"
        if service["elsewhere"]:
            yield Finding(
                f"{where}, but listens only at {', '.join(service['elsewhere'])}",
                f"make it listen at {service['address']}, or at all addresses; "
                f"for another loopback address, set {option}.address",
            )
        else:
            yield Finding(
                f"{where}, where nothing listens on this host",
                f"start it, or set {option}.port to the port on which it listens",
            )


def unpublished(patient: Patient) -> Iterator[Finding]:
    """Services that listen on ports that nothing publishes; the ports may be meant for other services inside."""
    if not patient.up:
        return
    forwarded = patient.state.forwarded()
    known = {it.port for it in patient.spec.published} | ({forwarded.port} if forwarded else set())
    known |= {port for opened in patient.spec.tunnel_ports["tcp"] for port in opened}
    linked = patient.spec.host_link.published if patient.spec.host_link else ()
    known |= {port for it in linked for port in it.ports}
    if patient.spec.forwarding and patient.spec.forwarding.internal_port:
        known.add(patient.spec.forwarding.internal_port)
    exceptions, passing = set(map(str, patient.spec.loopback)), listening.ephemeral(patient.name)
    unknown = [
        listener
        for listener in patient.listeners
        if listener.port not in known and listener.port not in passing and listener.address not in exceptions
    ]
    taken = {it.name for it in patient.spec.published} | {it.name for it in linked}
    ports: dict[str, set[int]] = {}
    for listener, pid in listening.owners(unknown, patient.processes).items():
        ports.setdefault(unit_of(pid) or f"PID {pid}", set()).add(listener.port)
    for unit, numbers in sorted(ports.items()):
        yield _publish(patient.name, unit, sorted(numbers), taken)


def _publish(namespace: str, unit: str, ports: list[int], taken: set[str]) -> Finding:
    """The note for one unit. `taken`: the names under which other ports are published."""
    many = f"ports {', '.join(map(str, ports))}" if len(ports) > 1 else f"port {ports[0]}"
    name = unit.rpartition(".")[0].removeprefix("nsguard-app-") or "web"
    publish = f"nsguard.namespaces.{namespace}.publish"
    free = f"{name}-{ports[0]}" if name in taken else name
    line = f'{publish}.{free} = {{ listen = [ "127.0.0.1:{ports[0]}" ]; port = {ports[0]}; }};'
    meant = f"if {publish}.{name} should lead there, set its port = {ports[0]}; else, " if name in taken else ""
    return Finding(
        f"{unit} listens on {many} inside, and nothing publishes it",
        f"{meant}to let the host reach it: {line}",
        note=True,
    )


def forwarding(patient: Patient) -> Iterator[Finding]:
    """The tunnel's far end has granted the requested port."""
    settings = patient.spec.forwarding
    if settings is None or patient.tunnel is None:
        return
    request = patient.state.forwarding()
    if settings.protocol == SCRIPT:
        if request and request.state == "lost":
            remedy = f"run the script again, which opens it: nsguard forward open {patient.name} PORT"
            yield Finding(f"the port that the script opened is closed: {request.answer}", remedy)
        return
    at = f"nsguard.namespaces.{patient.name}.portForwarding"
    if request is None:
        if not any(
            unit.kind == "forwarder" and unit.bad for unit in patient.units
        ):  # another finding reports a failed unit
            yield Finding("no port is requested", f"systemctl restart nsguard-forward-{patient.name}")
        return
    gateway = f" at {request.gateway}" if request.gateway else ""
    if request.state == "asking":
        yield Finding(f"a port is requested{gateway}, without an answer yet", "run this again in a minute", note=True)
    elif request.state == "silent":
        yield Finding(
            f"a port was requested{gateway} by {settings.protocol}: {request.answer}",
            f"check that the provider forwards ports on this server, and that {at}.protocol and {at}.gateway are right",
        )
    elif request.state == "refused":
        yield Finding(
            f"no port is forwarded{gateway}: {request.answer}",
            f"ask the provider whether this server and this account may have one, and check {at}",
        )
