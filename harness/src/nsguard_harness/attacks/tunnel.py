"""While the tunnel breaks: an app that sends all the time, and somebody who takes the tunnel away."""

from __future__ import annotations

import select
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from ..attack import Attack, Disturbance, Env, Outcome
from ..target import DELETE_LINK, TUNNEL_UNIT, wait_for_tunnel
from . import _tools

if TYPE_CHECKING:
    from ..lab.base import Lab

SECONDS, STEP = 1.2, 0.1
STREAM_SECONDS = 4.5


class _Burst(Attack):
    """Datagrams, connections and questions to the uplink's network and beyond it, ten times a second."""

    alone = True
    prepared_control = False
    timeout = 120.0

    def run(self, env: Env) -> Outcome:
        disturbance, sent, refused = Disturbance(env), 0, ""
        for _ in disturbance.moments(_seconds(env, SECONDS), STEP):
            for address in (_tools.lan(env), _tools.beyond(env)):
                try:
                    shoot(env, address)
                    sent += 1
                except OSError as error:
                    refused = error.strerror or str(error)
        return Outcome(sent > 0, f"{sent} sends went through" + (f", others: {refused}" if refused else ""))


class LinkDeleted(_Burst):
    """Claim: nothing leaves by the uplink when the tunnel's link is deleted under a sending app.

    Method: a burst; meanwhile delete the link in the namespace, then restart the tunnel's unit.
    Limitations: one moment of deletion.
    Source: ExpressVPN's leak testing tools, which call it a disrupter.
    """

    name = "link-deleted"

    def during(self, lab: Lab) -> None:
        lab.client.succeed(DELETE_LINK)

    def after(self, lab: Lab) -> None:
        lab.client.succeed(f"systemctl restart {TUNNEL_UNIT}")
        wait_for_tunnel(lab)


class ServerSilent(_Burst):
    """Claim: nothing but handshakes leaves by the uplink when the server falls silent under a sending app.

    Method: the server drops what arrives for WireGuard; a burst meanwhile.
    Limitations: seconds, not the minutes after which a session expires.
    Source: as link-deleted; WireGuard whitepaper §6.
    """

    name = "server-silent"

    def before(self, lab: Lab) -> None:
        lab.peer.stop_wireguard()

    def after(self, lab: Lab) -> None:
        lab.peer.start_wireguard()
        wait_for_tunnel(lab)


class EndpointDownAtBoot(_Burst):
    """Claim: nothing but handshakes leaves by the uplink when the machine boots while its endpoint is down.

    Method: the server drops what arrives for WireGuard, the machine reboots, the app starts and sends.
    Limitations: one boot.
    Source: Burkert et al., ICC 2021 (leakage while connecting).
    """

    name = "endpoint-down-at-boot"
    core = False

    def before(self, lab: Lab) -> None:
        lab.peer.stop_wireguard()
        lab.client.reboot()

    def after(self, lab: Lab) -> None:
        lab.peer.start_wireguard()
        lab.client.succeed(f"systemctl restart {TUNNEL_UNIT}")  # rather than wait for its next handshake
        wait_for_tunnel(lab)


class ConnectionHeld(Attack):
    """Claim: a TCP connection under way is held, not sent another way, while the server is silent, and then goes on.

    Method: read the web server's endless stream; meanwhile the server falls silent for a while and speaks again.
    `parameters["seconds"]` is how long it reads at least. The token is in the request, the sequence shows that nothing
    is lost.
    Limitations: one connection, silence of seconds.
    Source: RFC 9293 §3.8 (retransmission); WireGuard whitepaper §6.
    """

    name = "connection-held"
    core = False
    timeout = 120.0
    alone = True
    tunnelled = True
    prepared_control = False

    def during(self, lab: Lab) -> None:
        lab.peer.stop_wireguard()
        time.sleep(STREAM_SECONDS / 3)  # how long the server is silent
        lab.peer.start_wireguard()

    def after(self, lab: Lab) -> None:
        wait_for_tunnel(lab)

    def run(self, env: Env) -> Outcome:
        disturbance = Disturbance(env)
        seconds = _seconds(env, float(env.parameters.get("seconds", STREAM_SECONDS)))
        with socket.create_connection((_tools.beyond(env), env.addresses.web_port), env.patience) as tcp:
            tcp.sendall(f"GET /stream HTTP/1.1\r\nHost: {_tools.name(env)}\r\n\r\n".encode())
            lines, last, gap = 0, time.monotonic(), 0.0
            for _ in disturbance.moments(seconds, STEP):
                if select.select([tcp], [], [], 0)[0]:
                    if not (data := tcp.recv(65536)):
                        break
                    lines, last = lines + data.count(b"\n"), time.monotonic()
                gap = max(gap, time.monotonic() - last)
        return Outcome(lines > 0, f"{lines} lines on one connection, longest pause {gap:.1f} s")


def _seconds(env: Env, full: float) -> float:
    """How long to go on: nothing is disturbed under a control, so it only has to be seen."""
    return min(full, 0.3) if env.parameters.get("control") else full


def shoot(env: Env, address: str) -> None:
    """A datagram, a question and the beginning of a connection."""
    family = _tools.inet(env.family)
    with socket.socket(family, socket.SOCK_DGRAM) as udp:
        udp.sendto(_tools.payload(env), (address, env.addresses.echo_port))
        udp.sendto(_tools.question(_tools.name(env), env.family), (address, env.addresses.dns_port))
    with socket.socket(family, socket.SOCK_STREAM) as tcp:
        tcp.setblocking(False)
        with suppress(BlockingIOError):
            tcp.connect((address, env.addresses.web_port))
