"""Descriptors that a service is started with, and what can be learned by them."""

from __future__ import annotations

import array
import fcntl
import os
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

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

    def run(self, env: Env) -> Outcome:
        reports = []
        for descriptor in map(int, os.listdir("/proc/self/fd")):
            with suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as inherited:
                links = _links(inherited)
                reports.append(f"descriptor {descriptor}: {', '.join(f'{n} {a}' for n, a in links.items())}")
                if env.parameters["uplink"] in links:
                    return Outcome(True, reports[-1])
        return Outcome(False, "; ".join(reports) or "no descriptor is a socket")


class SocketOfAPackage(InheritedSocketAddresses):
    """Claim: a socket that only a package's file defines for a service gives it no socket of the host.

    Method: for each service write a socket unit that nsguard does not know, and start both. What starts nevertheless
    asks as inherited-socket-addresses does; where the service does not start, which is right, the socket goes first.
    Limitations: an abstract address; systemd passes on every kind of socket in the same way.
    Source: systemd.socket(5), Service=; sd_listen_fds(3).
    """

    name = "socket-of-a-package"
    alone = True
    core = False

    def before(self, lab: Lab) -> None:
        lab.client.succeed(f"for unit in {CONFINED_UNITS} {UNCONFINED_UNITS}; do {_SOCKET_OF_UNIT} done; {_PASSED}")

    def after(self, lab: Lab) -> None:
        lab.client.succeed(_FORGOTTEN)


_PACKAGED = "/run/systemd/system/nsguard-leaktest-"
_SOCKET_OF_UNIT = (
    f"printf '[Socket]\\nListenDatagram=@%s\\nService=%s\\n' $unit $unit > {_PACKAGED}${{unit%.service}}.socket;"
)
_FORGOTTEN = (
    f"rm -f {_PACKAGED}*.socket; systemctl stop 'nsguard-leaktest-*.socket'; systemctl daemon-reload;"
    f" systemctl reset-failed {CONFINED_UNITS}; systemctl restart {CONFINED_UNITS} {UNCONFINED_UNITS}"
)
_PASSED = (
    f"systemctl daemon-reload; systemctl stop {CONFINED_UNITS} {UNCONFINED_UNITS};"
    f" for file in {_PACKAGED}*.socket; do systemctl start $(basename $file); done;"
    f" systemctl start {CONFINED_UNITS} {UNCONFINED_UNITS} || {{ {_FORGOTTEN}; }} 2>/dev/null"
)


def _links(inherited: socket.socket) -> dict[str, str]:
    """The names of the links that have an IPv4 address → that address, as the socket's namespace has them."""
    space = array.array("b", bytes(64 * IFREQ.size))
    memory, length = space.buffer_info()
    request = bytearray(IFCONF.pack(length, memory))
    fcntl.ioctl(inherited, SIOCGIFCONF, request)
    entries = IFREQ.iter_unpack(space.tobytes()[: IFCONF.unpack(request)[0]])
    return {name.rstrip(b"\0").decode(): socket.inet_ntoa(memory) for name, memory in entries}
