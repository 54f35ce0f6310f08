"""Encrypted name look-ups: to whom they go is seen on the way, and so is the name in the greeting."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import ClassVar

from ..attack import Attack, Env, Outcome
from . import _tools

# bytes in the first datagram of a QUIC client, at the least; the greeting may go on in others (RFC 9000 §14.1)
INITIAL = 1200


class _Encrypted(Attack):
    """A TLS greeting that names the token as its server, which is the first thing that such a resolver gets."""

    every_state = True
    tunnelled = True
    https: ClassVar[bool]

    def run(self, env: Env) -> Outcome:
        https, tls = env.addresses.tls_ports
        return self.send(env, (_tools.beyond(env), https if self.https else tls))

    def send(self, env: Env, to: tuple[str, int]) -> Outcome:
        """Send the greeting and wait for what comes back."""
        with socket.create_connection(to, env.patience) as tcp:
            tcp.sendall(greeting(_tools.name(env)))
            return _tools.echoed(tcp, env)


class DnsOverTls(_Encrypted):
    """Claim: a look-up by DNS over TLS leaves only through the tunnel.

    Method: a TLS greeting to port 853 beyond the gateway, the token as the server's name.
    Limitations: the handshake is not completed; which resolvers an app may use is not the guard's to say.
    Source: RFC 7858.
    """

    name = "dns-over-tls"
    https = False


class DnsOverHttps(_Encrypted):
    """Claim: a look-up by DNS over HTTPS leaves only through the tunnel.

    Method: a TLS greeting to port 443 beyond the gateway, the token as the server's name.
    Limitations: as dns-over-tls.
    Source: RFC 8484.
    """

    name = "dns-over-https"
    https = True


class _Quic(_Encrypted):
    """The greeting by UDP, where QUIC would have it."""

    def send(self, env: Env, to: tuple[str, int]) -> Outcome:
        with socket.socket(_tools.inet(env.family), socket.SOCK_DGRAM) as udp:
            # more than once, since nobody answers and a datagram may be lost
            for _ in range(3):
                udp.sendto(greeting(_tools.name(env))[:INITIAL], to)
        return Outcome(True, "sent")


class DnsOverQuic(_Quic):
    """Claim: a look-up by DNS over QUIC leaves only through the tunnel.

    Method: a datagram to port 853 beyond the gateway with a TLS greeting that names the token.
    Limitations: QUIC's own header is left out; a real one hides the greeting under a key that all can derive.
    Source: RFC 9250.
    """

    name = "dns-over-quic"
    https = False


class Http3(_Quic):
    """Claim: HTTP/3, which browsers try beside TCP, leaves only through the tunnel.

    Method: as dns-over-quic, to port 443.
    Limitations: as dns-over-quic.
    Source: RFC 9114.
    """

    name = "http3"
    https = True


def greeting(server: str) -> bytes:
    """A TLS ClientHello for a server's name, as the standard library makes it."""
    import ssl  # here, because it loads OpenSSL, which other attacks do not need

    context = ssl.create_default_context()
    sent = ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=server).do_handshake()
    return sent.read()
