"""The attacks by sockets that a process was started with tell apart by which descriptor it has them."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

ASKS = """
import sys
from nsguard_harness import attacks
from nsguard_harness.attack import Env
outcome = attacks.registry()[sys.argv[1]]().run(Env("ng000000", 4, parameters={"uplink": "lo"}))
print(outcome.reached, outcome.said)
"""


@pytest.mark.parametrize(
    ("attack", "as_input", "said"),
    [
        ("inherited-socket-addresses", True, "True descriptor 0: lo 127.0.0.1"),
        ("inherited-socket-addresses", False, "True descriptor {}: lo 127.0.0.1"),
        # as the journal's connection is a standard stream, and no socket of a package
        ("socket-of-a-package", True, "False no descriptor is a socket"),
        ("socket-of-a-package", False, "True descriptor {}: lo 127.0.0.1"),
    ],
)
def test_a_socket_of_the_host_names_its_link(attack: str, as_input: bool, said: str) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        argv = [sys.executable, "-c", ASKS, attack]
        given = () if as_input else (made.fileno(),)
        done = subprocess.run(
            argv,
            stdin=made.fileno() if as_input else subprocess.DEVNULL,
            pass_fds=given,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.startswith(said.format(made.fileno()))
