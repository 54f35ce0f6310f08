"""Relays between a confined browser and its driver outside: a socket in place of a TCP port.

usage: python3 -m nsguard_harness.inside.browser SOCKET COMMAND ARGUMENT...

The command gets --remote-debugging-pipe: it speaks the Chrome DevTools protocol on descriptors 3 and 4, each message
with a NUL behind it. Clients of the socket send and get the same messages, one a line; one client is served at a time.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
from pathlib import Path

from .notify import ready


def start(command: list[str]) -> tuple[subprocess.Popen[bytes], int, int]:
    """The browser, the descriptor to write to, and the one to read from."""
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()

    def arrange() -> None:
        # out of the way first: either end may have the other's number
        high = [os.dup(descriptor) for descriptor in (theirs_in, theirs_out)]
        for target, source in zip((3, 4), high, strict=True):
            os.dup2(source, target)

    browser = subprocess.Popen(
        [command[0], "--remote-debugging-pipe", *command[1:]],
        pass_fds=(3, 4),
        preexec_fn=arrange,
    )
    os.close(theirs_in)
    os.close(theirs_out)
    return browser, ours_out, ours_in


def relay(client: socket.socket, browser: int, answers: int) -> bool:
    """Pass messages on until the client leaves (True) or the browser ends (False).

    browser, answers: the descriptors to write to and to read from.
    """
    while True:
        for descriptor in select.select([client.fileno(), answers], [], [])[0]:
            if descriptor == client.fileno():
                try:
                    request = client.recv(1 << 16)
                except OSError:
                    request = b""
                if not request:
                    return True
                os.write(browser, request.replace(b"\n", b"\0"))
            else:
                answer = os.read(answers, 1 << 16)
                if not answer:
                    return False
                client.sendall(answer.replace(b"\0", b"\n"))


def main(path: Path, command: list[str]) -> int:
    """Serve until the browser ends; its exit status."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1)
        browser, say, hear = start(command)
        ready()
        alive = True
        while alive:
            client, _ = listener.accept()
            with client:
                alive = relay(client, say, hear)
        return browser.wait()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
