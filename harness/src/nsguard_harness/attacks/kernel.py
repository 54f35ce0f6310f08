"""The kernel's own ways to see or make networks: netlink, new namespaces, new mounts, families, files with rights."""

from __future__ import annotations

import ctypes
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..attack import Attack, Env, Outcome
from . import _netlink, _tools
from ._ownkernel import require_own_kernel
from ._processes import numbers
from ._standins import WithStandins, connected
from ._tools import CLONE_NEWNET

if TYPE_CHECKING:
    from ..lab.base import Lab

# linux/sched.h, linux/mount.h
CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID = 0x20000, 0x10000000, 0x20000000
MNT_DETACH, MS_REC, MS_PRIVATE = 2, 0x4000, 0x40000
HIDING = ("/run", "/tmp", "/home", "/proc", "/dev", "/etc", "/var/lib", "/nix/var/nix/daemon-socket")
ALLOWED = {socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK}
FAMILIES, KINDS = range(1, 47), range(1, 6)
CAPABLE = "/var/cache/nsguard-leaktest-capable"
CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_ADMIN = 12, 13, 21


class AnyFamily(Attack):
    """Claim: the service makes no socket of any family but those it is allowed: AF_UNIX, AF_INET, AF_INET6, AF_NETLINK.

    Method: socket(2) of every family up to 46, type and protocol 0 or 3, without using any; one made is a success.
    Limitations: a family whose module the kernel does not have can't be made by anybody.
    Source: socket(2), address_families(7).
    """

    name = "any-family"
    families = (0,)
    evidence = "answer"

    def run(self, env: Env) -> Outcome:
        made = []
        for family in sorted(set(FAMILIES) - ALLOWED, key=lambda family: (family != socket.AF_PACKET, family)):
            if _creatable(family):
                made.append(family)
                if env.parameters["control"]:
                    break  # one shows that it can be seen, and each may have the kernel look for a module
        return Outcome(bool(made), f"families {' '.join(map(str, made))} can be made" if made else "no other family")


class LinksInSight(Attack):
    """Claim: the kernel does not show the uplink and its addresses to the service.

    Method: netlink dumps of links and of addresses; the uplink's name or address there is a success.
    Limitations: what the kernel's files show of links is another attack's affair.
    Source: rtnetlink(7).
    """

    name = "links-in-sight"
    evidence = "answer"

    def run(self, env: Env) -> Outcome:
        own = socket.inet_pton(_tools.inet(env.family), env.addresses.client.of(env.family))
        uplink = str(env.parameters["uplink"])
        addresses = b"".join(_netlink.dump(_netlink.RTM_GETADDR, bytes((_tools.inet(env.family),)) + bytes(7)))
        if uplink in _tools.interfaces():
            return Outcome(True, f"{uplink} is there")
        return Outcome(own in addresses, f"links: {' '.join(_tools.interfaces())}")


class LinksInFiles(Attack):
    """Claim: the kernel's files do not name the host's links to the service, nor tell their hardware addresses.

    Method: read /sys/class/net, and every directory `net` below /sys/devices; the uplink or its address is a success.
    Limitations: only where the machine has a kernel of its own. A container's /sys is several mounts, of which systemd
    replaces the outermost alone, so that a host that is a container shows them.
    Source: sysfs(5); network_namespaces(7); systemd.exec(5), PrivateNetwork=.
    """

    name = "links-in-files"
    families = (0,)
    evidence = "answer"

    def run(self, env: Env) -> Outcome:
        require_own_kernel(env)
        directories = [Path("/sys/class/net"), *Path("/sys/devices").glob("**/net")]
        links = sorted({link for directory in directories if directory.is_dir() for link in directory.iterdir()})
        addresses = {link: _line(link / "address") for link in links}
        uplink = str(env.parameters["uplink"])
        shown = next((link for link in links if link.name == uplink), None)
        if shown:
            return Outcome(True, f"{shown} is there, with {addresses[shown]}")
        return Outcome(False, f"links: {' '.join(sorted({link.name for link in links})) or 'none'}")


def _line(path: Path) -> str:
    with suppress(OSError):
        return path.read_text().strip()
    return "no address"


class SocketsOfTheHost(WithStandins):
    """Claim: the kernel does not list the sockets of the host's processes to the service.

    Method: a netlink dump of UNIX sockets with their names (sock_diag); a daemon's is a success.
    Limitations: internet sockets have the same namespace, and are not listed.
    Source: sock_diag(7).
    """

    name = "sockets-of-the-host"

    def run(self, env: Env) -> Outcome:
        # struct unix_diag_req: family, protocol, pad, all states, inode, UDIAG_SHOW_NAME, cookie
        request = struct.pack("=BBHIIIII", socket.AF_UNIX, 0, 0, 0xFFFFFFFF, 0, 1, 0, 0)
        names = b"".join(_netlink.dump(_netlink.SOCK_DIAG_BY_FAMILY, request, _netlink.NETLINK_SOCK_DIAG))
        shown = b"/run/avahi-daemon/socket" in names
        return Outcome(shown, f"{len(names)} bytes, {'with' if shown else 'without'} the host's daemons")


