"""Descriptors that a service is started with, and what can be learned by them."""

from __future__ import annotations

import array
import fcntl
import os
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from ..attack import Attack, Env, Outcome
from ..target import CONFINED_UNITS, UNCONFINED_UNITS

if TYPE_CHECKING:
    from ..lab.base import Lab

SIOCGIFCONF = 0x8912  # linux/sockios.h
IFCONF = struct.Struct("i4xP")  # linux/if.h: a length, of the memory or of the answer in it, and its address
IFREQ = struct.Struct("16s4x4s16x")  # linux/if.h: a name and a sockaddr_in, on 64 bits


class InheritedSocketAddresses(Attack):
    """Claim: no socket that the service is started with tells the host's addresses.

    Method: ask the kernel for the addresses of the links (SIOCGIFCONF) by every descriptor that is a socket; one that
    names the uplink is a success.
    Limitations: what this process has; the standard output and error of others in the service are the same.
    Source: netdevice(7); network_namespaces(7): a socket keeps the namespace it was made in.
    """

    name = "inherited-socket-addresses"
    families = (4,)
    evidence = "answer"
    lowest: ClassVar[int] = 0  # of the descriptors that are tried

    def run(self, env: Env) -> Outcome:
        reports = []
        for descriptor in sorted(map(int, os.listdir("/proc/self/fd"))):
            if descriptor < self.lowest:
                continue
            with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as inherited:
                links = _links(inherited)
                reports.append(f"descriptor {descriptor}: {', '.join(f'{n} {a}' for n, a in links.items())}")
                if env.parameters["uplink"] in links:
                    return Outcome(True, reports[-1])
        return Outcome(False, "; ".join(reports) or "no descriptor is a socket")


class SocketOfAPackage(InheritedSocketAddresses):
    """Claim: a socket that only a package's file defines for a service gives it no socket of the host.

    Method: for each service write a socket unit that nsguard does not know, and start both. What starts nevertheless
    asks as inherited-socket-addresses does, but by the sockets that systemd passes beside the standard streams; the
    unconfined services must have got theirs. A confined service that does not start, which is right, is started anew
    without its socket.
    Limitations: an abstract address; systemd passes on every kind of socket in the same way.
    Source: systemd.socket(5), Service=; sd_listen_fds(3).
    """

    name = "socket-of-a-package"
    alone = True
    core = False
    lowest = 3

    def before(self, lab: Lab) -> None:
        lab.client.succeed(_passed(UNCONFINED_UNITS), _HAVE_IT)
        lab.client.succeed(f"{_passed(CONFINED_UNITS)} 2>/dev/null || {{ {_forgotten(CONFINED_UNITS)}; }}")

    def after(self, lab: Lab) -> None:
        lab.client.succeed(_forgotten(f"{CONFINED_UNITS} {UNCONFINED_UNITS}"))


def _passed(units: str) -> str:
    """Shell text that gives each of these services a socket, and starts them with it."""
    return (
        f"for unit in {units}; do"
        f" printf '[Socket]\\nListenDatagram=@%s\\nService=%s\\n' $unit $unit > {_SOCKET_FILE}; done;"
        f" systemctl daemon-reload; systemctl stop {units}; for unit in {units}; do systemctl start {_SOCKET}; done;"
        f" systemctl start {units}"
    )


def _forgotten(units: str) -> str:
    """Shell text that removes these sockets, and starts the services without them."""
    return (
        f"for unit in {units}; do if [ -e {_SOCKET_FILE} ]; then rm {_SOCKET_FILE}; systemctl stop {_SOCKET}; fi; done;"
        " systemctl daemon-reload;"
        f" systemctl reset-failed {units}; systemctl restart {units}"
    )


# of the service `$unit`
_SOCKET = "nsguard-leaktest-${unit%.service}.socket"
_SOCKET_FILE = f"/run/systemd/system/{_SOCKET}"
_HAVE_IT = (
    f"for unit in {UNCONFINED_UNITS}; do"
    " grep -zqx LISTEN_FDS=1 /proc/$(systemctl show -P MainPID $unit)/environ"
    " || { echo $unit: systemd passed it no socket >&2; exit 1; }; done"
)


def _links(inherited: socket.socket) -> dict[str, str]:
    """The names of the links that have an IPv4 address → that address, as the socket's namespace has them."""
    space = array.array("b", bytes(64 * IFREQ.size))
    memory, length = space.buffer_info()
    request = bytearray(IFCONF.pack(length, memory))
    fcntl.ioctl(inherited, SIOCGIFCONF, request)
    entries = IFREQ.iter_unpack(space.tobytes()[: IFCONF.unpack(request)[0]])
    return {name.rstrip(b"\0").decode(): socket.inet_ntoa(memory) for name, memory in entries}
