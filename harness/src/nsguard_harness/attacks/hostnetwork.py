"""Files of the host's network programs: their addresses, leases and resolvers show where the host is."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from ..addresses import Addresses
from ..attack import Env, Outcome
from ._standins import WithStandins

LAID = "nsguard-leaktest.lease"


class _Files(WithStandins):
    """Look for the uplink's address, or its resolver's, in files; a stand-in lays one in each directory."""

    directories: ClassVar[tuple[str, ...]]
    files: ClassVar[tuple[str, ...]] = ()

    def run(self, env: Env) -> Outcome:
        telling = (env.addresses.client.v4, env.addresses.server.v4)
        patterns = [*self.files, *(f"{directory}/*" for directory in self.directories)]
        for path in (path for pattern in patterns for path in glob.glob(pattern)):
            with suppress(OSError, UnicodeDecodeError):
                words = Path(path).read_text().replace("=", " ").split()
                if addresses := [address for address in telling if address in words]:
                    return Outcome(True, f"{path} tells {addresses[0]}")
        return Outcome(False, "no file tells the uplink's address or resolver")


class NetworkState(_Files):
    """Claim: what the host's network managers keep in /run, addresses and resolvers, can't be read.

    Method: read resolved's resolv.conf and the state of systemd-networkd, NetworkManager and dhcpcd.
    Limitations: a configuration with fixed addresses is in /etc, which the service sees but for what it needs itself.
    Source: systemd-networkd.service(8), resolved's /run/systemd/resolve/resolv.conf; NetworkManager(8); dhcpcd(8).
    """

    name = "network-state"
    directories = ("/run/systemd/netif/leases", "/run/NetworkManager/devices", "/run/dhcpcd/hook-state/resolv.conf")
    files = ("/run/systemd/resolve/resolv.conf", "/run/systemd/netif/state")


class Leases(_Files):
    """Claim: the leases that network programs keep over reboots can't be read.

    Method: read those of dhcpcd, dhclient, NetworkManager, wicked, connman, iwd and tailscale in /var/lib.
    Limitations: as network-state.
    Source: dhcpcd(8), dhclient.leases(5), NetworkManager(8), wickedd(8), connman(8), iwd(8).
    """

    name = "leases"
    directories = tuple(
        f"/var/lib/{program}"
        for program in ("dhcpcd", "dhcp", "NetworkManager", "wicked", "connman", "iwd", "tailscale")
    )


class StateOfOthers(_Files):
    """Claim: the service reads no other program's state or log, whatever program keeps it.

    Method: read a lease in a directory of /var/lib, and one of /var/log, that nobody has heard of.
    Limitations: what the service's own unit names, and what the service is granted, is in sight.
    Source: file-hierarchy(7).
    """

    name = "state-of-others"
    directories = ("/var/lib/nsguard-leaktest-network", "/var/log/nsguard-leaktest-network")


def laid(addresses: Addresses) -> Iterator[tuple[str, str]]:
    """The files that a stand-in writes: path and content."""
    for kind in (NetworkState, Leases, StateOfOthers):
        for directory in kind.directories:
            text = f"ADDRESS={addresses.client.v4}\nDNS={addresses.server.v4}\n"
            yield f"{directory}/{LAID}", text
