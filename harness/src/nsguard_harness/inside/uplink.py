"""Sets up the uplink of a machine of the lab.

usage: python3 -m nsguard_harness.inside.uplink INTERFACE client|server
"""

from __future__ import annotations

import subprocess
import sys

from ..addresses import LAB, Addresses, Pair

# The kernel must not send by itself: no router solicitations, no duplicate address detection, and its report of groups
# at once but not again a second later (Documentation/networking/ip-sysctl.rst). `default`: for links yet to come.
QUIET = {
    f"net/ipv6/conf/{scope}/{key}": "0"
    for scope in ("all", "default")
    for key in ("accept_ra", "autoconf", "accept_dad", "router_solicitations", "mldv2_unsolicited_report_interval")
}
# what systemd sets on a host (sysctl.d/50-default.conf), but can't in a container: ping sockets for everybody
PING = {"net/ipv4/ping_group_range": "0 2147483647"}
# ask for neighbours from an address of their network, never from one of those beyond (ip-sysctl.rst)
ANNOUNCE = {"net/ipv4/conf/all/arp_announce": "2"}
# The server refuses every packet to a protocol or port that it does not have. By default the kernel limits refusals to
# one a second for each client, after the first six, and an attack over the limit would wait in vain (icmp(7)).
REFUSING = {"net/ipv4/icmp_ratelimit": "0", "net/ipv6/icmp/ratelimit": "0"}


def sysctls(role: str) -> dict[str, str]:
    """The kernel settings of the `client` or the `server`: file below /proc/sys → value."""
    return QUIET | ANNOUNCE | PING | (REFUSING if role == "server" else {})


def beyond(addresses: Addresses) -> tuple[Pair, ...]:
    """The addresses of the hosts beyond the gateway: the server has them on its loopback."""
    return (addresses.answer_tunnel, addresses.answer_uplink, addresses.endpoint, addresses.granted)


def commands(interface: str, role: str, addresses: Addresses = LAB) -> list[list[str]]:
    """The commands that bring up an interface for the `client` or the `server`."""
    own = {key.replace("/all/", f"/{interface}/"): value for key, value in QUIET.items() if "/all/" in key}
    values = sysctls(role) | own
    lines = [["sysctl", "-qw", f"{key.replace('/', '.')}={value}"] for key, value in values.items()]
    for address, network in zip(addresses.client if role == "client" else addresses.server, addresses.lan, strict=True):
        nodad = ["nodad"] if ":" in address else []  # address(es) that can be used at once
        lines.append(["ip", "address", "add", f"{address}/{network.split('/')[1]}", "dev", interface, *nodad])
    lines.append(["ip", "link", "set", interface, "up"])
    if role == "client":
        lines += [["ip", "route", "add", "default", "via", hop, "dev", interface] for hop in addresses.server]
    else:
        lines += [["ip", "address", "add", address, "dev", "lo"] for pair in beyond(addresses) for address in pair]
    return lines


if __name__ == "__main__":
    for command in commands(sys.argv[1], sys.argv[2]):
        subprocess.run(command, check=True)
