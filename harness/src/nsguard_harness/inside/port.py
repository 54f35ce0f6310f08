"""Sends frames on an interface and prints those that come back: the lab's side where it is a machine of its own.

usage: python3 -m nsguard_harness.inside.port INTERFACE SECONDS

Frames are read from standard input, one a line in hexadecimal; received ones are printed in the same form.
"""

from __future__ import annotations

import socket
import sys
import time

ETH_P_ALL = 0x0003  # linux/if_ether.h


def main(interface: str, seconds: float) -> None:
    """Send everything, then listen."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as port:
        port.bind((interface, ETH_P_ALL))
        for line in sys.stdin:
            port.send(bytes.fromhex(line))
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            port.settimeout(left)
            try:
                data, (_, _, kind, *_) = port.recvfrom(65535)
            except TimeoutError:
                return
            if kind != socket.PACKET_OUTGOING:
                print(data.hex(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
