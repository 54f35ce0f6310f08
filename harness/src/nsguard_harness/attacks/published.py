"""Out by a published port: the sockets on which the host listens for a service lead in, and must not lead out."""

from __future__ import annotations

import socket
import struct
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from ..attack import Attack, CannotApplyError, Env, FromOutside, Lacking, Outcome
from ..target import NAMESPACE
from . import _packets, _tools

if TYPE_CHECKING:
    from ..lab.base import Lab

ANSWERED = 0x12  # the flags of what answers a SYN where somebody listens: SYN and ACK (RFC 9293 §3.1)
REQUEST = b"GET / HTTP/1.0\r\n\r\n"
Place = str | tuple[str, int]


class _Back(Attack):
    """A request to the sockets on which the host listens; an answer is a success."""

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
                if answer := made.recv(64):
                    return Outcome(True, f"{where} answered {answer[:15]!r}")
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


class PublishedToOthers(FromOutside):
    """Claim: what is published for the clients of some networks answers nobody else.

    Method: a SYN from a host beyond the gateway to each published port that names its clients, at the address on the
    uplink; an answer that takes the connection is a success. The control is the same from the uplink's network, which
    is named.
    Limitations: one other address of each family. Who is on the network that is named can claim any address of it.
    Source: RFC 9293 §3.5; nft(8).
    """

    name = "published-to-others"

    def probe(self, lab: Lab, env: Env) -> Outcome:
        if lab.client.execute(f"nft list table inet nsguard_from-{NAMESPACE}")[0]:
            return Outcome(
                False, lacks="no published port names its clients in this scenario", lacking=Lacking.SCENARIO
            )
        control = bool(env.parameters["control"])
        source = (_tools.lan if control else _tools.beyond)(env)
        ports = env.addresses.narrowed_ports
        taken = _connections(lab, env, source, ports)
        report = f"connections taken at {sorted(taken)}" if taken else "silence"
        return Outcome(len(taken) == len(ports) if control else bool(taken), report)


class BesidePublishedRange(FromOutside):
    """Claim: of a service that publishes a range of ports no port beside the range answers the uplink's network.

    Method: a SYN from the uplink's network to the ports before the first and after the last of a range, one that goes
    by proxies and one that goes by the host link, at the address on the uplink; inside somebody listens there. An
    answer that takes the connection is a success. The control is the same at the first port and at the last.
    Limitations: TCP, and both ends of each range.
    Source: RFC 9293 §3.5; nft(8), intervals.
    """

    name = "beside-published-range"

    def probe(self, lab: Lab, env: Env) -> Outcome:
        ranges = (env.addresses.proxied_range, env.addresses.linked_range)
        first, last = env.addresses.linked_range
        if f"{first}-{last} dnat" not in lab.client.execute(f"nft list table inet nsguard_link-{NAMESPACE}")[1]:
            return Outcome(False, lacks="no range of ports is published in this scenario", lacking=Lacking.SCENARIO)
        control = bool(env.parameters["control"])
        beside = 0 if control else 1
        ports = [port for first, last in ranges for port in (first - beside, last + beside)]
        taken = _connections(lab, env, _tools.lan(env), ports)
        report = f"connections taken at {sorted(taken)}" if taken else "silence"
        return Outcome(len(taken) == len(ports) if control else bool(taken), report)


def _connections(lab: Lab, env: Env, source: str, ports: Sequence[int]) -> set[int]:
    """The ports at the client's address on the uplink that take a connection from a station there."""
    own, gate = lab.client.uplinks[0].mac, lab.server.uplinks[0].mac
    target = env.addresses.client.of(env.family)
    frames = [
        _packets.frame(own, gate, _packets.tcp(source, target, (_tools.UPLINK_PORT, port), _packets.SYN))
        for port in ports
    ]
    taken: set[int] = set()

    def answers(data: bytes) -> bool:
        taken.update(port for port in ports if _taken(data, port))
        return len(taken) == len(ports)

    lab.exchange(lab.client, frames, answers, env.patience)
    return taken


def _taken(data: bytes, port: int) -> bool:
    """Whether a frame takes a connection from our port to that one."""
    ports = struct.pack("!2H", port, _tools.UPLINK_PORT)
    at = data.find(ports)
    return at >= 0 and data[at + 13 : at + 14] == bytes([ANSWERED])
