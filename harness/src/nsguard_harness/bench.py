"""How long a namespace with its tunnel takes to come and go, beside the usual script, in one run on one machine.

The usual script is our imitation of what NixOS users run today: one oneshot unit whose start and stop call `ip`,
`iptables` and `wg` some fifty times, with a bridge and a veth pair to the host. Both use the same WireGuard, and take
turns. A third pair of units that run /bin/true shows what systemd itself takes of the time.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from rich.console import Console
from rich.table import Table

from .lab.container import ContainerLab
from .lab.debian import TUNNEL_CONFIGURATION
from .lab.peer import LIBRARY
from .machine import Machine
from .scenario import DEMO, RUN, UNITS, apply

ROUNDS = 15
CALLER = "alice"
OURS = ("nsguard-netns-vpn.service", "nsguard-tunnel-vpn.service")
USUAL = ("usual-script.service",)
EMPTY = ("bench-empty.service", "bench-after.service")
TRUE = "Type=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\nExecStopPost=/bin/true\n"


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


@dataclass(frozen=True)
class Times:
    """Milliseconds of each round."""

    up: Sequence[float]
    down: Sequence[float]


def measure(machine: Machine, *pairs: Sequence[str], rounds: int = ROUNDS) -> list[Times]:
    """Times of starts and stops of groups of units, taken in the machine."""
    turns = [(verb, u) for units in pairs for verb, u in (("start", units), ("stop", units[::-1]))]
    return clock(machine, rounds, *(f"systemctl {verb} {' '.join(u)}" for verb, u in turns))


def clock(machine: Machine, rounds: int, *commands: str) -> list[Times]:
    """Times of pairs of commands that take turns."""
    arguments = shlex.join([str(rounds), *commands])
    said = machine.succeed(f"PYTHONPATH={LIBRARY} python3 -m nsguard_harness.inside.stopwatch {arguments}")
    return [Times(**each) for each in json.loads(said)]


def one_command(machine: Machine) -> Table:
    """A command that does nothing: by `nsguard run`, by ip(8), which confines nothing else, and by systemd alone."""
    apply(machine, RUN)
    ours = f"setpriv --reuid {CALLER} --regid {CALLER} --init-groups nsguard run vpn -- true"
    (ours_and_ip, alone) = clock(
        machine, ROUNDS, ours, "ip netns exec vpn true", "systemd-run --quiet --pipe --wait true", "true"
    )
    table = Table(title=f"one command, milliseconds, {ROUNDS} rounds")
    for column in ("", "nsguard run", "ip netns exec", "systemd-run, unconfined"):
        table.add_column(column, justify="right" if column else "left")
    for word, of in (("least", min), ("median", median)):
        cells = (of(times) for times in (ours_and_ip.up, ours_and_ip.down, alone.up))
        table.add_row(word, *(f"{cell:.0f}" for cell in cells))
    return table


def steps(machine: Machine) -> list[tuple[str, float]]:
    """What the runtime did in one start of its units, and the milliseconds until the next thing it did.

    From the journal, whose clock is in microseconds: systemd's own messages and the runtime's, one for each change.
    """
    machine.succeed(f"journalctl --rotate --vacuum-time=1s; systemctl start {' '.join(OURS)}; journalctl --sync")
    lines = machine.succeed(f"journalctl -o json --no-pager -u {' -u '.join(OURS)}").splitlines()
    entries = [json.loads(line) for line in lines]
    moments = [(int(entry["__MONOTONIC_TIMESTAMP"]) / 1000, str(entry["MESSAGE"])) for entry in entries]
    machine.succeed(f"systemctl stop {' '.join(reversed(OURS))}")
    return [(text, later - at) for (at, text), (later, _) in pairwise(moments)]


def units(kernel: bool) -> dict[str, str]:
    """The imitation, its script in the unit itself, and the units that do nothing."""
    up, down = usual_script(kernel)
    usual = (
        "[Service]\nType=oneshot\nRemainAfterExit=yes\nEnvironment=WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD=1\n"
        f"ExecStart=/bin/bash -ec '{' && '.join(up)}'\nExecStop=/bin/bash -c '{'; '.join(down)}'\n"
    )
    first, second = EMPTY
    after = f"[Unit]\nBindsTo={first}\nAfter={first}\n"
    return {USUAL[0]: usual, first: f"[Service]\n{TRUE}", second: f"{after}[Service]\n{TRUE}"}


def main(console: Console) -> int:
    """Measure all in turn and print least times, medians and ratios."""
    with ContainerLab() as lab:
        client = lab.client
        apply(client, DEMO)
        kernel = client.execute("ip link add probe type wireguard && ip link delete probe")[0] == 0
        client.write_files({f"{UNITS}/{name}": text for name, text in units(kernel).items()})
        client.succeed(f"wg-quick strip {TUNNEL_CONFIGURATION} > /run/usual.conf; systemctl daemon-reload")
        client.succeed(f"systemctl stop {' '.join(reversed(OURS))}")
        ours, usual, empty = measure(client, OURS, USUAL, EMPTY)
        spent = steps(client)
        command = one_command(client)
    table = Table(title=f"one namespace with its tunnel, milliseconds, {ROUNDS} rounds")
    for column in ("", "nsguard", "usual script", "ratio", "systemd alone"):
        table.add_column(column, justify="right" if column else "left")
    for name in ("up", "down"):
        for word, of in (("least", min), ("median", median)):
            a, b, c = (of(getattr(times, name)) for times in (ours, usual, empty))
            table.add_row(f"{name}, {word}", f"{a:.0f}", f"{b:.0f}", f"{a / b:.2f}", f"{c:.0f}")
    console.print(table)
    console.print(command)
    console.print("\nWhere the time of one start goes (milliseconds until the next line of the journal):\n")
    for text, milliseconds in spent:
        console.print(f"{milliseconds:7.1f}  {text}", highlight=False, markup=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(Console()))
