"""`nsguard doctor`: each thing that can be wrong, made wrong alone, has its line; a healthy machine has none."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

import pytest

from labs import lab_of
from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import TUNNEL_CONFIGURATION
from nsguard_harness.target import wait_for_tunnel

pytestmark = pytest.mark.lab

CONFIG = TUNNEL_CONFIGURATION
TUNNEL, NETNS = "nsguard-tunnel-vpn.service", "nsguard-netns-vpn.service"
INSIDE = "ip netns exec vpn"
APPS = "app-root app-user"
STATE = "/run/nsguard/vpn"
DROP_IN = "/run/systemd/system/app-user.service.d"
RELOAD = f"systemctl reload {NETNS} {TUNNEL}"
WALL = "/etc/systemd/journald.conf.d/nsguard.conf"
CLOCK = "/var/lib/systemd/timesync/clock"


LISTENER = (
    "import os, socket, time; s = socket.socket(1); s.bind('/tmp/x11'); s.listen(); os.chmod('/tmp/x11', 0o777); "
    "time.sleep(600)"
)


def drop_in(text: str) -> str:
    """A command that puts an option into the service app-user, and starts it anew."""
    return (
        f"mkdir -p {DROP_IN} && printf '[Service]\\n{text}\\n' > {DROP_IN}/broken.conf"
        " && systemctl daemon-reload && systemctl restart app-user"
    )


def sethostname(name: str) -> str:
    """As hostname(1), which is no part of the lab's image."""
    return f"python3 -c 'import socket, sys; socket.sethostname(sys.argv[1])' \"{name}\""


# What remains is where nsguard-init listens for the service's messages: without it the service does not start.
RUN_OF_THE_HOST = r"TemporaryFileSystem=\nTemporaryFileSystem=/run/nsguard-notify:mode=1777"
FORGET_DROP_IN = f"rm -r {DROP_IN} && systemctl daemon-reload"
UNDO_DROP_IN = f"rm -r {DROP_IN} && systemctl daemon-reload && systemctl restart app-user"


@dataclass(frozen=True)
class Break:
    """Commands that break one thing and fix it; the doctor's lines, each a regular expression.

    on: the machine where it is done. status: of the doctor. hole: the setting that the judge of units names as well, in
    one line or more.
    """

    name: str
    how: str
    mend: str
    lines: tuple[str, ...]
    on: str = "client"
    status: int = 1
    hole: str = ""


def break_(name: str, how: str, mend: str, *lines: str, on: str = "client", status: int = 1, hole: str = "") -> Break:
    return Break(name, how, mend, tuple(f"vpn: {line}" for line in lines), on, status, hole)


