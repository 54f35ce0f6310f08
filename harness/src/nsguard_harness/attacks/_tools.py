"""What several attacks need: sockets by family, DNS questions, packets by hand. The standard library only."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence

from ..attack import CannotApplyError, Env, Lacking, Outcome

DOMAIN = "leak.test"
RESOLVED_VARLINK = "/run/systemd/resolve/io.systemd.Resolve"
# where programs may be, besides the directories of the service's PATH
PATHS = ("/run/current-system/sw/bin", "/usr/bin", "/usr/sbin", "/bin", "/sbin")
# ways to write this machine's own addresses, by family
LOOPBACK = {4: ("127.0.0.1", "127.0.0.2", "0.0.0.0"), 6: ("::1", "::", "::ffff:127.0.0.1", "::ffff:0.0.0.0")}
CLONE_NEWNET = 0x40000000  # linux/sched.h
NSCD = "/run/nscd/socket"
UPLINK_PORT = 40404  # source port of packets made by hand


def inet(family: int) -> socket.AddressFamily:
    """The socket family of 4 or 6; 0 counts as 4."""
    return socket.AF_INET6 if family == 6 else socket.AF_INET


def lan(env: Env) -> str:
    """The host on the uplink's own network."""
    return env.addresses.server.of(env.family or 4)


def beyond(env: Env) -> str:
    """A host behind the uplink's gateway."""
    return env.addresses.web.of(env.family or 4)


def payload(env: Env) -> bytes:
    """The token as a line of text, long enough to be told from padding."""
    return f"nsguard-leaktest {env.token}\n".encode()


def digest(env: Env) -> str:
    """16 hexadecimal digits that only this run sends, in place of its token: for packets that may be on the wire."""
    import hashlib  # here, because it loads OpenSSL, which other attacks do not need

    return hashlib.sha256(env.token.encode()).hexdigest()[:16]


# For a shell on the host, before commands that replace files in /etc; `control_replaces_etc` then ends the control.
UNLESS_READ_ONLY = "[ -w /etc ] || exit 0; "


def control_replaces_etc(env: Env) -> None:
    """Raise CannotApplyError in a control on a machine whose /etc is read-only: nobody replaces a file there."""
    if env.parameters.get("control") and os.statvfs("/etc").f_flag & os.ST_RDONLY:
        raise CannotApplyError(Lacking.MACHINE, "its /etc is read-only, so nobody replaces a file there")


def control_needs_resolved(env: Env) -> None:
    """Raise CannotApplyError in a control on a machine without systemd-resolved: nobody can ask it there."""
    if env.parameters.get("control") and not os.path.exists(RESOLVED_VARLINK):
        raise CannotApplyError(Lacking.MACHINE, "the machine does not run systemd-resolved")


def name(env: Env) -> str:
    """A name that only this run asks for."""
    return f"{env.token}.{DOMAIN}"


def send_udp(env: Env, address: str) -> Outcome:
    """Send the token to the echo port of `address` and see whether it comes back."""
    return send(env, address, socket.SOCK_DGRAM)


def send(env: Env, address: str, kind: socket.SocketKind, port: int = 0) -> Outcome:
    """As send_udp, by a kind of socket: a datagram, or a connection. Raises OSError where it cannot be sent.

    port: in place of the echo port.
    """
    with socket.socket(inet(env.family), kind) as sock:
        sock.settimeout(env.patience)
        sock.connect((address, port or env.addresses.echo_port))
        sock.send(payload(env))
        return echoed(sock, env)


def echoed(sock: socket.socket, env: Env) -> Outcome:
    """Wait for the next data of a socket: the outcome is reached if it contains the token."""
    try:
        data = sock.recv(2048)
    except TimeoutError:
        return Outcome(False, "sent, no answer")
    return Outcome(env.token.encode() in data, f"answered with {len(data)} bytes")


def question(domain: str, family: int) -> bytes:
    """A DNS query for an A or AAAA record (RFC 1035 §4.1)."""
    labels = b"".join(bytes((len(label),)) + label.encode() for label in domain.split("."))
    header = struct.pack("!6H", int.from_bytes(os.urandom(2)), 0x0100, 1, 0, 0, 0)
    return header + labels + b"\0" + struct.pack("!2H", 28 if family == 6 else 1, 1)


