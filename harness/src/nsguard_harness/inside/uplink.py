"""Sets up the uplink of a machine of the lab.

usage: python3 -m nsguard_harness.inside.uplink INTERFACE client|server
"""

from __future__ import annotations

import subprocess
import sys

from ..addresses import LAB, Addresses, Pair

# The kernel is to say nothing of itself: no router solicitations, no duplicate address detection, and what groups it
# is in at once but not again a second later (Documentation/networking/ip-sysctl.rst). `default`: for links yet to come.
QUIET = {
    f"net/ipv6/conf/{scope}/{key}": "0"
    for scope in ("all", "default")
    for key in ("accept_ra", "autoconf", "accept_dad", "router_solicitations", "mldv2_unsolicited_report_interval")
}
# what systemd sets on a host (sysctl.d/50-default.conf), but can't in a container: ping sockets for everybody
PING = {"net/ipv4/ping_group_range": "0 2147483647"}
# ask for neighbours from an address of their network, never from one of those beyond (ip-sysctl.rst)
ANNOUNCE = {"net/ipv4/conf/all/arp_announce": "2"}
# The server tells everybody each time that it has no such protocol or port. By default it does so once a second to a
# client, after the first six, and an attack that meets the limit waits in vain for what its fellow was told (icmp(7)).
REFUSING = {"net/ipv4/icmp_ratelimit": "0", "net/ipv6/icmp/ratelimit": "0"}


def sysctls(role: str) -> dict[str, str]:
    """What the kernel of the `client` or the `server` is told, as files below /proc/sys."""
    return QUIET | ANNOUNCE | PING | (REFUSING if role == "server" else {})


def beyond(addresses: Addresses) -> tuple[Pair, ...]:
    """What the server is besides the gateway: addresses of its loopback."""
    return (addresses.answer_tunnel, addresses.answer_uplink, addresses.endpoint, addresses.granted)


def commands(interface: str, role: str, addresses: Addresses = LAB) -> list[list[str]]:
    """What brings up an interface as the `client`'s or the `server`'s."""
    own = {key.replace("/all/", f"/{interface}/"): value for key, value in QUIET.items() if "/all/" in key}
    values = sysctls(role) | own
    made = [["sysctl", "-qw", f"{key.replace('/', '.')}={value}"] for key, value in values.items()]
    for one, of in zip(addresses.client if role == "client" else addresses.server, addresses.lan, strict=True):
        nodad = ["nodad"] if ":" in one else []  # address(es) that can be used at once
        made.append(["ip", "address", "add", f"{one}/{of.split('/')[1]}", "dev", interface, *nodad])
    made.append(["ip", "link", "set", interface, "up"])
    if role == "client":
        made += [["ip", "route", "add", "default", "via", hop, "dev", interface] for hop in addresses.server]
    else:
        made += [["ip", "address", "add", one, "dev", "lo"] for pair in beyond(addresses) for one in pair]
    return made


if __name__ == "__main__":
    for command in commands(sys.argv[1], sys.argv[2]):
        subprocess.run(command, check=True)
