"""Beside what the configuration lets out: the same host by another way, or another host."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from ..attack import Attack, Env, Outcome
from . import _tools

if TYPE_CHECKING:
    from ..lab.base import Lab


class BesideException(Attack):
    """Claim: of a host that an exception leads to, the service reaches that port and no other past the tunnel.

    Method: the token to the host's echo port, by TCP and by UDP.
    Limitations: two ports; there is no route to any.
    Source: systemd-socket-proxyd(8); ip-route(8), local addresses.
    """

    name = "beside-exception"

    def run(self, env: Env) -> Outcome:
        reports = []
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                reports.append(_tools.send(env, env.addresses.granted.of(env.family), kind).said)
            except OSError as error:
                reports.append(str(error.strerror or error))
        return Outcome("answered" in "".join(reports), f"TCP {reports[0]}, UDP {reports[1]}")


class BesideHostService(Attack):
    """Claim: on the host's loopback interface, the service reaches what `hostServices` names and no more.

    Method: the token to the port of an echo server on the host, by TCP and by UDP, at loopback in several forms. That
    it comes back is a success.
    Limitations: one port, which the scenario does not name.
    Source: systemd-socket-proxyd(8); network_namespaces(7): each has a loopback interface of its own.
    """

    name = "beside-host-service"
    evidence = "answer"
    timeout = 15.0

    def before(self, lab: Lab) -> None:
        # at a port of its own: other attacks have an echo server inside
        lab.peer.start("echo", _tools.records("host"), lab.client, ports=[lab.addresses.host_port])

    def after(self, lab: Lab) -> None:
        lab.peer.stop("echo", _tools.records("host"), lab.client)

    def run(self, env: Env) -> Outcome:
        reports = {}
        for address in _tools.LOOPBACK[env.family]:
            for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                try:
                    outcome = _tools.send(env, address, kind, env.addresses.host_port)
                except OSError as error:
                    outcome = Outcome(False, str(error.strerror or error))
                if outcome.reached:
                    return Outcome(True, f"{address} {outcome.said}")
                reports[address] = outcome.said
        return Outcome(False, ", ".join(f"{address}: {report}" for address, report in reports.items()))