def ask(env: Env, server: str, domain: str, port: int = 53) -> Outcome:
    """Ask `server` for a domain over UDP; the outcome quotes the answer's last record, which shows who answered."""
    with socket.socket(inet(6 if ":" in server else 4), socket.SOCK_DGRAM) as udp:
        udp.settimeout(env.patience)
        udp.connect((server, port))
        udp.send(question(domain, env.family))
        try:
            data = udp.recv(2048)
        except TimeoutError:
            return Outcome(False, f"asked {server}, no answer")
    if len(data) < 12 or not int.from_bytes(data[6:8], "big"):
        return Outcome(False, f"{server} answered without a record")
    size = 16 if env.family == 6 else 4
    return Outcome(True, f"{server} answered {socket.inet_ntop(inet(env.family), data[-size:])}")


def run(command: Sequence[str], timeout: float, environment: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Exit status and the last line written of a program of the machine; 127 where there is no such program.

    Args:
        timeout: in seconds.
        environment: variables beside those of the service.
    """
    import shutil  # here, because it loads libraries that compress, which other attacks do not need

    program = shutil.which(command[0], path=os.pathsep.join((os.environ.get("PATH", ""), *PATHS)))
    if program is None:
        return 127, f"no program {command[0]}"
    try:
        done = subprocess.run(
            [program, *command[1:]],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, **(environment or {})},
        )
    except subprocess.TimeoutExpired:
        return 124, f"{command[0]} did not end"
    lines = (done.stdout or done.stderr).strip().splitlines()
    return done.returncode, lines[-1] if lines else ""


def sender(env: Env) -> list[str]:
    """A command that sends the token by UDP to the host on the uplink's network, for somebody else to run."""
    address, port = lan(env), env.addresses.echo_port
    family = "AF_INET6" if ":" in address else "AF_INET"
    code = f"import socket as s; s.socket(s.{family}, s.SOCK_DGRAM).sendto({payload(env)!r}, ({address!r}, {port}))"
    return [sys.executable, "-c", code]


def interfaces() -> list[str]:
    """Every interface in sight but the loopback."""
    return [interface for _, interface in socket.if_nameindex() if interface != "lo"]


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    data += b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def udp_packet(source: str, destination: str, port: int, data: bytes) -> bytes:
    """An IP packet with a UDP datagram in it, made by hand (RFC 791, RFC 8200, RFC 768)."""
    family = 6 if ":" in source else 4
    ends = b"".join(socket.inet_pton(inet(family), address) for address in (source, destination))
    length = 8 + len(data)
    udp = struct.pack("!4H", UPLINK_PORT, port, length, 0) + data
    pseudo = ends + (struct.pack("!I3xB", length, 17) if family == 6 else struct.pack("!BBH", 0, 17, length))
    udp = udp[:6] + struct.pack("!H", checksum(pseudo + udp) or 0xFFFF) + udp[8:]
    if family == 6:
        return struct.pack("!IHBB", 6 << 28, length, 17, 64) + ends + udp
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 1, 0, 64, 17, 0) + ends
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + udp


def getent(env: Env, table: str, name: str, environment: Mapping[str, str] | None = None) -> Outcome:
    """Look up a name in a table of getent(1)'s, with variables beside those of the service."""
    status, output = run(["getent", table, name], env.timeout - 0.5, environment)
    return Outcome(status == 0, f"getent gives {output.split()[0]}" if output else f"getent ended with {status}")


def send_to_endpoint(env: Env) -> Outcome:
    """Send the token in plain text to the address and port of the tunnel's endpoint."""
    with socket.socket(inet(env.family), socket.SOCK_DGRAM) as udp:
        udp.sendto(payload(env), (env.addresses.endpoint.of(env.family), env.addresses.endpoint_port))
    return Outcome(True, "sent")


def records(where: str) -> str:
    """The path of the records of an echo server on the machine under test: `inside`, `exposed` or `host`."""
    return f"/var/lib/nsguard-leaktest-{where}.jsonl"
