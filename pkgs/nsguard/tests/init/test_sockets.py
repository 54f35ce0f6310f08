"""nsguard-init runs no command to which systemd passed a socket of another network namespace."""

import platform
import struct

import pytest

from box import NAME, Box
from in_front import between, run

# Opens a socket of a kind and passes it on by that descriptor, with variables for it: NAME=VALUE, "-" for none.
PASSES = """
import os, socket, sys
descriptor, variables, kind, *argv = sys.argv[1:]
made = {
    "stream": lambda: socket.create_server(("127.0.0.1", 0)),
    "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "path": lambda: socket.socket(socket.AF_UNIX),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
    "file": lambda: open("/dev/null"),
}[kind]()
os.dup2(made.fileno(), int(descriptor))
os.set_inheritable(int(descriptor), True)
os.environ |= dict(variable.split("=") for variable in variables.split() if variable != "-")
os.execvp(argv[0], argv)
"""
# Denies calls, as a seccomp filter in hexadecimal digits says, and goes on.
DENIES = """
import ctypes, os, sys
text = bytes.fromhex(sys.argv[1])
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]
program = Program(len(text) // 8, text)
assert ctypes.CDLL(None, use_errno=True).prctl(22, 2, ctypes.byref(program), 0, 0) == 0, ctypes.get_errno()
os.execvp(sys.argv[2], sys.argv[2:])
"""
ENTER = ("ip", "netns", "exec", NAME)
PASS = ("python3", "-IS", "-c", PASSES)
DENY = ("python3", "-IS", "-c", DENIES)
KINDS = ("stream", "datagram", "path", "netlink")
TOLD = "LISTEN_FDS=1 LISTEN_FDNAMES=web.socket"

# The numbers of the calls, as uname(2) calls the machine; linux/net.h
NUMBERS = {
    "x86_64": {"socket": 41, "socketpair": 53, "getsockopt": 55, "getdents64": 217},
    "aarch64": {"socket": 198, "socketpair": 199, "getsockopt": 209, "getdents64": 61},
}
EPERM, ENOPROTOOPT, SO_NETNS_COOKIE = 1, 92, 71


def refusing(call: str, error: int, third: int | None = None) -> str:
    """A seccomp filter by which a call fails, or only with that third argument (linux/filter.h, linux/seccomp.h)."""
    load, equal, answer = 0x20, 0x15, 0x06
    tests = [(0, NUMBERS[platform.machine()][call]), *([(32, third)] if third is not None else [])]
    code = []
    for number, (offset, value) in enumerate(tests):
        code += [(load, 0, 0, offset), (equal, 0, 2 * (len(tests) - number) - 1, value)]
    code += [(answer, 0, 0, 0x50000 | error), (answer, 0, 0, 0x7FFF0000)]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code).hex()


@pytest.mark.parametrize(
    ("descriptor", "variables", "called"),
    [
        ("3", TOLD, "descriptor 3 (web.socket)"),
        ("0", "-", "descriptor 0 (without a name)"),
        # the unit's own Environment= says otherwise
        ("3", "LISTEN_FDS=0 LISTEN_FDNAMES=", "descriptor 3 (without a name)"),
        ("700", "LISTEN_FDS=1 LISTEN_FDNAMES=web.socket", "descriptor 700 (without a name)"),
        ("4", "LISTEN_FDS=x LISTEN_FDNAMES=other:web.socket:more", "descriptor 4 (web.socket)"),
    ],
)
def test_a_socket_of_the_host_starts_nothing(box: Box, init: str, descriptor: str, variables: str, called: str) -> None:
    box.nsguard("netns", "up", NAME)
    for kind in KINDS:
        passed = (*PASS, descriptor, variables, kind, *ENTER)
        done = run(box, *passed, init, "--own-sockets", "echo", "ran")
        assert (done.returncode, done.stdout) == (255, ""), kind
        assert done.stderr == (
            f"nsguard: {called} is a socket of another network namespace and would show its addresses; define it with "
            "systemd.sockets, not by a package's file; if OpenFile= or StandardInput= opens it, remove that line; or "
            "let nothing pass it to this unit\n"
        ), kind
        # as in nsguard's own units, which take connections of the host
        assert run(box, *passed, init, "echo", "ran").stdout == "ran\n", kind


@pytest.mark.parametrize(("descriptor", "variables"), [("3", TOLD), ("0", "-"), ("3", "LISTEN_FDS=0"), ("9", "-")])
def test_a_socket_of_the_namespace_is_passed_on(box: Box, init: str, descriptor: str, variables: str) -> None:
    box.nsguard("netns", "up", NAME)
    for kind in (*KINDS, "file"):
        done = run(box, *ENTER, *PASS, descriptor, variables, kind, init, "--own-sockets", "echo", "ran")
        assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", ""), kind
    done = run(box, *PASS, descriptor, variables, "file", *ENTER, init, "--own-sockets", "echo", "ran")
    assert done.stdout == "ran\n"


