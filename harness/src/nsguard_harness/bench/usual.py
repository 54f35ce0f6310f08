"""The usual script: our imitation of what NixOS users run today, to compare with.

One oneshot unit whose start and stop call `ip`, `iptables` and `wg` some fifty times, with a bridge and a veth pair to
the host.
"""

from __future__ import annotations

from ..lab.debian import TUNNEL_CONFIGURATION
from ..machine import Machine
from ..scenario import UNITS

UNIT = "usual-script.service"


def install(machine: Machine, *, kernel: bool) -> None:
    """Lay the unit, its script within. kernel: whether the kernel has WireGuard."""
    up, down = usual_script(kernel)
    text = (
        # under emulation its fifty commands take longer than a lab gives units to stop
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nTimeoutSec=infinity\n"
        "Environment=WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD=1\n"
        f"ExecStart=/bin/bash -ec '{' && '.join(up)}'\nExecStop=/bin/bash -c '{'; '.join(down)}'\n"
    )
    machine.write_files({f"{UNITS}/{UNIT}": text})
    machine.succeed(f"wg-quick strip {TUNNEL_CONFIGURATION} > /run/usual.conf; systemctl daemon-reload")


def usual_script(kernel: bool) -> tuple[list[str], list[str]]:
    """The commands that bring the imitation up and down."""
    inside = "ip netns exec usual"
    link = ["ip link add usual0 type wireguard"] if kernel else ["wireguard-go usual0"]
    up = [
        "ip netns add usual",
        "ip -n usual link set lo up",
        *link,
        "wg setconf usual0 /run/usual.conf",
        "ip link set usual0 netns usual",
        "ip -n usual address add 10.66.0.2/32 dev usual0",
        "ip -n usual address add fd66::2/128 dev usual0 nodad",
        "ip -n usual link set usual0 mtu 1420",
        "ip -n usual link set usual0 up",
        "ip -n usual route add default dev usual0",
        "ip -n usual -6 route add default dev usual0",
        "ip link add usual-br type bridge",
        "ip address add 10.15.0.5/24 dev usual-br",
        "ip address add fd93::1/64 dev usual-br nodad",
        "ip link set usual-br up",
        "ip link add usual-veth type veth peer name usual-peer netns usual",
        "ip link set usual-veth master usual-br",
        "ip link set usual-veth up",
        "ip -n usual address add 10.15.0.1/24 dev usual-peer",
        "ip -n usual address add fd93::2/64 dev usual-peer nodad",
        "ip -n usual link set usual-peer up",
        "sysctl -qw net.ipv4.ip_forward=1",
        "sysctl -qw net.ipv6.conf.all.forwarding=1",
    ]
    for table in ("iptables", "ip6tables"):
        up += [
            f"{inside} {table} -P INPUT DROP",
            f"{inside} {table} -P FORWARD DROP",
            f"{inside} {table} -A INPUT -i lo -j ACCEPT",
            f"{inside} {table} -A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT",
            f"{inside} {table} -A OUTPUT -o usual-peer -m state --state NEW -j DROP",
            f"{inside} {table} -A OUTPUT -p udp --dport 53 -o usual-peer -j DROP",
            f"{inside} {table} -A OUTPUT -p tcp --dport 53 -o usual-peer -j DROP",
            *(f"{inside} {table} -A INPUT -i usual-peer -p tcp --dport {port} -j ACCEPT" for port in (9091, 8080)),
            f"{table} -N usual-forward",
            f"{table} -A FORWARD -j usual-forward",
            f"{table} -A usual-forward -i usual-br -j ACCEPT",
            f"{table} -A usual-forward -o usual-br -j ACCEPT",
        ]
    down = [
        "ip netns delete usual",
        "ip link delete usual-br",
        *(
            f"{table} {change}"
            for table in ("iptables", "ip6tables")
            for change in ("-D FORWARD -j usual-forward", "-F usual-forward", "-X usual-forward")
        ),
        "sysctl -qw net.ipv4.ip_forward=0",
        "sysctl -qw net.ipv6.conf.all.forwarding=0",
    ]
    return up, down
