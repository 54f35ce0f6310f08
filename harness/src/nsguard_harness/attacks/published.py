"""Back by a published port: what the host listens on for a service leads in, and not out."""

from __future__ import annotations

import socket
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import suppress

from ..attack import Attack, CannotApplyError, Env, Lacking, Outcome
from . import _tools

REQUEST = b"GET / HTTP/1.0\r\n\r\n"
Place = str | tuple[str, int]


class _Back(Attack):
    """A request to what the host listens on; an answer is a success."""

    evidence = "answer"
    timeout = 15.0

    @abstractmethod
    def places(self, env: Env) -> Iterator[tuple[Place, socket.socket]]:
        """Where to connect to, and by what."""

    def run(self, env: Env) -> Outcome:
        connected = False
        for where, made in self.places(env):
            with made, suppress(OSError):
                made.settimeout(env.patience)
                made.connect(where)
                connected = True
                made.sendall(REQUEST)
                if said := made.recv(64):
                    return Outcome(True, f"{where} answered {said[:15]!r}")
        if not connected:
            raise CannotApplyError(Lacking.SCENARIO, "no port is published in this scenario")
        return Outcome(False, "connected, no answer")


class ToPublished(_Back):
    """Claim: the service reaches no port of the host's by which its own ports are published.

    Method: a request to the published port at loopback in several forms, at every address and at the uplink's; with
    SO_BINDTODEVICE to the uplink, too. An answer is a success.
    Limitations: one server and one port; only where the scenario publishes it.
    Source: systemd-socket-proxyd(8); network_namespaces(7): a socket keeps the namespace it was made in.
    """

    name = "to-published"

    def places(self, env: Env) -> Iterator[tuple[Place, socket.socket]]:
        own = env.addresses.client.of(env.family)
        for address in (*_tools.LOOPBACK[env.family], own):
            yield (address, env.addresses.published_port), socket.socket(_tools.inet(env.family))
        bound = socket.socket(_tools.inet(env.family))
        with suppress(OSError):  # inside there is no such link
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, str(env.parameters["uplink"]).encode())
        yield (own, env.addresses.published_port), bound


class ToPublishedPath(_Back):
    """Claim: the service reaches no socket with a path by which its own ports are published.

    Method: a request by the path that the host listens at. An answer is a success.
    Limitations: only where the scenario publishes one.
    Source: unix(7): a path is looked up in the mount namespace, whatever the network.
    """

    name = "to-published-path"
    families = (0,)

    def places(self, env: Env) -> Iterator[tuple[Place, socket.socket]]:
        yield "/run/nsguard-web/socket", socket.socket(socket.AF_UNIX)
