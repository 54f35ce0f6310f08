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
    with socket.create_connection((address, env.addresses.web_port), env.patience) as tcp:
        tcp.settimeout(env.patience)
        tcp.sendall(f"GET /{env.token} HTTP/1.0\r\nHost: {_tools.name(env)}\r\n\r\n".encode())
        answer = b""
        while chunk := tcp.recv(4096):
            answer += chunk
    head, _, body = answer.decode(errors="replace").partition("\r\n\r\n")
    try:
        return Outcome(True, f"the web server sees {json.loads(body)['peer']}")
    except (ValueError, KeyError, TypeError):
        return Outcome(True, f"answered {head[:60].splitlines()[:1]}")


class UdpInner(Attack):
    """Claim: a datagram to the private address of the tunnel's server leaves only through the tunnel.

    Method: the echo port of a private (RFC 1918) and of a unique local (RFC 4193) address.
    Limitations: the lab's uplink does not filter private addresses, as many would.
    Source: RFC 1918, RFC 4193; TunnelCrack's LocalNet attack (USENIX Security 2023).
    """

    name = "udp-inner"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        return _tools.send_udp(env, env.addresses.tunnel_server.of(env.family))


class UdpLinkLocal(Attack):
    """Claim: a datagram to a neighbour's link-local address reaches neither the uplink nor the tunnel's far end.

    Method: the gateway's link-local address, by each interface in sight.
    Limitations: IPv6 only.
    Source: RFC 4291 §2.5.6; ipv6(7), sin6_scope_id.
    """

    name = "udp-link-local"
    silent = True
    families = (6,)
    every_state = True

    def run(self, env: Env) -> Outcome:
        reports = []
        for interface in _tools.interfaces():
            with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp:
                to = (str(env.parameters["neighbour"]), env.addresses.echo_port, 0, socket.if_nametoindex(interface))
                try:
                    udp.sendto(_tools.payload(env), to)
                    reports.append(f"{interface}: sent")
                except OSError as error:
                    reports.append(f"{interface}: {error.strerror}")
        return Outcome(any(line.endswith("sent") for line in reports), ", ".join(reports) or "no interface in sight")


class UdpEndpoint(Attack):
    """Claim: plain text to the endpoint's own address and port goes into the tunnel like all else.

    Method: the token by UDP to the address and port that the tunnel's own packets go to.
    Limitations: one datagram.
    Source: TunnelCrack's ServerIP attack (USENIX Security 2023); Mullvad's allow rules by address and port.
    """

    name = "udp-endpoint"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        return _tools.send_to_endpoint(env)


class TcpEndpoint(Attack):
    """Claim: a connection to the endpoint's own address goes into the tunnel like all else.

    Method: connect to the endpoint's UDP port by TCP, which is refused, then to a web server at the same address.
    Limitations: a connection that is refused holds no token; the judge condemns it all the same.
    Source: TunnelCrack's ServerIP attack (USENIX Security 2023).
    """

    name = "tcp-endpoint"
    every_state = True
    tunnelled = True

    def run(self, env: Env) -> Outcome:
        endpoint = env.addresses.endpoint.of(env.family)
        with socket.socket(_tools.inet(env.family), socket.SOCK_STREAM) as tcp:
            tcp.settimeout(env.patience)
            tcp.connect_ex((endpoint, env.addresses.endpoint_port))
        return _get(env, endpoint)
