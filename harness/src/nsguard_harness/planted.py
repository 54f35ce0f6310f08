"""Planted leaks: a deliberate hole for each family of attacks. The suite must report it, by the attack that finds it.

Each is what somebody might really do to a confined service or its namespace, laid over the plan as a drop-in of the
services' units, or done by hand on the host.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .addresses import LAB
from .lab.base import Lab
from .machine import Machine
from .run.suite import Subject, Verdict, cells_for
from .run.trial import Red, attack, switch, together_first
from .scenario import Plan
from .target import CONFINED

# the namespace's own rules, emptied
OPEN = (
    "ip netns exec vpn nft 'flush table inet nsguard; chain inet nsguard output { policy accept; }; "
    "chain inet nsguard input { policy accept; }; chain inet nsguard forward { policy accept; }'"
)
# a veth that the host routes and masquerades, and no rules in the namespace
VETH = (
    "ip link add planted0 type veth peer name planted1 netns vpn",
    "ip address add 10.99.0.1/24 dev planted0; ip address add fd99::1/64 dev planted0 nodad; ip link set planted0 up",
    "ip -n vpn address add 10.99.0.2/24 dev planted1; ip -n vpn address add fd99::2/64 dev planted1 nodad",
    "ip -n vpn link set planted1 up",
    "sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1",
    "nft 'table inet planted { chain out { type nat hook postrouting priority 100; "
    "ip saddr 10.99.0.0/24 masquerade; ip6 saddr fd99::/64 masquerade; }; }'",
    OPEN,
)
TO_THE_LAN = "ip -n vpn route add 198.51.100.0/24 via 10.99.0.1; ip -n vpn route add 2001:db8:51::/64 via fd99::1"
AT_LAST = "ip -n vpn route add default via 10.99.0.1 metric 4000; ip -n vpn route add default via fd99::1 metric 4000"
NO_VETH = (
    "nft delete table inet planted",
    "ip link delete planted0",
    "sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0",
)
# a second link to the uplink's network within the namespace, under the uplink's name
MACVLAN = (
    "ip link add link eth0 name eth0 netns vpn type macvlan mode bridge",
    "ip -n vpn address add 198.51.100.3/24 dev eth0; ip -n vpn address add 2001:db8:51::3/64 dev eth0 nodad",
    "ip -n vpn link set eth0 up",
    OPEN,
)
# a host link without rules
LINK = (
    "ip link add vensg-planted type veth peer name host0 netns vpn",
    "ip address add 169.254.9.0/31 dev vensg-planted; ip address add fd99:9::1/64 dev vensg-planted nodad",
    "ip -n vpn address add 169.254.9.1/31 dev host0; ip -n vpn address add fd99:9::2/64 dev host0 nodad",
    "ip link set vensg-planted up; ip -n vpn link set host0 up",
    "ip -n vpn rule add from 169.254.9.1 lookup 99; ip -n vpn route add default via 169.254.9.0 table 99",
    "sysctl -qw net.ipv4.ip_forward=1",
    OPEN,
)
NO_LINK = ("ip link delete vensg-planted", "sysctl -qw net.ipv4.ip_forward=0")
# What a confined service of the demo runs, behind nsguard-init or without it.
AGENT = "/usr/bin/python3 -m nsguard_harness.inside.agent /run/nsguard-agent-%N/socket"
UNVERIFIED = f"ExecStart=\nExecStart=/usr/bin/nsguard-init --journal --notify=main {AGENT}"
# All is uncovered but the directory in which nsguard-init listens for the service's messages.
UNCOVERED = "TemporaryFileSystem=\nTemporaryFileSystem=/run/nsguard-notify:mode=1777"
# a socket in the namespace and a proxy on the host, as a way out has them, to a port that nobody was to reach
WAY_OUT = " ".join(
    (
        "systemd-run -q --collect --unit=planted-way",
        "--socket-property=NetworkNamespacePath=/run/netns/vpn",
        *(f"--socket-property=ListenStream={at}:{LAB.host_port}" for at in ("127.0.0.1", "[::1]")),
        f"/usr/lib/systemd/systemd-socket-proxyd 127.0.0.1:{LAB.host_port}",
    )
)
SERVE = f"systemd-run -q --collect --unit=planted-web python3 -m http.server {LAB.published_port} --bind ::"


@dataclass(frozen=True)
class Hole:
    """leaks: the attacks that must find it; dropin: [Service] lines for the confined; by_hand, undo: host commands."""

    what: str
    leaks: tuple[str, ...]
    dropin: str = ""
    by_hand: tuple[str, ...] = ()
    undo: tuple[str, ...] = ()


HOLES = (
    Hole("a host link without rules", ("link-to-host", "link-to-lan"), by_hand=LINK, undo=NO_LINK),
    Hole(
        "the service left in the host's namespace",
        (
            *("udp-lan", "tcp-beyond", "dns-over-tls", "dns-tcp", "packet-info", "dhcp", "links-in-sight", "mptcp"),
            *("rules-flushed", "uplink-flaps", "tunnel-crack-local", "beside-exception"),
            "beside-host-service",
        ),
        f"NetworkNamespacePath=\n{UNVERIFIED}",
    ),
    Hole(
        "the same, where the host serves what is published",
        ("to-published",),
        f"NetworkNamespacePath=\n{UNVERIFIED}",
        (f"{SERVE} && until ss -Hltn | grep -q :{LAB.published_port}; do sleep 0.1; done",),
        ("systemctl stop planted-web",),
    ),
    Hole(
        "a command of the administrator's own",
        ("inherited-socket-addresses",),
        f"OpenFile=\nBindPaths=/run/systemd/notify\nExecStart=\nExecStart={AGENT}",
    ),
    Hole(
        "systemd's own socket for messages of services",
        ("main-process-elsewhere",),
        f"NotifyAccess=all\nOpenFile=\nBindPaths=/run/systemd/notify\nExecStart=\nExecStart={AGENT}",
    ),
    Hole(
        "a way to another port of the host",
        ("beside-host-service",),
        by_hand=(WAY_OUT,),
        undo=("systemctl stop planted-way.socket planted-way.service",),
    ),
    Hole("a veth that the host routes", ("icmp-ping-lan",), by_hand=(*VETH, TO_THE_LAN), undo=NO_VETH),
    Hole("a veth for when the tunnel is down", ("link-deleted",), by_hand=(*VETH, AT_LAST), undo=NO_VETH),
    Hole("a macvlan of the uplink in the namespace", ("bind-to-device", "mdns", "all-nodes"), by_hand=MACVLAN),
    Hole(
        "the same, and CAP_NET_RAW that counts",
        ("af-packet", "af-packet-bypass", "raw-gre"),
        "PrivateUsers=no\nCapabilityBoundingSet=CAP_NET_RAW\nRestrictAddressFamilies=AF_PACKET",
        MACVLAN,
    ),
    Hole("the system bus bound back", ("resolved-dbus", "systemd-run-bus"), "BindPaths=/run/dbus"),
    Hole(
        "the host's whole /run and more",
        ("avahi", "varlink-hostname", "sockets-in-sight", "leases", "state-of-others"),
        UNCOVERED,
    ),
    Hole("a user's session", ("session-activation", "session-bus"), f"{UNCOVERED}\nProtectHome=no"),
    Hole("nscd's socket bound back", ("nscd-socket",), "BindPaths=/run/nscd"),
    Hole("the host's resolv.conf and hosts", ("resolv-conf-renamed", "hosts-of-host"), "ExtensionDirectories="),
    Hole(
        "CAP_SYS_ADMIN that counts",
        ("setns-proc",),
        "PrivateUsers=no\nPrivatePIDs=no\nCapabilityBoundingSet=CAP_SYS_ADMIN CAP_SYS_PTRACE",
    ),
    Hole(
        "the host's processes in sight and in reach",
        ("proc-net", "proc-command", "signal-outside", "limits-outside"),
        "PrivatePIDs=no\nProtectProc=default",
    ),
    Hole("a whole home elsewhere", ("left-in-own-home", "socket-in-own-home"), "ProtectHome=no\nBindPaths=/var/www"),
    Hole(
        "the host's terminals in place of the namespace's",
        ("terminals",),
        by_hand=("mount --bind /dev/pts /run/nsguard/vpn/terminals/pts",),
        undo=("umount /run/nsguard/vpn/terminals/pts",),
    ),
    Hole("the host's /tmp", ("socket-in-tmp", "tmux"), "PrivateTmp=no"),
    Hole(
        "a directory to write that the host runs",
        ("files-of-host", "left-for-the-host"),
        "ReadWritePaths=/usr/local/bin",
    ),
    Hole(
        "the kernel's own files",
        ("kernel-files", "namespace-settings", "other-control-groups"),
        "ProtectKernelTunables=no\nProtectControlGroups=no",
    ),
    Hole("set-uid files", ("set-uid-file",), "RestrictSUIDSGID=no"),
    Hole("message queues of the host", ("message-queue-system-v",), "PrivateIPC=no"),
    Hole(
        "the tunnel's address on the host",
        ("tunnel-address-asked",),
        by_hand=("ip address add 10.66.0.2/32 dev lo",),
        undo=("ip address del 10.66.0.2/32 dev lo",),
    ),
    Hole("system calls unfiltered", ("keyring", "io-uring-socket"), "SystemCallFilter="),
    Hole("every address family", ("unscoped-family", "any-family"), "RestrictAddressFamilies="),
    Hole("no check of the namespace", ("host-under-the-name",), UNVERIFIED),
    Hole("the namespace's rules emptied", ("unasked", "other-resolver"), by_hand=(OPEN,)),
    Hole("the tunnel's pin removed", ("endpoint-roams",), by_hand=("nft delete table inet nsguard_pins",)),
)


@dataclass(frozen=True)
class Find:
    """What the suite found of a hole."""

    hole: Hole
    reds: tuple[Red, ...]

    @property
    def caught(self) -> tuple[str, ...]:
        """The attacks that called it a leak."""
        return tuple(red.attack for red in self.reds if red.verdict is Verdict.LEAKED)

    @property
    def missed(self) -> tuple[str, ...]:
        """The attacks that should have, and did not."""
        return tuple(name for name in self.hole.leaks if name not in self.caught)


def find(lab: Lab, made: Plan, subjects: Callable[[Machine], Sequence[Subject]], hole: Hole) -> Find:
    """Make a hole in a plan that runs, try the attacks that must find it, and fill it. Raises HarnessError."""
    client = lab.client
    names = [f"/run/systemd/system/{unit}.d" for unit in CONFINED]
    client.write_files({f"{name}/planted.conf": f"[Service]\n{hole.dropin}\n" for name in names})
    try:
        switch(client, made)
        client.succeed(*hole.by_hand)
        cells = [cell for cell in cells_for("*", subjects(client)) if cell.attack.name in hole.leaks]
        reds = [red for group in together_first(cells) for red in attack(lab, group)]
    finally:
        client.succeed(f"rm -rf {' '.join(names)}")  # systemd reads that with the next `switch`
        for command in hole.undo:
            client.execute(command)
    return Find(hole, tuple(reds))
