"""WireGuard in userspace, for kernels without it: wireguard-go in a systemd unit, so that it outlives this process."""

from __future__ import annotations

import os
import time

from nsguard.errors import NsguardError
from nsguard.spec.model import AMNEZIAWG, WIREGUARD
from nsguard.system import files, process
from nsguard.system.contexts import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from nsguard.spec.model import Endpoint
    from nsguard.state import Tunnel

# Seconds until wireguard-go must accept a connection: usually some 10 ms, but many seconds if fifty tunnels start at
# once. And seconds between two checks that its unit still runs.
SOCKET_TIMEOUT, _CHECK_INTERVAL = 60.0, 2.0
# Directories of the sockets for wg(8) (wireguard.com/xplatform) and for awg(8) (its README).
SOCKETS = {WIREGUARD: "/run/wireguard", AMNEZIAWG: "/run/amneziawg"}


def start(tunnel: Tunnel, root: str) -> None:
    """Start wireguard-go, in the root directory of its unit. On return its link exists and can be configured.

    Raises `NsguardError`.
    """
    os.makedirs(root, exist_ok=True)
    process.change("systemctl", "start", tunnel.unit)
    _wait_for_socket(tunnel)


def outgrown(tunnel: Tunnel, endpoints: Iterable[Endpoint]) -> bool:
    """Whether wireguard-go must be restarted before it can send to `endpoints`.

    After wireguard-go has sent over IPv4, it may cut an IPv6 address to its first four bytes: it reuses a buffer with
    the length of the last address. The pin drops packets to such an address, so they would not reach the peer.
    """
    hosts = {host for host, _ in tunnel.endpoints}
    new_ipv6 = {host for host, _ in endpoints if ":" in host} - hosts
    return tunnel.implementation == "userspace" and bool(new_ipv6) and any(":" not in host for host in hosts)


def stop(tunnel: Tunnel) -> None:
    """Stop wireguard-go, and remove its socket, which a killed wireguard-go leaves behind."""
    process.change("systemctl", "stop", tunnel.unit)
    files.remove(_socket(tunnel))


def _socket(tunnel: Tunnel) -> str:
    return f"{SOCKETS[tunnel.kind]}/{tunnel.device}.sock"


def _wait_for_socket(tunnel: Tunnel) -> None:
    from nsguard.system import unix  # imported here because only this function needs sockets

    # Connect to the socket instead of checking that it exists: wg(8) removes one that does not listen yet.
    deadline = time.monotonic() + SOCKET_TIMEOUT
    check = time.monotonic() + _CHECK_INTERVAL
    path = _socket(tunnel)
    while True:
        with suppress(OSError), unix.connect(path, SOCKET_TIMEOUT):
            return
        process.checkpoint()
        if time.monotonic() > check:
            from nsguard.system import systemd  # imported here because it takes longer to load than most waits last

            check = time.monotonic() + _CHECK_INTERVAL
            if any(it["ActiveState"] in ("failed", "inactive") for it in systemd.show([tunnel.unit], ["ActiveState"])):
                raise NsguardError(f"{tunnel.unit} ended before it opened {path}; see its journal")
        if time.monotonic() > deadline:
            raise NsguardError(f"{tunnel.unit} did not open {path} within {SOCKET_TIMEOUT:g} s; see its journal")
        time.sleep(0.005)
