"""Back by a published port: what the host listens on for a service leads in, and not out."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress

from ..attack import Attack, CannotApplyError, Env, Outcome
from . import _tools

SOCKET = "/run/nsguard-web/socket"
REQUEST = b"GET / HTTP/1.0\r\n\r\n"


class ToPublished(Attack):
    """Claim: the service reaches no socket of the host's by which its own ports are published.

    Method: a request to the published port at loopback in several forms, at every address and at the uplink's; with
    SO_BINDTODEVICE to the uplink, too; by the socket that has a path. An answer is a success.
    Limitations: one server and one port; only where the scenario publishes it.
    Source: systemd-socket-proxyd(8); network_namespaces(7): a socket keeps the namespace it was made in.
    """

    name = "to-published"
    families = (4, 6, 0)
    evidence = "answer"
    core = True
    timeout = 15.0

    def run(self, env: Env) -> Outcome:
        connected = False
        for where, made in _sockets(env):
            with made, suppress(OSError):
                made.settimeout(_tools.PATIENCE)
                made.connect(where)
                connected = True
                made.sendall(REQUEST)
                if said := made.recv(64):
                    return Outcome(True, f"{where} answered {said[:15]!r}")
        if not connected:
            raise CannotApplyError("no port is published in this scenario")
        return Outcome(False, "connected, no answer")


def _sockets(env: Env) -> Iterator[tuple[str | tuple[str, int], socket.socket]]:
    """Where to connect to, and by what."""
    if not env.family:
        yield SOCKET, socket.socket(socket.AF_UNIX)
        return
    own = env.addresses.client.of(env.family)
    forms = {4: ("127.0.0.1", "127.0.0.2", "0.0.0.0"), 6: ("::1", "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0")}
    for address in (*forms[env.family], own):
        yield (address, env.addresses.published_port), socket.socket(_tools.inet(env.family))
    bound = socket.socket(_tools.inet(env.family))
    with suppress(OSError):  # inside there is no such link
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, str(env.parameters["uplink"]).encode())
    yield (own, env.addresses.published_port), bound
