"""Checks through the tunnel: the handshake, the resolvers, and the size of the largest packet."""

import contextlib
import os
import secrets
import socket
import struct
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple, Self

from nsguard import known
from nsguard.health.doctor.subject import HANDSHAKE_TIMEOUT, TUNNEL_UNIT, Finding, Patient
from nsguard.net import namespace, wireguard
from nsguard.spec.gaps import gaps
from nsguard.spec.model import DEFAULT_MTU, IPV6_MIN_MTU
from nsguard.state import State, Tunnel
from nsguard.system import process

# Seconds to wait for one answer, and the number of attempts.
_ANSWER, _ATTEMPTS = 2.0, 2
_DNS_PORT = 53
# Seconds: a peer that received a packet and has nothing to send answers with an empty one after 10 s (WireGuard
# whitepaper §6.5, Keepalive-Timeout).
_KEEPALIVE = 12.0
# Bytes. By RFC 791 §3.2 a link may carry only 68; in practice every link carries the 576 that every host accepts.
_LEAST = {4: 576, 6: IPV6_MIN_MTU}
_HEADERS = {4: 20 + 8, 6: 40 + 8}
# RFC 792, RFC 4443 §4.1
_ECHO = {4: 8, 6: 128}
_ECHO_REPLY = {4: 0, 6: 129}
# linux/in.h, linux/in6.h: never fragment, and ignore the path MTU that the kernel knows
_MTU_DISCOVER = {4: (socket.IPPROTO_IP, 10), 6: (socket.IPPROTO_IPV6, 23)}
_PROBE = 3
# Bytes: WireGuard pads packets to multiples of this, so a finer search finds nothing more (whitepaper §5.4.6).
_STEP = 16


def handshake(patient: Patient) -> Iterator[Finding]:
    """A peer answers, and no other tunnel has the same key. The check of ranges reports tunnels without endpoints."""
    yield from _shared(patient)
    asked = patient.config is None or any(peer.endpoint for peer in patient.config.peers)
    if asked and patient.tunnel and not patient.answered:
        asked_for = f"nor within {HANDSHAKE_TIMEOUT:g} s when asked ({_peers(patient.tunnel)})"
        yield _silent(patient.name, patient.tunnel, f"no peer has answered for 3 minutes, {asked_for}")


def _peers(tunnel: Tunnel) -> str:
    return ", ".join(f"{host} port {port}" for host, port in tunnel.endpoints) or "no endpoint"


def _silent(name: str, tunnel: Tunnel, what: str) -> Finding:
    """The finding that no peer answers, as `what` says, or that the tunnel cannot be asked."""
    try:
        key = wireguard.show(name, tunnel, "public-key")[0][0]
    except process.CommandFailed as error:
        # A look-up of the endpoint is remaking the tunnel, or wireguard-go has died.
        return Finding(
            f"the tunnel cannot be asked: {error}",
            f"run this again in a minute; if that says the same: systemctl restart nsguard-tunnel-{name}",
        )
    now = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    return Finding(
        what,
        f"check that the endpoint is right, that UDP reaches it, that the peer has our public key ({key}), and "
        f"that the clock is right ({now} UTC)",
    )


class _Keys(NamedTuple):
    """The public key of this end, and each peer's key and endpoint; both empty if they cannot be read."""

    own: str = ""
    peers: frozenset[tuple[str, ...]] = frozenset()

    def collide(self, other: Self) -> bool:
        """Whether a peer would take both ends for one, and answer the one that it heard last."""
        return bool(self.own) and self.own == other.own and not self.peers.isdisjoint(other.peers)


def _shared(patient: Patient) -> Iterator[Finding]:
    """Other tunnels and links of this host with the same key and the same peer."""
    if patient.tunnel is None:
        return
    tunnels = {name: State(name).tunnel() for name in sorted(known.namespaces())}
    keys = {
        name: _keys(partial(wireguard.show, name, tunnel))
        for name, tunnel in tunnels.items()
        if tunnel and tunnel.complete
    }
    own = keys.pop(patient.name, _Keys())
    for name in (name for name, others in keys.items() if own.collide(others)):
        yield Finding(
            f"the tunnel of namespace {name} has the same key, so the peer answers one of the two at a time",
            "get a file with another key for each tunnel, or put the services into one namespace",
        )
    kind = patient.tunnel.kind
    # A host's own link may be called like a tunnel that the kernel has inside.
    ours = {tunnel.device for tunnel in tunnels.values() if tunnel and tunnel.implementation == "userspace"}
    for link in sorted(set(_host_devices(kind)) - ours):
        if own.collide(_keys(partial(wireguard.show_host, kind, link))):
            yield Finding(
                f"the host's link {link} has the same key, so the peer answers one of the two at a time, and what uses "
                f"{link} is not confined",
                f"remove {link} (networking.wg-quick, networking.wireguard or systemd.network may make it), or get a "
                "file with another key",
            )


def _host_devices(kind: str) -> list[str]:
    with contextlib.suppress(process.CommandFailed):
        return wireguard.host_devices(kind)
    return []


def _keys(show: Callable[[str], list[list[str]]]) -> _Keys:
    """show: field of wg(8) → its lines."""
    with contextlib.suppress(process.CommandFailed):
        return _Keys(show("public-key")[0][0], frozenset(map(tuple, show("endpoints"))))
    return _Keys()


def ranges(patient: Patient) -> Iterator[Finding]:
    """Traffic that the tunnel does not carry, for example because no peer has AllowedIPs for it (see `gaps`)."""
    yield from (Finding(*gap) for gap in gaps(patient.config)) if patient.config else ()


