"""Asks echo servers, all at once, and prints those that answer: each must send back its own name.

usage: python3 -m nsguard_harness.inside.ask JSON

JSON: a list of targets, [protocol, address, port], and a list of ways to try each target: [own addresses (IPv4, IPv6)
or null, name of a link or null].
"""

from __future__ import annotations

import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
SECONDS = 1.0


def echoes(target: list[Any], way: list[Any]) -> bool:
    """Whether a target answers by a way."""
    (kind, address, port), (sources, device) = target, way
    text = json.dumps(target).encode()
    six = ":" in address
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET, KINDS[kind]) as sock:
        sock.settimeout(SECONDS)
        try:
            if device:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
            if sources:
                sock.bind((sources[six], 0))
            sock.connect((address, port))
            sock.send(text)
            return sock.recv(len(text)) == text
        except OSError:
            return False


def main(targets: list[list[Any]], ways: list[list[Any]]) -> None:
    """Print the targets that answer by any of the ways."""
    with ThreadPoolExecutor(len(targets) * len(ways)) as pool:
        tries_by_target = [[pool.submit(echoes, target, way) for way in ways] for target in targets]
        answering = [
            target
            for target, tries in zip(targets, tries_by_target, strict=True)
            if any(attempt.result() for attempt in tries)
        ]
    print(json.dumps(answering))


if __name__ == "__main__":
    main(*json.loads(sys.argv[1]))