BREAKS = [
    break_(
        "key-mode",
        f"chmod 0644 {CONFIG}",
        f"chmod 0600 {CONFIG}",
        rf"keys: {CONFIG}: mode 0644 lets users other than root read the key; chmod 0600 {CONFIG}",
    ),
    break_(
        "key-owner",
        f"chown 33 {CONFIG}",
        f"chown 0 {CONFIG}",
        rf"keys: {CONFIG}: belongs to user 33, who may change the tunnel; chown root {CONFIG}",
    ),
    break_(
        "key-directory",
        "chmod 0777 /etc/nsguard-lab",
        "chmod 0755 /etc/nsguard-lab",
        rf"keys: /etc/nsguard-lab: mode 0777 lets others replace {CONFIG}; chmod go-w /etc/nsguard-lab",
    ),
    break_(
        "key-gone",
        f"mv {CONFIG} /run/away",
        f"mv /run/away {CONFIG}",
        rf"keys: {CONFIG}: no such file or directory; put it in place",
    ),
    break_(
        "clock",
        f"mkdir -p /var/lib/systemd/timesync && touch -d '+1 day' {CLOCK}",
        f"rm {CLOCK}",
        r"clock: this machine's clock says [-\d]+ [:\d]+ UTC, but /var/lib/systemd/timesync/clock was written "
        r"later; peers refuse handshakes from the past; set the clock, or have it set: "
        r"timedatectl set-ntp true",
    ),
    *(
        break_(
            f"journal-{name}",
            f"mv {WALL} /run/kept && {then}",
            f"mv /run/kept {WALL} && rm -f {WALL}.conf",
            rf"journal: {re.escape(path)} has the journal show emergencies at all terminals, also those that confined "
            r"services log; set ForwardToWall=no there; then: systemctl restart systemd-journald",
        )
        for name, then, path in (
            ("by-default", "true", "/etc/systemd/journald.conf"),
            ("by-a-later-file", f"cp /run/kept {WALL} && echo 'ForwardToWall = on' > {WALL}.conf", f"{WALL}.conf"),
        )
    ),
    break_(
        "unit-down",
        f"systemctl stop {TUNNEL}",
        f"systemctl start {TUNNEL}",
        rf"units: {TUNNEL} is inactive; systemctl restart {TUNNEL}",
    ),
    break_(
        "unit-fails",
        f"mv {CONFIG} /run/away; systemctl restart {TUNNEL} || true",
        f"mv /run/away {CONFIG}; systemctl restart {TUNNEL}",
        rf"units: {TUNNEL} is failed: {CONFIG}: no such file or directory; make it a file that root can "
        rf"read; then: systemctl restart {TUNNEL}",
    ),
    break_(
        "unit-file-changed",
        f"echo >> /etc/systemd/system/{TUNNEL}; touch -d '+1 hour' /etc/systemd/system/{TUNNEL}",
        f"touch /etc/systemd/system/{TUNNEL}; systemctl daemon-reload",
        rf"units: {TUNNEL} has changed on disk; systemctl daemon-reload",
    ),
    break_(
        "link-gone",
        "ip -n vpn link del wg0",
        f"systemctl restart {TUNNEL}",
        rf"units: {TUNNEL} is active, but its tunnel no longer exists; systemctl restart {TUNNEL}",
    ),
    break_(
        "rule-added",
        f"{INSIDE} nft insert rule inet nsguard input accept",
        RELOAD,
        r"rules: in the namespace, chain input has \d+ rules, which differ from the \d+ intended; systemctl reload "
        r"nsguard-netns-vpn",
    ),
    break_(
        "policy",
        f"{INSIDE} nft 'add chain inet nsguard output {{ policy accept; }}'",
        RELOAD,
        r"rules: in the namespace, chain output has policy accept instead of drop; systemctl reload nsguard-netns-vpn",
    ),
    break_(
        "elements",
        f"{INSIDE} nft 'add element inet nsguard address4 {{ 10.9.9.9 }}'",
        RELOAD,
        r"rules: in the namespace, set address4 holds (10\.9\.9\.9, 10\.66\.0\.2|10\.66\.0\.2, 10\.9\.9\.9) instead of "
        r"10\.66\.0\.2; systemctl reload nsguard-netns-vpn",
    ),
    break_(
        "rules-gone",
        f"{INSIDE} nft flush ruleset",
        RELOAD,
        r"rules: in the namespace, table nsguard is gone; systemctl reload nsguard-netns-vpn",
    ),
    break_(
        "foreign-table",
        f"{INSIDE} nft add table ip other",
        f"{INSIDE} nft delete table ip other",
        r"rules: in the namespace, table ip other is not nsguard's and may redirect packets; ip netns exec vpn nft "
        r"delete table ip other",
    ),
    break_(
        "pin-emptied",
        "nft flush chain inet nsguard-vpn output",
        RELOAD,
        r"pin: on the host, chain output has 0 rules, which differ from the 3 intended; systemctl reload "
        r"nsguard-tunnel-vpn",
    ),
    break_(
        "pin-widened",
        "nft 'add element inet nsguard-vpn endpoint4 { 203.0.113.9 . 53 }'",
        RELOAD,
        r"pin: on the host, set endpoint4 holds .*203\.0\.113\.9.* instead of .*203\.0\.113\.51.*; systemctl reload "
        r"nsguard-tunnel-vpn",
    ),
    *(
        break_(
            name,
            f"{INSIDE} sysctl -qw {key}=1",
            "systemctl reload nsguard-netns-vpn",
            rf"sysctls: in the namespace, {key} is 1 instead of 0; systemctl reload nsguard-netns-vpn",
        )
        for name, key in (
            ("sysctl-localnet", "net.ipv4.conf.all.route_localnet"),
            ("sysctl-nonlocal", "net.ipv6.ip_nonlocal_bind"),
            ("sysctl-of-a-link", "net.ipv6.conf.wg0.accept_ra"),
        )
    ),
    break_(
        "sysctl",
        f"{INSIDE} sysctl -qw net.ipv4.ip_forward=1",
        RELOAD,
        r"sysctls: in the namespace, net\.ipv4\.ip_forward is 1 instead of 0; systemctl reload nsguard-netns-vpn",
    ),
    break_(
        "second-link",
        "ip link add leak0 type veth peer name leak1 netns vpn",
        "ip link del leak0",
        r"links: link leak1 is another way out; ip -n vpn link del leak1",
    ),
    break_(
        "route-gone",
        "ip -n vpn route del default",
        RELOAD,
        r"links: wg0 has the routes ::/0 instead of 0\.0\.0\.0/0, ::/0; systemctl reload nsguard-tunnel-vpn",
    ),
    break_(
        "exception-added",
        "ip -n vpn address add 192.168.1.10/32 dev lo",
        "ip -n vpn address del 192.168.1.10/32 dev lo",
        r"links: lo has additional addresses 192\.168\.1\.10/32 instead of none; systemctl reload nsguard-netns-vpn",
    ),
    break_(
        "address-added",
        "ip -n vpn address add 10.66.0.7/32 dev wg0",
        RELOAD,
        r"links: wg0 has the addresses 10\.66\.0\.2/32, 10\.66\.0\.7/32, fd66::2/128 instead of 10\.66\.0\.2/32, "
        r"fd66::2/128; systemctl reload nsguard-tunnel-vpn",
    ),
    break_(
        "resolv-conf",
        f"echo 'nameserver 192.0.2.1' > {STATE}/inside/resolv.conf",
        RELOAD,
        rf"files: {STATE}/inside/resolv\.conf is changed or missing, and services look up names with it; systemctl "
        rf"reload nsguard-tunnel-vpn",
    ),
    break_(
        "nsswitch",
        f"echo 'hosts: resolve dns' > {STATE}/confext/etc/nsswitch.conf",
        RELOAD,
        rf"files: {STATE}/confext/etc/nsswitch\.conf is changed or missing, and services look up names with it; "
        rf"systemctl reload nsguard-netns-vpn",
    ),
    break_(
        "host-name",
        f"uname -n >/run/named && {sethostname('castle')}",
        f"{sethostname('$(cat /run/named)')} && {RELOAD}",
        *(
            rf"files: {STATE}/{tree}/etc/hosts is changed or missing, and services look up names with it; "
            rf"systemctl reload nsguard-netns-vpn"
            for tree in ("confext", "confext-accounts")
        ),
    ),
    break_(
        "terminals",
        f"umount -l {STATE}/terminals/pts",
        "systemctl reload nsguard-netns-vpn",
        rf"files: {STATE}/terminals/pts is not mounted, and without it no service starts; "
        rf"systemctl reload nsguard-netns-vpn",
    ),
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
            rf"processes: app-user\.service \(PID \d+\) runs without protections that its unit has \({lacking}\); its "
            r"unit was changed after the service started; systemctl restart app-user\.service",
        )
        for name, text, lacking in (
            # The filters of other settings are still there.
            ("privileges", "NoNewPrivileges=no", "no-new-privileges"),
            ("capabilities", "CapabilityBoundingSet=CAP_CHOWN", "capability-bounds"),
            ("namespaces", r"PrivatePIDs=no\nPrivateIPC=no", "own-processes, private-ipc"),
            ("users", "PrivateUsers=no", "private-users"),
            ("homes", "ProtectHome=no", "hidden-homes"),
            ("profiles", "ReadOnlyPaths=", "profiles"),
            ("etc", "ExtensionDirectories=", "resolver-files"),
            ("tmp", r"PrivateDevices=no\nPrivateTmp=no", "private-devices, private-tmp"),
        )
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
    break_(
        "resolver-outside",
        f"cp -p {CONFIG} /run/kept && sed -i 's|^AllowedIPs.*|AllowedIPs = 192.0.2.0/24|' {CONFIG} && {RELOAD}",
        f"mv /run/kept {CONFIG} && {RELOAD}",
        *(
            rf"ranges: no peer's AllowedIPs cover {re.escape(address)}, so this resolver gets no queries; "
            rf"add {re.escape(address)}/{bits} to the AllowedIPs of a peer, or name another resolver"
            for address, bits in zip(LAB.tunnel_server, (32, 128), strict=True)
        ),
    ),
    break_(
        "resolver-silent",
        "systemctl stop lab-dns",
        "systemctl start lab-dns",
        *(
            rf"resolver: resolver {re.escape(address)} does not answer; name another in nsguard\.tunnels\.<name>\.dns, "
            r"or fix that one"
            for address in LAB.tunnel_server
        ),
        on="server",
    ),
    break_(
        "mtu",
        "nft -f - <<< 'table inet narrow { chain input { type filter hook input priority 0;\n"
        f"udp dport {LAB.endpoint_port} udp length > 1340 drop\n}}\n}}'",
        "nft delete table inet narrow",
        r"mtu: packets of 1420 bytes \(the link's MTU\) do not get through the tunnel, but packets of 1\d\d\d bytes "
        r"do; set nsguard\.tunnels\.lab\.mtu = 1\d\d\d",
        on="server",
    ),
]

