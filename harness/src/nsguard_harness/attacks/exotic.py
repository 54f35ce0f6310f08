"""Transports that few programs use: each is one more way to a socket that a guard may have forgotten."""

from __future__ import annotations

import errno
import socket
import struct
from typing import ClassVar

from ..attack import Attack, CannotApplyError, Env, Lacking, Outcome
from . import _tools

# linux/in.h; socket(7) type of DCCP
UDPLITE, MPTCP, SCTP, DCCP, SOCK_DCCP = 136, 262, 132, 33, 6
DCCP_SOCKOPT_SERVICE, SOL_DCCP = 2, 269  # linux/dccp.h
ABSENT = {errno.EPROTONOSUPPORT, errno.ESOCKTNOSUPPORT, errno.EAFNOSUPPORT, errno.ENOPROTOOPT}


class UdpLite(Attack):
    """Claim: a UDP-Lite datagram does not leave by the uplink.

    Method: IPPROTO_UDPLITE, the token to the host on the uplink's network.
    Limitations: Linux 7.2 no longer has it, and then it cannot apply.
    Source: udplite(7), RFC 3828.
    """

    name = "udp-lite"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        with _made(env, socket.SOCK_DGRAM, UDPLITE, "UDP-Lite") as lite:
            lite.sendto(_tools.payload(env), (_tools.lan(env), env.addresses.echo_port))
        return Outcome(True, "sent")


class _Stream(Attack):
    """Connect, send the token and see whether it comes back."""

    every_state = True
    tunnelled = True
    kind: ClassVar[int] = socket.SOCK_STREAM
    protocol: ClassVar[int]
    label: ClassVar[str]

    def run(self, env: Env) -> Outcome:
        with _made(env, self.kind, self.protocol, self.label) as stream:
            stream.settimeout(env.patience)
            self.prepare(stream)
            try:
                stream.connect((_tools.beyond(env), env.addresses.echo_port))
            except OSError as error:
                if error.errno == errno.ENOPROTOOPT:  # what ICMP's "protocol unreachable" becomes (icmp(7))
                    raise CannotApplyError(Lacking.FAR_END, f"the far end's kernel has no {self.label}") from None
                raise
            stream.sendall(_tools.payload(env))
            return _tools.echoed(stream, env)

    def prepare(self, stream: socket.socket) -> None:
        """Set what the protocol needs before it connects; nothing by default."""


class Mptcp(_Stream):
    """Claim: a multipath TCP connection has no path but the tunnel.

    Method: IPPROTO_MPTCP to the echo server beyond the gateway.
    Limitations: the lab's server takes it as plain TCP; further subflows would be the kernel's, in the same namespace.
    Source: RFC 8684; mptcp (kernel documentation).
    """

    name = "mptcp"
    protocol, label = MPTCP, "MPTCP"


class Sctp(_Stream):
    """Claim: an SCTP association has no path but the tunnel.

    Method: IPPROTO_SCTP to the echo server beyond the gateway, which listens where its kernel can.
    Limitations: one address on either side; where the kernel has no SCTP it cannot apply, and raw-sctp stands for it.
    Source: sctp(7), RFC 9260.
    """

    name = "sctp"
    protocol, label = SCTP, "SCTP"


class Dccp(_Stream):
    """Claim: a DCCP connection has no path but the tunnel.

    Method: IPPROTO_DCCP to the echo server beyond the gateway, which listens where its kernel can.
    Limitations: Linux 6.16 removed it, and then it cannot apply.
    Source: RFC 4340; dccp (kernel documentation).
    """

    name = "dccp"
    kind, protocol, label = SOCK_DCCP, DCCP, "DCCP"

    def prepare(self, stream: socket.socket) -> None:
        stream.setsockopt(SOL_DCCP, DCCP_SOCKOPT_SERVICE, struct.pack("!I", 0))


def _made(env: Env, kind: int, protocol: int, label: str) -> socket.socket:
    try:
        return socket.socket(_tools.inet(env.family), kind, protocol)
    except OSError as error:
        if error.errno in ABSENT:
            raise CannotApplyError(Lacking.KERNEL, f"this kernel has no {label}: {error.strerror}") from None
        raise
