"""Looking up host names, with the resolver of the namespace that the tunnel's packets leave from."""

import contextlib
import socket
import threading
import time
from collections.abc import Collection, Mapping

from nsguard.errors import NsguardError
from nsguard.net import as_service
from nsguard.spec import values
from nsguard.state import State
from nsguard.system import child
from nsguard.system.record import NamedTuple

# Seconds for all names together. glibc alone would wait 5 s per server and attempt (resolv.conf(5)).
TIMEOUT = 15.0
# Seconds for all names while services of a starting machine wait for the tunnel; the look-up is soon repeated.
SHORT = 3.0


class Unresolved(NsguardError):
    """A name has no address now; trying again later may help."""


class Answers(NamedTuple):
    """The results of a look-up. `addresses`: name → addresses, those with a route first; `faults`: name → reason."""

    addresses: Mapping[str, list[str]]
    faults: Mapping[str, str]

    def fault(self) -> Unresolved:
        """The error for the first name, in alphabetical order, that has no address."""
        name, why = min(self.faults.items())
        return Unresolved(f"endpoint {name}: {why}; check the host's resolver or give an address")


def ask(names: Collection[str], outer: str | None, timeout: float = TIMEOUT) -> Answers:
    """Look up all names at the same time, so that a name without an answer does not delay the others.

    Uses the host's resolver. For a tunnel through another tunnel, it uses that tunnel's resolver, from its namespace
    `outer`. `timeout` is in seconds.
    """

    def within() -> dict[str, list[str] | str]:
        return _within(sorted(names), timeout)

    results, fault = {}, f"no answer within {timeout:g} s"
    try:
        results = (
            child.answer(within, timeout + 1) if outer is None else as_service.ask(State(outer), within, timeout + 1)
        )
    except child.Late:
        pass
    except (child.Failed, NsguardError, OSError) as error:
        fault = str(error)
    answers = {name: results.get(name, fault) for name in names}
    return Answers(
        {name: list(answer) for name, answer in answers.items() if not isinstance(answer, str)},
        {name: answer for name, answer in answers.items() if isinstance(answer, str)},
    )


def _within(names: list[str], timeout: float) -> dict[str, list[str] | str]:
    """Name → addresses, or the reason for none; without names that got no answer in time. Runs in the child."""
    results: dict[str, list[str] | str] = {}
    deadline = time.monotonic() + timeout
    # Daemon threads: the child may exit while some of them still wait for an answer.
    threads = [threading.Thread(target=lambda n=name: results.update({n: _look_up(n)}), daemon=True) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return dict(results)


def _look_up(name: str) -> list[str] | str:
    """The addresses of a name, or the reason for having none."""
    try:
        infos = socket.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
    except OSError as error:
        return (error.strerror or str(error)).lower()
    # An address with a scope (fe80::1%eth0) means something else in another namespace.
    addresses = [str(i[4][0]) for i in infos if "%" not in str(i[4][0])]
    usable = [address for address in addresses if not values.special(values.address(address))]
    return _reachable_first(usable) or f"no address that a peer can have, only {', '.join(addresses) or 'none at all'}"


def _reachable_first(addresses: list[str]) -> list[str]:
    """Addresses with a route first; within each group in the order of getaddrinfo(3), which is that of RFC 6724."""
    return sorted(addresses, key=lambda address: not _has_route(address))


def _has_route(address: str) -> bool:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # Connecting a datagram socket sends nothing; it fails where there is no route (udp(7)).
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((address, 9))
        return True
    return False
