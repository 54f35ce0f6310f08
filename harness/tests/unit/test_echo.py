"""The echo server that plays the hosts beyond, tested without the protocols that a kernel may lack."""

from __future__ import annotations

import socket

import pytest

from nsguard_harness.addresses import LAB
from nsguard_harness.inside import datagrams, echo


class Listener:
    """Stands in for a socket of a protocol that this kernel may lack."""

    bound: list[tuple[socket.AddressFamily, int, str]]

    def __init__(self, family: socket.AddressFamily, kind: int, protocol: int) -> None:
        if protocol == echo.DCCP:
            raise OSError("no such protocol")
        self._family, self._protocol = family, protocol

    def bind(self, address: tuple[str, int]) -> None:
        Listener.bound.append((self._family, self._protocol, address[0]))

    def listen(self) -> None: ...


def test_sctp_listens_at_the_asked_addresses_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket bound to all addresses answers through a tunnel from the tunnel's address, which no firewall lets in."""
    Listener.bound = []
    monkeypatch.setattr(socket, "socket", Listener)
    assert len(echo.listen_otherwise()) == 2
    assert Listener.bound == [
        (socket.AF_INET, echo.SCTP, LAB.web.v4),
        (socket.AF_INET6, echo.SCTP, LAB.web.v6),
    ]


@pytest.mark.parametrize(
    "address", ["203.0.113.80", "::ffff:203.0.113.80", socket.inet_pton(socket.AF_INET6, "::ffff:203.0.113.80")]
)
def test_an_address_is_recorded_in_its_own_form(address: str | bytes) -> None:
    assert datagrams.plain(address) == "203.0.113.80"
