"""Out of the namespace: other processes' namespaces, the service manager, the kernel's side doors."""

from __future__ import annotations

import ctypes
import glob
import os
import socket
from typing import TYPE_CHECKING

from ..attack import Attack, Env, Outcome
from . import _tools

if TYPE_CHECKING:
    from ..lab.base import Lab


MANAGER = ("org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager")
# one name of the host's own namespace among those of `ip netns`, as container engines leave them
HOST_ENTRY = "/run/netns/nsguard-leaktest-host"


class SetnsProc(Attack):
    """Claim: root in the service can't enter the host's network namespace by /proc.

    Method: setns(2) to the namespace of pid 1 and of every other process in sight, and send from each.
    Limitations: needs CAP_SYS_ADMIN, so root only.
    Source: setns(2), network_namespaces(7).
    """

    name = "setns-proc"
    families = (0,)
    identities = ("root",)

    def run(self, env: Env) -> Outcome:
        return _enter_and_send(env, ["/proc/1/ns/net", *glob.glob("/proc/[0-9]*/ns/net")])


class SetnsNetns(Attack):
    """Claim: root in the service can't enter a namespace by the names that `ip netns` keeps.

    Method: before the run the host's own namespace is bound to a name in /run/netns; then setns(2) to every entry
    there, and send from each.
    Limitations: needs CAP_SYS_ADMIN, so root only.
    Source: ip-netns(8), setns(2).
    """

    name = "setns-netns"
    families = (0,)
    identities = ("root",)

    def before(self, lab: Lab) -> None:
        lab.client.succeed(
            f"mkdir -p {os.path.dirname(HOST_ENTRY)} && touch {HOST_ENTRY}",
            f"mountpoint -q {HOST_ENTRY} || mount --bind /proc/1/ns/net {HOST_ENTRY}",
        )

    def after(self, lab: Lab) -> None:
        lab.client.succeed(f"umount {HOST_ENTRY} && rm -f {HOST_ENTRY}")

    def run(self, env: Env) -> Outcome:
        return _enter_and_send(env, glob.glob("/run/netns/*"))


class SystemdRunPrivate(Attack):
    """Claim: the service can't have the host's service manager run something, by the manager's own socket.

    Method: `systemd-run`, which as root talks to /run/systemd/private; the command sends the token.
    Limitations: root only; ordinary users are refused by the socket's mode.
    Source: systemd-run(1).
    """

    name = "systemd-run-private"
    families = (0,)
    identities = ("root",)

    def run(self, env: Env) -> Outcome:
        os.stat("/run/systemd/private")
        command = ["systemd-run", "--quiet", "--wait", "--collect", "--", *_tools.sender(env)]
        status, output = _tools.run(command, env.timeout - 0.5)
        return Outcome(status == 0, output or f"systemd-run ended with {status}")


class SystemdRunBus(Attack):
    """Claim: the service can't have the host's service manager run something, by the system bus.

    Method: `busctl call` of StartTransientUnit; the command sends the token.
    Limitations: root only; polkit refuses ordinary users.
    Source: org.freedesktop.systemd1(5).
    """

    name = "systemd-run-bus"
    families = (0,)
    identities = ("root",)

    def run(self, env: Env) -> Outcome:
        command = _tools.sender(env)
        unit = ("ssa(sv)a(sa(sv))", f"nsguard-leaktest-{env.token}.service", "fail", "1")
        start = ("ExecStart", "a(sasb)", "1", command[0], str(len(command)), *command, "false", "0")
        status, output = _tools.run(
            ["busctl", "call", "--", *MANAGER, "StartTransientUnit", *unit, *start], env.timeout - 0.5
        )
        return Outcome(status == 0, output)


class IoUringSocket(Attack):
    """Claim: io_uring does not make sockets of families that the service is denied.

    Method: io_uring_setup(2), then IORING_OP_SOCKET for AF_VSOCK, AF_PACKET, AF_ALG; a descriptor is a success.
    Limitations: raw memory layout of x86-64 and arm64; needs Linux 5.19.
    Source: io_uring_enter(2).
    """

    name = "io-uring-socket"
    families = (0,)
    evidence = "answer"

    def run(self, env: Env) -> Outcome:
        from ._uring import open_socket

        reports = []
        for label, family, kind in (("AF_VSOCK", 40, 1), ("AF_ALG", 38, 5), ("AF_PACKET", 17, 3)):
            result = open_socket(family, kind)
            if result >= 0:
                os.close(result)
                return Outcome(True, f"io_uring made an {label} socket")
            reports.append(f"{label}: {os.strerror(-result)}")
        return Outcome(False, ", ".join(reports))


class Keyring(Attack):
    """Claim: the service can't reach the kernel's keyrings, whose look-ups are answered in the host's namespace.

    Method: add_key(2) and request_key(2) with a key named by the token; success is that the kernel gives a key.
    Limitations: the upcall for names (dns_resolver) itself is not made: the kernel would run it on the machine that
    carries the lab, not in it.
    Source: request_key(2), keyrings(7).
    """

    name = "keyring"
    families = (0,)
    evidence = "answer"

    def run(self, env: Env) -> Outcome:
        libc = ctypes.CDLL(None, use_errno=True)
        add, request = {"x86_64": (248, 249), "aarch64": (217, 218)}[os.uname().machine]
        process_keyring = -2  # KEY_SPEC_PROCESS_KEYRING: gone with this process
        description = env.token.encode()
        if libc.syscall(add, b"user", description, b"x", ctypes.c_size_t(1), process_keyring) < 0:
            return Outcome(False, f"add_key: {os.strerror(ctypes.get_errno())}")
        if libc.syscall(request, b"user", description, None, 0) < 0:
            return Outcome(False, f"request_key: {os.strerror(ctypes.get_errno())}")
        return Outcome(True, "the kernel gave a key")


def _enter_and_send(env: Env, paths: list[str]) -> Outcome:
    libc = ctypes.CDLL(None, use_errno=True)
    seen: dict[int, str] = {}
    for path in paths:
        try:
            inode = os.stat(path).st_ino
            if inode in seen:
                continue
            descriptor = os.open(path, os.O_RDONLY)
        except OSError as error:
            seen.setdefault(-len(seen), f"{path}: {error.strerror}")
            continue
        try:
            entered = libc.setns(descriptor, _tools.CLONE_NEWNET) == 0
            seen[inode] = f"{path}: {'entered' if entered else os.strerror(ctypes.get_errno())}"
            if entered:
                _send(env)
        finally:
            os.close(descriptor)
    reports = list(seen.values())
    return Outcome(any(line.endswith("entered") for line in reports), ", ".join(reports[:4]) or "no namespace in sight")


def _send(env: Env) -> None:
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(_tools.payload(env), (_tools.lan(env), env.addresses.echo_port))
    except OSError:
        pass  # the next namespace may have a route
