"""`nsguard doctor`: each fault of a service inside, made alone, has a line of its own."""

from __future__ import annotations

import shlex

import pytest

from broken import APPS, Break, break_, check
from labs import lab_of
from nsguard_harness import scenario
from nsguard_harness.lab.container import ContainerLab

pytestmark = pytest.mark.lab

DROP_IN = "/run/systemd/system/app-user.service.d"

LISTENER = (
    "import os, socket, time; s = socket.socket(1); s.bind('/tmp/x11'); s.listen(); os.chmod('/tmp/x11', 0o777); "
    "time.sleep(600)"
)


def drop_in(text: str) -> str:
    """A command that adds settings to the service app-user and restarts it."""
    return (
        f"mkdir -p {DROP_IN} && printf '[Service]\\n{text}\\n' > {DROP_IN}/broken.conf"
        " && systemctl daemon-reload && systemctl restart app-user"
    )


# Only nsguard-init's directory for the service's messages remains: without it the service does not start.
RUN_OF_THE_HOST = r"TemporaryFileSystem=\nTemporaryFileSystem=/run/nsguard-notify:mode=1777"
FORGET_DROP_IN = f"rm -r {DROP_IN} && systemctl daemon-reload"
UNDO_DROP_IN = f"rm -r {DROP_IN} && systemctl daemon-reload && systemctl restart app-user"

BREAKS = [
    break_(
        "outside-after-all",
        "systemd-run -q --unit=stray -p NetworkNamespacePath=/run/netns/vpn nsenter --net=/proc/1/ns/net sleep infinity"
        " && until pgrep -x sleep; do :; done",
        "systemctl stop stray",
        r"services: stray\.service \(PID \d+\) runs in the host's network namespace; systemctl restart stray\.service",
    ),
    break_(
        "run-of-the-host",
        drop_in(RUN_OF_THE_HOST),
        UNDO_DROP_IN,
        r"sockets: app-user\.service reaches the host's socket /run/\S+ and \d+ more; TemporaryFileSystem= in "
        rf"{DROP_IN}/broken\.conf uncovers it; correct "
        r"systemd\.services\.app-user\.serviceConfig\.TemporaryFileSystem, then: systemctl restart app-user\.service",
        hole="TemporaryFileSystem=",
    ),
    break_(
        "before-its-tunnel",
        drop_in(r"[Unit]\nBefore=network.target"),
        UNDO_DROP_IN,
        r"order: app-user\.service starts before network\.target, and its tunnel after that: systemd will leave one of "
        r"them out of a boot; define systemd\.services\.app-user whole, without Before=, if a package's file says so; "
        r"else remove the line",
    ),
    break_(
        "tmp-of-the-host",
        f"systemd-run -q --unit=x11 python3 -c {shlex.quote(LISTENER)} && until [ -S /tmp/x11 ]; do :; done; "
        + drop_in("PrivateTmp=false"),
        f"{UNDO_DROP_IN}; systemctl stop x11",
        r"sockets: app-user\.service reaches the host's socket /tmp/x11; PrivateTmp=false in "
        rf"{DROP_IN}/broken\.conf uncovers it; correct systemd\.services\.app-user\.serviceConfig\.PrivateTmp, "
        r"then: systemctl restart app-user\.service",
        hole="PrivateTmp=false",
    ),
    break_(
        "bus-bound",
        drop_in("BindReadOnlyPaths=/run/dbus"),
        UNDO_DROP_IN,
        r"note: sockets: app-user\.service reaches the host's socket /run/dbus/system_bus_socket; the program that "
        r"listens there works outside the namespace; if that is not intended, unbind it in app-user\.service",
        hole="BindReadOnlyPaths=/run/dbus",
    ),
    *(
        break_(
            f"weaker-{name}",
            f"{drop_in(text)} && {FORGET_DROP_IN}",
            "systemctl restart app-user",
            rf"processes: app-user\.service \(PID \d+\) runs without protections that its unit has \({lacking}\); the "
            r"unit, or a path that these protections close, is newer than the process; "
            r"systemctl restart app-user\.service",
        )
        for name, text, lacking in (
            # The system call filters of other settings remain.
            ("privileges", "NoNewPrivileges=no", "no-new-privileges"),
            ("capabilities", "CapabilityBoundingSet=CAP_CHOWN", "capability-bounds"),
            ("namespaces", r"PrivatePIDs=no\nPrivateIPC=no", "own-processes, private-ipc"),
            ("users", "PrivateUsers=no", "private-users"),
            ("homes", "ProtectHome=no", "hidden-homes"),
            ("profiles", "ReadOnlyPaths=", "left-for-later, profiles"),
            ("etc", "ExtensionDirectories=", "resolver-files"),
            ("tmp", r"PrivateDevices=no\nPrivateTmp=no", "private-devices, private-tmp"),
        )
    ),
    break_(
        "path-made-later",
        "mkdir /var/spool/fcron",
        "rmdir /var/spool/fcron",
        r"processes: app-user\.service \(PID \d+\) runs without protections that its unit has \(left-for-later\); the "
        r"unit, or a path that these protections close, is newer than the process; systemctl restart app-user\.service",
    ),
    *(
        break_(
            name,
            f"useradd -m -d /opt/eve eve && {then}",
            "userdel eve && rm -rf /opt/eve /home/eve",
            *(
                rf"homes: {app}\.service sees /opt/eve, the home of eve; name it: users\.users\.eve\.home = "
                rf'"/opt/eve"; or hide it: systemd\.services\.{app}\.serviceConfig\.InaccessiblePaths = \[ "/opt/eve" '
                rf"\]; then: systemctl restart {app}\.service"
                for app in APPS.split()
            ),
        )
        for name, then in (
            ("home-elsewhere", "true"),
            ("home-behind-a-link", "ln -s /opt/eve /home/eve && usermod -d /home/eve eve"),
        )
    ),
    break_(
        "unconfined-inside",
        "systemd-run -q --unit=dweller -p NetworkNamespacePath=/run/netns/vpn sleep infinity",
        "systemctl stop dweller",
        r"sockets: dweller\.service reaches the host's socket /\S+ and \d+ more; confine it with "
        r"systemd\.services\.dweller\.nsguard\.namespace, and check its drop-ins",
    ),
]

lab = lab_of(scenario.DEMO)


@pytest.mark.parametrize("broken", BREAKS, ids=lambda fault: fault.name)
def test_what_is_broken_alone_has_its_line(lab: ContainerLab, broken: Break) -> None:
    check(lab, broken)
