"""Services whose start waited for a handshake in vain: each is started once a peer answers.

A start that failed by its dependency is forgotten by systemd. So who waited in vain starts one unit for each of them,
an instance of a template that `modules/plan/units` makes; it waits for as long as it takes.
"""

import math

from nsguard.errors import Stopped
from nsguard.lifecycle import handshake
from nsguard.system import process, systemd


def promise(handshake_unit: str, template: str) -> None:
    """Start an instance of `template`, such as nsguard-late-vpn@, for each service whose start waits for
    `handshake_unit`. Raises `CommandFailed`."""
    (unit,) = systemd.show([handshake_unit], ["RequiredBy"]) or [{}]
    services = [name for name in unit.get("RequiredBy", "").split() if name.endswith(".service")]
    if not services:
        return
    # a job that is not over yet: somebody asked for the service to be started
    waiting = [it["Id"] for it in systemd.show(services, ["Job"]) if it.get("Job", "0") != "0"]
    if waiting:
        instances = [f"{template}{name.removesuffix('.service')}.service" for name in waiting]
        process.change("systemctl", "start", "--no-block", "--", *instances)


def start(name: str, service: str) -> None:
    """Wait for a peer of namespace `name` without a limit, and start `service` then; a signal ends the wait.

    Raises `NsguardError`.
    """
    try:
        handshake.wait_up(name, math.inf)
    except Stopped:
        return
    process.change("systemctl", "start", "--no-block", "--", service)
