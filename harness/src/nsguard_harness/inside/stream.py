"""TCP through a tunnel: how many bytes arrive, and how long an answer takes.

usage: python3 -m nsguard_harness.inside.stream PORT                              takes all, answers a byte with a byte
       python3 -m nsguard_harness.inside.stream send ADDRESS PORT FLOWS SECONDS   prints megabits in a second
       python3 -m nsguard_harness.inside.stream ask ADDRESS PORT COUNT            prints the median in microseconds
"""

import socket
import sys
import threading
import time
from statistics import median

from nsguard_harness.inside.notify import ready

CHUNK = bytes(1 << 18)
ASK, SEND = b"a", b"s"


def serve(port: int) -> None:
    """Take connections until the process ends."""
    with socket.create_server(("", port)) as server:
        ready()
        while True:
            connection, _ = server.accept()
            threading.Thread(target=attend, args=(connection,), daemon=True).start()


def attend(connection: socket.socket) -> None:
    """Serve a connection until the other end is done: count its bytes and send the count, or answer each byte."""
    with connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        kind, count, room = connection.recv(1), 0, bytearray(1 << 18)
        while size := connection.recv_into(room):
            count += size
            if kind == ASK:
                connection.sendall(room[:size])
        if kind == SEND:
            connection.sendall(count.to_bytes(8, "big"))


def send(address: str, port: int, flows: int, seconds: float) -> float:
    """Megabits that arrived in a second, over all flows."""
    arrived: list[int] = []
    threads = [threading.Thread(target=lambda: arrived.append(_flow(address, port, seconds))) for _ in range(flows)]
    start = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return 8e-6 * sum(arrived) / (time.monotonic() - start)


def _flow(address: str, port: int, seconds: float) -> int:
    with socket.create_connection((address, port), timeout=30) as connection:
        connection.sendall(SEND)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            connection.sendall(CHUNK)
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answer:
            return int.from_bytes(answer.read(8), "big")


def ask(address: str, port: int, count: int) -> float:
    """The median of microseconds until a byte is answered."""
    times = []
    with socket.create_connection((address, port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(ASK)
        for _ in range(count):
            before = time.perf_counter()
            connection.sendall(b".")
            connection.recv(1)
            times.append(1e6 * (time.perf_counter() - before))
    return median(times)


if __name__ == "__main__":
    match sys.argv[1:]:
        case [port]:
            serve(int(port))
        case ["send", address, port, flows, seconds]:
            print(f"{send(address, int(port), int(flows), float(seconds)):.1f}")
        case ["ask", address, port, count]:
            print(f"{ask(address, int(port), int(count)):.1f}")
