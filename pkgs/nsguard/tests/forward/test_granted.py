"""Programs inside that already listen on a granted port."""

import contextlib
import socket

import pytest

from nsguard.forward import granted
from nsguard.net import namespace


def test_who_listens_is_read_from_the_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespace, "entered", lambda _: contextlib.nullcontext())
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp,
        socket.create_connection(tcp.getsockname()) as client,
    ):
        udp.bind(("::1", 0))
        found = set(granted.listening("vpn"))
        assert {("tcp", tcp.getsockname()[1]), ("udp", udp.getsockname()[1])} <= found
        assert ("tcp", client.getsockname()[1]) not in found
