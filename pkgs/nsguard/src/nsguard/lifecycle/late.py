"""Services that waited for a handshake until their start failed: each is started as soon as a peer answers.

systemd does not retry a start whose dependency failed. So, when the wait fails, nsguard starts one more unit for each
waiting service. That unit is an instance of a template from `modules/plan/units`, and waits without a limit.
"""

import math

from nsguard.errors import Stopped
from nsguard.lifecycle import handshake
from nsguard.system import process, systemd


def promise(handshake_unit: str, template: str) -> None:
    """Start an instance of `template` for each service whose start waits for `handshake_unit`.

    `template` is the part of a unit's name before the instance, such as nsguard-late-vpn@. Raises `CommandFailed`.
    """
    (unit,) = systemd.show([handshake_unit], ["RequiredBy"]) or [{}]
    services = [name for name in unit.get("RequiredBy", "").split() if name.endswith(".service")]
    if not services:
        return
    # systemd is starting a service that has a job; nobody asked for a start of the others.
    waiting = [service["Id"] for service in systemd.show(services, ["Job"]) if service.get("Job", "0") != "0"]
    if waiting:
        instances = [f"{template}{name.removesuffix('.service')}.service" for name in waiting]
        process.change("systemctl", "start", "--no-block", "--", *instances)


def start(name: str, service: str) -> None:
    """Wait without a limit until a peer of namespace `name` answers, then start `service`; a signal ends the wait.

    Raises `NsguardError`.
    """
    try:
        handshake.wait_up(name, math.inf)
    except Stopped:
        return
    process.change("systemctl", "start", "--no-block", "--", service)
