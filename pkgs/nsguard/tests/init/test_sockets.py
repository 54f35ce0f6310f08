"""nsguard-init runs no command to which systemd passed a socket of another network namespace."""

import pytest

from box import NAME, Box
from in_front import run

# Opens a socket of a kind, as systemd does, and passes it on: WHERE is "passed" or "input".
PASSES = """
import os, socket, sys
where, kind, *argv = sys.argv[1:]
made = {
    "stream": lambda: socket.create_server(("127.0.0.1", 0)),
    "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "path": lambda: socket.socket(socket.AF_UNIX),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
    "file": lambda: open("/dev/null"),
}[kind]()
os.dup2(made.fileno(), 3 if where == "passed" else 0)
os.set_inheritable(3 if where == "passed" else 0, True)
if where == "passed":
    os.environ |= {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "web.socket"}
os.execvp(argv[0], argv)
"""
ENTER = ("ip", "netns", "exec", NAME)
PASS = ("python3", "-IS", "-c", PASSES)
KINDS = ("stream", "datagram", "path", "netlink")


@pytest.mark.parametrize(
    ("where", "called"), [("passed", "descriptor 3 (web.socket)"), ("input", "descriptor 0 (without a name)")]
)
def test_a_socket_of_the_host_starts_nothing(box: Box, init: str, where: str, called: str) -> None:
    box.nsguard("netns", "up", NAME)
    for kind in KINDS:
        done = run(box, *PASS, where, kind, *ENTER, init, "--own-sockets", "echo", "ran")
        assert (done.returncode, done.stdout) == (255, ""), kind
        assert done.stderr == (
            f"nsguard: {called} is a socket of another network namespace and would show its addresses; define the "
            "socket with systemd.sockets, not by a package's file, or let nothing pass it to this unit\n"
        ), kind
        # as in nsguard's own units, which take connections of the host
        assert run(box, *PASS, where, kind, *ENTER, init, "echo", "ran").stdout == "ran\n", kind


@pytest.mark.parametrize("where", ["passed", "input"])
def test_a_socket_of_the_namespace_is_passed_on(box: Box, init: str, where: str) -> None:
    box.nsguard("netns", "up", NAME)
    for kind in (*KINDS, "file"):
        done = run(box, *ENTER, *PASS, where, kind, init, "--own-sockets", "echo", "ran")
        assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", ""), kind
    assert run(box, *PASS, where, "file", *ENTER, init, "--own-sockets", "echo", "ran").stdout == "ran\n"