def resolver(patient: Patient) -> Iterator[Finding]:
    """Each resolver answers a query that is sent as a service would send it. A tunnel may have no resolver.

    A handshake is valid for minutes, even if the peer does not accept this end any more, for example because the key
    has changed. Then every resolver is silent, and the peer is at fault.
    """
    if not patient.answered or patient.tunnel is None:
        return
    received = _received(patient)
    option = f"nsguard.tunnels.{patient.spec.tunnel.name}.dns"
    if not patient.tunnel.dns and _looks_up(patient):
        yield Finding("the tunnel has no resolver, so no names are looked up inside", f"set {option}", note=True)
    codes = {address: _ask(patient.name, address) for address in patient.tunnel.dns}
    if None in codes.values() and not _heard(patient, received):
        yield _silent(patient.name, patient.tunnel, f"no peer answers any more ({_peers(patient.tunnel)})")
        return
    for address, code in codes.items():
        if code is None:
            yield Finding(f"resolver {address} does not answer", f"name another in {option}, or fix that one")
        elif code not in (0, 3):
            yield Finding(f"resolver {address} refuses with code {code}", "ask whoever runs it")


def _received(patient: Patient) -> int:
    """Bytes that came through the tunnel so far, 0 if it cannot be asked."""
    with contextlib.suppress(process.CommandFailed):
        if patient.tunnel:
            return sum(int(row[1]) for row in wireguard.show(patient.name, patient.tunnel, "transfer"))
    return 0


def _heard(patient: Patient, before: int) -> bool:
    """Whether a peer has sent anything since it had sent `before` bytes; waits for what it sends by itself."""
    deadline = time.monotonic() + _KEEPALIVE
    while _received(patient) <= before:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def _looks_up(patient: Patient) -> bool:
    """Whether services or commands run inside; a namespace that only carries another tunnel needs no resolver."""
    inside = (unit for unit in patient.units if not unit.helper and not TUNNEL_UNIT.match(unit.unit))
    return patient.spec.command_group is not None or any(inside)


def _ask(name: str, address: str) -> int | None:
    """The code of a resolver's answer to a query for the root name servers (RFC 1035 §4.1); None without an answer."""
    token = secrets.token_bytes(2)
    query = token + struct.pack("!HHHHH", 0x0100, 1, 0, 0, 0) + b"\0" + struct.pack("!HH", 2, 1)
    with namespace.entered(name):
        udp = socket.socket(_inet(address), socket.SOCK_DGRAM)
    with udp:
        udp.settimeout(_ANSWER)
        for _ in range(_ATTEMPTS):
            try:
                udp.connect((address, _DNS_PORT))
                udp.send(query)
                answer = udp.recv(4096)
            except OSError:
                continue
            if len(answer) >= 12 and answer[:2] == token and answer[2] & 0x80:
                return answer[3] & 0x0F
    return None


def mtu(patient: Patient) -> Iterator[Finding]:
    """A packet of the MTU's size arrives and is answered. Tested only if a resolver answers pings at all."""
    if not patient.answered or patient.tunnel is None:
        return
    size = (patient.config.mtu if patient.config else None) or DEFAULT_MTU
    for address in patient.tunnel.dns[:1]:
        least = _LEAST[_family(address)]
        if not _passes(patient.name, address, least) or _passes(patient.name, address, size):
            continue
        most = _most(patient.name, address, least, size)
        yield Finding(
            f"packets of {size} bytes (the link's MTU) do not get through the tunnel, but packets of {most} bytes do",
            f"set nsguard.tunnels.{patient.spec.tunnel.name}.mtu = {most}",
        )


def _most(name: str, address: str, least: int, size: int) -> int:
    """The largest size that passes, within `_STEP`: at least `least`, which passes, and below `size`, which fails."""
    low, high = least, size
    while high - low > _STEP:
        middle = low + (high - low) // 2
        low, high = (middle, high) if _passes(name, address, middle) else (low, middle)
    return low


def _passes(name: str, address: str, size: int) -> bool:
    """Whether a ping of `size` bytes, including its headers, is answered."""
    family = _family(address)
    identity = int.from_bytes(secrets.token_bytes(2), "big")
    with namespace.entered(name):
        icmp = socket.socket(
            _inet(address), socket.SOCK_RAW, socket.IPPROTO_ICMP if family == 4 else socket.IPPROTO_ICMPV6
        )
    with icmp:
        icmp.setsockopt(*_MTU_DISCOVER[family], _PROBE)
        for number in range(_ATTEMPTS):
            try:
                icmp.sendto(_echo(family, identity, number, size - _HEADERS[family]), (address, 0))
            except OSError:
                return False
            if _answered(icmp, family, identity):
                return True
    return False


def _answered(icmp: socket.socket, family: int, identity: int) -> bool:
    deadline = time.monotonic() + _ANSWER
    while (left := deadline - time.monotonic()) > 0:
        icmp.settimeout(left)
        try:
            answer = icmp.recv(65535)
        except OSError:
            return False
        answer = answer[(answer[0] & 0x0F) * 4 :] if family == 4 else answer
        if len(answer) >= 8 and answer[0] == _ECHO_REPLY[family] and answer[4:6] == identity.to_bytes(2, "big"):
            return True
    return False


def _echo(family: int, identity: int, number: int, length: int) -> bytes:
    """An echo request. For IPv6 the kernel computes the checksum (ipv6(7))."""
    message = struct.pack("!BBHHH", _ECHO[family], 0, 0, identity, number) + os.urandom(length)
    return message if family == 6 else message[:2] + _checksum(message) + message[4:]


def _checksum(data: bytes) -> bytes:
    """The Internet checksum (RFC 1071)."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data[: len(data) // 2 * 2]))
    total += data[-1] << 8 if len(data) % 2 else 0
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


def _family(address: str) -> int:
    return 6 if ":" in address else 4


def _inet(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
