"""Beside what the configuration lets out: the same host by another way, or another host."""

from __future__ import annotations

import socket

from ..attack import Attack, Env, Outcome
from . import _tools


class BesideException(Attack):
    """Claim: of a host that an exception leads to, the service reaches that port and no other past the tunnel.

    Method: the token to the host's echo port, by TCP and by UDP.
    Limitations: two ports; there is no route to any.
    Source: systemd-socket-proxyd(8); ip-route(8), local addresses.
    """

    name = "beside-exception"

    def run(self, env: Env) -> Outcome:
        said = []
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                said.append(_tools.send(env, env.addresses.granted.of(env.family), kind).said)
            except OSError as error:
                said.append(str(error.strerror or error))
        return Outcome("answered" in "".join(said), f"TCP {said[0]}, UDP {said[1]}")
