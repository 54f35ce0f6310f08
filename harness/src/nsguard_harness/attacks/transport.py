"""Plain sockets: what any program does first."""

from __future__ import annotations

import json
import socket

from ..attack import Attack, Env, Outcome
from . import _tools


class UdpLan(Attack):
    """Claim: a UDP datagram to a host on the uplink's own network does not leave by the uplink.

    Method: connect a UDP socket to the host's echo port and send the token.
    Limitations: one datagram; other sizes and ports take the same path in the kernel.
    Source: udp(7); TunnelCrack's LocalNet attack (USENIX Security 2023).
    """

    name = "udp-lan"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        return _tools.send_udp(env, _tools.lan(env))


class UdpBeyond(Attack):
    """Claim: a UDP datagram to a host beyond the gateway leaves only through the tunnel.

    Method: connect a UDP socket to the host's echo port and send the token.
    Limitations: as udp-lan.
    Source: udp(7); Mullvad's test-manager sends TCP, UDP and ICMP in each state of its tunnel.
    """

    name = "udp-beyond"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        return _tools.send_udp(env, _tools.beyond(env))


class TcpLan(Attack):
    """Claim: a TCP connection to a host on the uplink's own network does not leave by the uplink.

    Method: connect to the host's web server and ask for a path that holds the token.
    Limitations: where the connection fails only its SYN could be seen, without the token; the judge condemns it all
    the same, as nobody's.
    Source: tcp(7); TunnelCrack's LocalNet attack (USENIX Security 2023).
    """

    name = "tcp-lan"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        return _get(env, _tools.lan(env))


class TcpBeyond(Attack):
    """Claim: a TCP connection to a host beyond the gateway leaves only through the tunnel.

    Method: connect to the host's web server and ask for a path that holds the token.
    Limitations: as tcp-lan.
    Source: tcp(7); as udp-beyond.
    """

    name = "tcp-beyond"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        return _get(env, _tools.beyond(env))


def _get(env: Env, address: str) -> Outcome:
    """The lab's web server answers with JSON that names its peer; any other is quoted by its first line."""
    with socket.create_connection((address, env.addresses.web_port), _tools.PATIENCE) as tcp:
        tcp.settimeout(_tools.PATIENCE)
        tcp.sendall(f"GET /{env.token} HTTP/1.0\r\nHost: {_tools.name(env)}\r\n\r\n".encode())
        answer = b""
        while chunk := tcp.recv(4096):
            answer += chunk
    head, _, body = answer.decode(errors="replace").partition("\r\n\r\n")
    try:
        return Outcome(True, f"the web server sees {json.loads(body)['peer']}")
    except (ValueError, KeyError, TypeError):
        return Outcome(True, f"answered {head[:60].splitlines()[:1]}")