class MacvlanByNumber(Attack):
    """Claim: root in the service can't make a link on the uplink by giving the host's namespace a number.

    Method: RTM_NEWNSID for the namespace of pid 1 and for its own, then a macvlan on each link in each of them, and the
    token as a broadcast by it.
    Limitations: vlan, ipvlan and macvtap take the same way.
    Source: rtnetlink(7), ip-netns(8) set, ip-link(8) link-netnsid.
    """

    name = "macvlan-by-number"
    families = (0,)
    identities = ("root",)

    def run(self, env: Env) -> Outcome:
        reports = []
        for number, path in enumerate(("/proc/self/ns/net", "/proc/1/ns/net"), 70):
            for index in range(1, 5):
                link = f"ng{number}x{index}"
                try:
                    _netlink.number_namespace(path, number)
                    _netlink.macvlan(link, index, number)
                    _tools.run(["ip", "link", "set", link, "up"], env.patience)
                    _broadcast(link, _tools.payload(env))
                except OSError as error:
                    reports.append(f"{path} {index}: {error.strerror or error}")
                else:
                    return Outcome(True, f"made a link on number {index} of {path}")
                finally:
                    with suppress(OSError):
                        _netlink.delete_link(link)
        return Outcome(False, ", ".join(reports[-2:]))


class TunnelKey(Attack):
    """Claim: root in the service can't read the tunnel's key from the kernel or from WireGuard's process.

    Method: WG_CMD_GET_DEVICE and wireguard-go's sockets in /run/wireguard, in this namespace and in those of
    /run/netns; a key is a success.
    Limitations: root only; what can be read can be changed, so no change is tried.
    Source: wg(8); WireGuard's cross-platform userspace interface.
    """

    name = "tunnel-key"
    families = (0,)
    identities = ("root",)
    evidence = "answer"

    def run(self, env: Env) -> Outcome:
        names = [path.name for path in Path("/run/netns").glob("*")] if Path("/run/netns").exists() else []
        for prefix in ([], *(["ip", "netns", "exec", name] for name in names)):
            _, output = _tools.run([*prefix, "wg", "show", "all", "private-key"], env.timeout - 0.5)
            if output.endswith("=") and "(none)" not in output:
                return Outcome(True, f"wg shows a key of {output.split()[0]}")
        for path in Path("/run/wireguard").glob("*.sock"):
            with connected(str(path), patience=env.patience) as userspace:
                userspace.sendall(b"get=1\n\n")
                if b"private_key=" in userspace.recv(4096):
                    return Outcome(True, f"{path} gave a key")
        return Outcome(False, output or "no device and no socket in sight")


class UserNamespace(Attack):
    """Claim: a user namespace of its own, in which the service is root, takes it nowhere.

    Method: unshare(2) with CLONE_NEWUSER, enter every namespace in sight, and send; then give itself a network
    namespace, too, and send there.
    Limitations: that it can be made is as it should be: browsers' sandboxes need it.
    Source: user_namespaces(7), network_namespaces(7).
    """

    name = "user-namespace"
    families = (0,)

    def run(self, env: Env) -> Outcome:
        return _in_child(lambda: self._try(env))

    def _try(self, env: Env) -> Outcome:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWUSER):
            return Outcome(False, f"unshare: {os.strerror(ctypes.get_errno())}")
        for path in (f"/proc/{pid}/ns/net" for pid in (1, os.getppid())):
            with suppress(OSError):
                descriptor = os.open(path, os.O_RDONLY)
                libc.setns(descriptor, CLONE_NEWNET)
        with suppress(OSError):
            _tools.send_udp(env, _tools.lan(env))
        libc.unshare(CLONE_NEWNET)
        with suppress(OSError):
            _tools.send_udp(env, _tools.lan(env))
        return Outcome(True, "made one, and sent")


class Uncovered(WithStandins):
    """Claim: what was mounted over the host's files can't be taken away by a mount namespace of the service's own.

    Method: unshare(2) with CLONE_NEWUSER and CLONE_NEWNS, unmount whatever hides something as often as it goes, then
    speak to avahi's socket.
    Limitations: one socket stands for all.
    Source: mount_namespaces(7), on mounts that are locked together.
    """

    name = "uncovered"

    def run(self, env: Env) -> Outcome:
        return _in_child(lambda: self._try(env))

    def _try(self, env: Env) -> Outcome:
        libc = ctypes.CDLL(None, use_errno=True)
        made = libc.unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0
        libc.mount(None, b"/", None, MS_REC | MS_PRIVATE, None)
        taken = [path for path in HIDING if made and _unmounted(libc, path)]
        with connected("/run/avahi-daemon/socket", patience=env.patience) as daemon:
            daemon.sendall(_tools.payload(env))
            return Outcome(bool(daemon.recv(200)), f"avahi answers, after unmounting {' '.join(taken) or 'nothing'}")


