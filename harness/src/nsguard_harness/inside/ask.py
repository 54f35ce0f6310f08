"""Asks echo servers, all at once, and prints which of them sent back what they were sent: their own names.

usage: python3 -m nsguard_harness.inside.ask JSON

JSON: a list of targets, [protocol, address, port], and one of ways to try each by: [own addresses (IPv4, IPv6) or null,
name of a link or null].
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
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET, KINDS[kind]) as made:
        made.settimeout(SECONDS)
        try:
            if device:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
            if sources:
                made.bind((sources[six], 0))
            made.connect((address, port))
            made.send(text)
            return made.recv(len(text)) == text
        except OSError:
            return False


def main(targets: list[list[Any]], ways: list[list[Any]]) -> None:
    """Print the targets that answer by any of the ways."""
    with ThreadPoolExecutor(len(targets) * len(ways)) as pool:
        asked = [[pool.submit(echoes, target, way) for way in ways] for target in targets]
        found = [one for one, tries in zip(targets, asked, strict=True) if any(it.result() for it in tries)]
    print(json.dumps(found))


if __name__ == "__main__":
    main(*json.loads(sys.argv[1]))
