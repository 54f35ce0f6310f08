"""Which attacks are fit for a host that people use, and what shows that each would have been seen.

Opt-in by name: an attack is here because it changes nothing where it succeeds, asks no daemon for more than an answer,
speaks to documentation addresses alone, and makes the kernel load no module. So what opens device nodes (a watchdog
would be armed), makes sockets of rare families, traces processes, writes files or tells daemons to do something is not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..attacks._tools import NSCD, RESOLVED_VARLINK
from ..attacks.varlink import Credentials, HostName, JournalControl, ResolverMonitor, UserRecords

BUS = "/run/dbus/system_bus_socket"


class Control(Enum):
    """What is done unconfined, to show that the observer would have seen it."""

    TOKEN = "the token in a datagram to the same address, hop limit 1"
    QUESTION = "the token in a DNS question to the same address, hop limit 1"
    SAME = "the same, unconfined: it only reads"
    PATH = "the socket is looked for on the host, and not connected to"


@dataclass(frozen=True)
class Entry:
    """An attack's control. path: the socket that Control.PATH looks for, else empty."""

    control: Control
    path: str = ""


TOKEN, QUESTION, SAME = Entry(Control.TOKEN), Entry(Control.QUESTION), Entry(Control.SAME)

CATALOGUE: dict[str, Entry] = {
    **dict.fromkeys(("udp-beyond", "tcp-beyond", "icmp-raw-beyond", "icmp-ping-beyond", "mptcp"), TOKEN),
    **dict.fromkeys(("dns-over-tls", "dns-over-https", "dns-over-quic", "http3", "fragments", "over-mtu"), TOKEN),
    **dict.fromkeys(("packet-info", "unicast-interface", "bind-to-device", "transparent", "freebind"), TOKEN),
    **dict.fromkeys(("af-packet", "af-packet-bypass", "raw-spoofed", "raw-ipip", "raw-6in4", "raw-gre"), TOKEN),
    **dict.fromkeys(("raw-esp", "raw-sctp", "source-routed", "setns-proc", "pidfd-setns", "user-namespace"), TOKEN),
    **dict.fromkeys(("dns-beyond", "dns-tcp", "dns-stub", "reverse-lookup", "local-name"), QUESTION),
    **dict.fromkeys(("getaddrinfo", "getaddrinfo-old-process", "getent-hosts"), QUESTION),
    **dict.fromkeys(("search-domain", "host-aliases"), QUESTION),
    **dict.fromkeys(("proc-net", "proc-command", "links-in-sight", "network-state", "leases"), SAME),
    **dict.fromkeys(("keyring", "fresh-proc", "tunnel-key", "sockets-in-sight"), SAME),
    **dict.fromkeys(("resolved-varlink", "resolvectl"), Entry(Control.PATH, RESOLVED_VARLINK)),
    **dict.fromkeys(("resolved-dbus", "bus-names"), Entry(Control.PATH, BUS)),
    "nscd-socket": Entry(Control.PATH, NSCD),
    **{
        attack.name: Entry(Control.PATH, attack.path)
        for attack in (HostName, UserRecords, Credentials, JournalControl, ResolverMonitor)
    },
}

# attacks whose question must reach the tunnel's resolver, if the tunnel has one
NAMES = frozenset(name for name, entry in CATALOGUE.items() if entry is QUESTION)