class FreshProc(Attack):
    """Claim: a new /proc, mounted in namespaces of the service's own, does not show the host's processes.

    Method: unshare(2) with CLONE_NEWUSER and CLONE_NEWNS, with and without CLONE_NEWPID, mount proc, and look for
    the uplink's address in /proc/PID/net/fib_trie of every process number.
    Limitations: process numbers up to the newest.
    Source: user_namespaces(7), on mounting proc; proc(5).
    """

    name = "fresh-proc"
    families = (0,)
    evidence = "answer"

    def run(self, env: Env) -> Outcome:
        outcome = Outcome(False)
        for flags in (CLONE_NEWUSER | CLONE_NEWNS, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID):
            outcome = _in_child(partial(self._try, env, flags))
            if outcome.reached:
                break
        return outcome

    def _try(self, env: Env, flags: int) -> Outcome:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(flags):
            return Outcome(False, f"unshare: {os.strerror(ctypes.get_errno())}")
        return _in_child(lambda: self._look(env, libc))  # CLONE_NEWPID is for children

    def _look(self, env: Env, libc: ctypes.CDLL) -> Outcome:
        mounted = libc.mount(b"proc", b"/proc", b"proc", 0, None) == 0
        report = "mounted" if mounted else f"mount: {os.strerror(ctypes.get_errno())}"
        for pid in numbers():
            with suppress(OSError), open(f"/proc/{pid}/net/fib_trie", encoding="ascii") as file:
                if env.addresses.client.v4 in file.read():
                    return Outcome(True, f"{report}; /proc/{pid}/net shows {env.addresses.client.v4}")
        return Outcome(False, f"{report}; no process with the uplink's address")


class FileCapability(Attack):
    """Claim: a program with capabilities in its file gives the service none.

    Method: a copy of Python with cap_net_admin, cap_net_raw and cap_sys_admin in its file enters every namespace in
    sight and sends a broadcast frame by each link.
    Limitations: ordinary users only; root needs no file for it.
    Source: capabilities(7), file capabilities; PR_SET_NO_NEW_PRIVS (prctl(2)).
    """

    name = "file-capability"
    families = (0,)
    identities = ("user",)

    def before(self, lab: Lab) -> None:
        sets = sum(1 << capability for capability in (CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_ADMIN))
        # struct vfs_cap_data, VFS_CAP_REVISION_2 and effective (linux/capability.h)
        value = struct.pack("<5I", 0x02000001, sets, 0, 0, 0).hex()
        write = f"import os; os.setxattr('{CAPABLE}', 'security.capability', bytes.fromhex('{value}'))"
        lab.client.succeed(f'install -m 755 $(readlink -f $(command -v python3)) {CAPABLE} && python3 -c "{write}"')

    def after(self, lab: Lab) -> None:
        lab.client.succeed(f"rm -f {CAPABLE}")

    def run(self, env: Env) -> Outcome:
        program = (
            "import socket as s\n"
            "for _, name in s.if_nameindex():\n"
            "    if name != 'lo':\n"
            "        link = s.socket(s.AF_PACKET, s.SOCK_RAW)\n"
            "        link.bind((name, 0))\n"
            f"        link.send(b'\\xff' * 6 + link.getsockname()[4][:6] + b'\\x88\\xb5' + {_tools.payload(env)!r})\n"
        )
        status, output = _tools.run([CAPABLE, "-S", "-c", program], env.timeout - 0.5)
        return Outcome(status == 0, output or f"ended with {status}")


def _creatable(family: int) -> bool:
    for kind in KINDS:
        for protocol in (0, 3):
            with suppress(OSError), socket.socket(family, kind, protocol):
                return True
    return False


def _broadcast(link: str, data: bytes) -> None:
    """A frame of the ethertype that is for local experiments (IEEE 802, 0x88b5)."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as packet:
        packet.bind((link, 0))
        packet.send(b"\xff" * 6 + packet.getsockname()[4][:6] + b"\x88\xb5" + data)


def _unmounted(libc: ctypes.CDLL, path: str) -> bool:
    times = 0
    while times < 10 and libc.umount2(path.encode(), MNT_DETACH) == 0:
        times += 1
    return times > 0


def _in_child(work: Callable[[], Outcome]) -> Outcome:
    """Do in a child what changes a process for good."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            outcome = work()
        except Exception as error:
            outcome = Outcome(False, f"{type(error).__name__}: {error}")
        os.write(writer, bytes((outcome.reached,)) + outcome.said.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return Outcome(bool(answer[:1] == b"\1"), answer[1:].decode() or "no answer")