def entered(box: Box, init: str, streams: str) -> str:
    """A script that starts nsguard-init in the namespace as systemd would, with the manager's socket besides."""
    box.nsguard("netns", "up", NAME)
    passed = f"export LISTEN_FDS=2 LISTEN_FDNAMES=first:nsguard-notify; exec {streams} 5<&-"
    box.write("/run/passed", f'#!/bin/sh\n{passed}; exec {" ".join(ENTER)} {init} "$@"\n', 0o755)
    return "/run/passed"


@pytest.mark.parametrize(
    ("streams", "refused"),
    [
        ("3</dev/null", ""),
        ("3<&5", "descriptor 3 (first)"),
        # systemd connects standard input to a socket whose file the unit names
        ("3</dev/null <&1", "descriptor 0 (without a name)"),
    ],
)
def test_what_nsguard_replaces_is_not_the_commands(box: Box, init: str, streams: str, refused: str) -> None:
    """The journal's and the manager's sockets are the host's; the command gets a pipe and a socket of its own."""
    options = ("--journal", "--notify=main", "--own-sockets")
    found = between(box, entered(box, init, streams), "print('ran')", *options, first=False)
    if refused:
        assert found["said"].startswith(f"nsguard: {refused} is a socket of another network namespace")
        assert found["status"] == 255
    else:
        assert (found["status"], found["said"]) == (0, "ran\n")


COUNTS = """
import os, stat
held = [number for number in map(int, os.listdir("/proc/self/fd")) if os.path.exists(f"/proc/self/fd/{number}")]
print(os.environ["LISTEN_FDS"], os.environ["LISTEN_FDNAMES"], [n for n in held if stat.S_ISSOCK(os.fstat(n).st_mode)])
"""


def test_a_command_that_may_tell_systemd_nothing_does_not_get_the_managers_socket(box: Box, init: str) -> None:
    script = entered(box, init, "3</dev/null")
    found = between(box, script, COUNTS, "--journal", "--own-sockets", first=False)
    assert (found["status"], found["said"]) == (0, "1 first []\n")


def test_a_unit_without_address_families_gets_its_own_sockets(box: Box, init: str) -> None:
    box.nsguard("netns", "up", NAME)
    for kind in KINDS:
        deny = (*DENY, refusing("socket", EPERM))
        control = run(box, *ENTER, *deny, "python3", "-IS", "-c", "import socket; socket.socket()")
        assert "PermissionError" in control.stderr
        done = run(box, *ENTER, *PASS, "3", TOLD, kind, *deny, init, "--own-sockets", "echo", "ran")
        assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", ""), kind
        done = run(box, *PASS, "3", TOLD, kind, *ENTER, *deny, init, "--own-sockets", "echo", "ran")
        assert "(web.socket) is a socket of another network namespace" in done.stderr, kind


@pytest.mark.parametrize(
    "filtered",
    [refusing("getsockopt", ENOPROTOOPT, SO_NETNS_COOKIE), refusing("socketpair", EPERM)],
    ids=["a kernel before 5.14", "a filter of calls"],
)
def test_where_the_kernel_does_not_tell_a_socket_is_refused_as_such(box: Box, init: str, filtered: str) -> None:
    box.nsguard("netns", "up", NAME)
    deny = (*DENY, filtered)
    done = run(box, *ENTER, *PASS, "3", TOLD, "stream", *deny, init, "--own-sockets", "echo", "ran")
    assert (done.returncode, done.stdout) == (255, "")
    assert done.stderr == (
        "nsguard: descriptor 3 (web.socket): cannot tell the network namespace of this socket: the kernel is older "
        "than 5.14, or SystemCallFilter= of the unit denies socketpair or getsockopt\n"
    )
    # a unit without sockets is not concerned
    done = run(box, *ENTER, *PASS, "3", "-", "file", *deny, init, "--own-sockets", "echo", "ran")
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")


def test_without_the_number_of_descriptors_nothing_starts(box: Box, init: str) -> None:
    hides = 'mount --bind /dev/null /proc/$$/status; exec "$@"'
    done = run(box, "unshare", "--mount", "sh", "-c", hides, "sh", init, "--own-sockets", "echo", "ran")
    assert (done.returncode, done.stdout) == (255, "")
    assert done.stderr == (
        "nsguard: cannot tell which sockets this unit was passed: /proc/self/status cannot be read\n"
    )


def test_a_unit_whose_filter_allows_few_calls_is_checked(box: Box, init: str) -> None:
    deny = (*DENY, refusing("getdents64", EPERM))
    assert "not permitted" in run(box, *deny, "ls", "/").stderr
    assert run(box, *deny, init, "--own-sockets", "echo", "ran").stdout == "ran\n"
