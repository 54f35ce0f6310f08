"""WireGuard in userspace, where the kernel has none: a unit of systemd's, as it must outlive the run that starts it."""

import contextlib
import time
from collections.abc import Iterable

from nsguard.errors import NsguardError
from nsguard.spec.model import AMNEZIAWG, WIREGUARD, Endpoint
from nsguard.state import Tunnel
from nsguard.system import files, process

# Seconds for wireguard-go to answer; it takes some 10 ms.
SOCKET_TIMEOUT = 5.0
# wireguard.com/xplatform: where each userspace implementation listens for wg(8), and its README: for awg(8).
SOCKETS = {WIREGUARD: "/run/wireguard", AMNEZIAWG: "/run/amneziawg"}


def start(tunnel: Tunnel) -> None:
    """Start wireguard-go; its link is there, and it can be configured, when this returns."""
    process.change("systemctl", "start", tunnel.unit)
    _wait_for_socket(tunnel)


def outgrown(tunnel: Tunnel, endpoints: Iterable[Endpoint]) -> bool:
    """Whether it takes another process to send to `endpoints`, after those that the tunnel has.

    wireguard-go, once it has sent over IPv4, may send to the first four bytes of an IPv6 address: it takes a buffer for
    the address as long as the last one was. The pin drops what goes there, and the peer would not be reached.
    """
    known = {host for host, _ in tunnel.endpoints}
    longer = {host for host, _ in endpoints if ":" in host} - known
    return tunnel.implementation == "userspace" and bool(longer) and any(":" not in host for host in known)


def stop(tunnel: Tunnel) -> None:
    """End wireguard-go, and remove its socket in case it was killed."""
    process.change("systemctl", "stop", tunnel.unit)
    files.remove(_socket(tunnel))


def _socket(tunnel: Tunnel) -> str:
    return f"{SOCKETS[tunnel.kind]}/{tunnel.device}.sock"


def _wait_for_socket(tunnel: Tunnel) -> None:
    import socket  # takes milliseconds that wireguard-go needs anyway

    # Connecting, not looking: wg(8) removes a socket that exists but does not listen yet.
    deadline = time.monotonic() + SOCKET_TIMEOUT
    path = _socket(tunnel)
    while True:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(SOCKET_TIMEOUT)
            probe.connect(path)
            return
        process.checkpoint()
        if time.monotonic() > deadline:
            raise NsguardError(f"{tunnel.unit} did not open {path} within {SOCKET_TIMEOUT:g} s; see its journal")
        time.sleep(0.005)