lab = lab_of(scenario.DEMO)


def doctor(lab: ContainerLab) -> tuple[int, list[str]]:
    status, output = lab.client.execute("nsguard doctor vpn")
    return status, output.splitlines()


@pytest.mark.parametrize("broken", BREAKS, ids=lambda fault: fault.name)
def test_what_is_broken_alone_has_its_line(lab: ContainerLab, broken: Break) -> None:
    lab.client.succeed("systemctl reset-failed")  # forgets how often a service was started
    assert doctor(lab) == (0, ["vpn: healthy"])
    machine = lab.machines[broken.on]
    machine.succeed(broken.how)
    try:
        status, lines = doctor(lab)
    finally:
        machine.succeed(broken.mend)
        lab.client.succeed(f"systemctl start {APPS}")
        wait_for_tunnel(lab)
    holes = [line for line in lines if line.startswith("vpn: holes: ")]
    lines = [line for line in lines if line not in holes]
    assert bool(holes) == bool(broken.hole), holes
    assert all(line.startswith(f"vpn: holes: app-user.service has {broken.hole}") for line in holes), holes
    assert status == broken.status
    assert len(lines) == len(broken.lines), lines
    for line, pattern in zip(lines, broken.lines, strict=True):
        assert re.fullmatch(pattern, line), line
