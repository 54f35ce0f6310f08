"""Inside the namespace: links, addresses, routes, files of confined services, and whether the services are in it."""

import os
from collections.abc import Iterable, Iterator

from nsguard.health.doctor.subject import Finding, Patient
from nsguard.lifecycle import confext, tunnel
from nsguard.net import host_link, links, namespace


def ways_out(patient: Patient) -> Iterator[Finding]:
    """Only the tunnel leads out, and it has the addresses, routes and MTU of the spec."""
    if not patient.up:
        return
    name, own = patient.name, patient.spec.interface
    joined = patient.spec.host_link
    for link in sorted(namespace.links(name) - {"lo", own, *([joined.inside] if joined else [])}):
        yield Finding(f"link {link} is another way out", f"ip -n {name} link del {link}")
    for what, remedy in host_link.faults(name, patient.state.host_link() or joined) if joined else ():
        yield Finding(what, remedy)
    had_lo, want_lo = links.beside_loopback(name), links.loopback(patient.spec.loopback)
    if had_lo != want_lo:
        yield Finding(
            f"lo has additional addresses {_listed(had_lo)} instead of {_listed(want_lo)}",
            f"systemctl reload nsguard-netns-{name}",
        )
    if patient.tunnel is None or patient.config is None:
        return
    current, target = links.of(name, own), links.intended(patient.config)
    for what, current_values, target_values in (
        ("addresses", current.addresses, target.addresses),
        ("routes", current.routes, target.routes),
        ("mtu", {current.mtu}, {target.mtu}),
    ):
        if current_values != target_values:
            yield Finding(
                f"{own} has the {what} {_listed(current_values)} instead of {_listed(target_values)}",
                f"systemctl reload nsguard-tunnel-{name}",
            )


def _listed(items: Iterable[object]) -> str:
    return ", ".join(sorted(map(str, items))) or "none"


def files(patient: Patient) -> Iterator[Finding]:
    """The files that confined services see in /etc and /dev/pts."""
    if not patient.up:
        return
    netns, wireguard = (f"systemctl reload nsguard-{what}-{patient.name}" for what in ("netns", "tunnel"))
    expected_files = {path: (text, netns) for path, text in confext.expected(patient.spec, patient.state)}
    if patient.tunnel and patient.config:
        expected_files[f"{patient.state.inside}/resolv.conf"] = (tunnel.resolv_conf(patient.config), wireguard)
    for path, (text, remedy) in expected_files.items():
        if _text(path) != text:
            yield Finding(f"{path} is changed or missing, and services look up names with it", remedy)
    if not os.path.ismount(patient.state.terminals):
        yield Finding(f"{patient.state.terminals} is not mounted, and without it no service starts", netns)


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def services(patient: Patient) -> Iterator[Finding]:
    """Each service of the namespace runs in it, and not in an earlier namespace of the same name."""
    if not patient.up:
        return
    for unit in patient.services:
        pid = unit.get("MainPID", "0")
        if pid != "0":
            try:
                inode = os.stat(f"/proc/{pid}/ns/net").st_ino
            except OSError:
                continue  # the process ended meanwhile
            if inode != patient.state.identity():
                where = "the host's network namespace" if inode == namespace.host_inode() else "another namespace"
                yield Finding(f"{unit['Id']} (PID {pid}) runs in {where}", f"systemctl restart {unit['Id']}")
