"""Addresses of names, by the resolver of the place that packets will leave from."""

import contextlib
import socket
import threading
import time
from collections.abc import Collection, Mapping
from typing import NamedTuple

from nsguard.errors import NsguardError
from nsguard.net import as_service
from nsguard.spec import values
from nsguard.state import State
from nsguard.system import child

# Seconds for all names. glibc alone would wait 5 s per server and attempt (resolv.conf(5)).
TIMEOUT = 15.0
# The same while the machine starts and others wait for it: the next try is not far.
SHORT = 3.0


class Unresolved(NsguardError):
    """A name has no address now; trying again later may help."""


class Answers(NamedTuple):
    """What became of names: their addresses, those with a route first, or why there are none."""

    addresses: Mapping[str, list[str]]
    faults: Mapping[str, str]

    def fault(self) -> Unresolved:
        """The error that says what is wrong with the first of those without an address."""
        name, why = min(self.faults.items())
        return Unresolved(f"endpoint {name}: {why}; check the host's resolver or give an address")


def ask(names: Collection[str], outer: str | None, timeout: float = TIMEOUT) -> Answers:
    """Look names up, all at once, so that one that nobody answers for keeps none of the others.

    By the host's resolver, or, for a tunnel through another, by that one's from its namespace `outer`.
    """

    def within() -> dict[str, list[str] | str]:
        return _within(sorted(names), timeout)

    found, fault = {}, f"no answer within {timeout:g} s"
    try:
        found = (
            child.answer(within, timeout + 1) if outer is None else as_service.ask(State(outer), within, timeout + 1)
        )
    except child.Late:
        pass
    except (child.Failed, NsguardError, OSError) as error:
        fault = str(error)
    said = {name: found.get(name, fault) for name in names}
    return Answers(
        {name: list(answer) for name, answer in said.items() if not isinstance(answer, str)},
        {name: answer for name, answer in said.items() if isinstance(answer, str)},
    )


def _within(names: list[str], timeout: float) -> dict[str, list[str] | str]:
    """In the child: what has come in time."""
    found: dict[str, list[str] | str] = {}
    deadline = time.monotonic() + timeout
    # Daemons, as those that still wait for an answer end with the child.
    threads = [threading.Thread(target=lambda n=name: found.update({n: _look_up(n)}), daemon=True) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return dict(found)


def _look_up(name: str) -> list[str] | str:
    """Its addresses, or why there are none."""
    try:
        infos = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        return (error.strerror or str(error)).lower()
    # An address with a scope (fe80::1%eth0) means something else in another namespace.
    found = [str(i[4][0]) for i in infos if "%" not in str(i[4][0])]
    usable = [it for it in found if not values.special(values.address(it))]
    return _reachable_first(usable) or f"no address where a peer can be, but {', '.join(found) or 'none at all'}"


def _reachable_first(found: list[str]) -> list[str]:
    """Those that there is a route to before the others, each in the order of RFC 6724 that getaddrinfo(3) gave."""
    return sorted(found, key=lambda address: not _has_route(address))


def _has_route(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # Connecting a datagram socket sends nothing; it fails where there is no route (udp(7)).
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((address, 9))
        return True
    return False
