"""Handshakes: whether a peer of the tunnel answers."""

import math
import time

from nsguard.errors import NsguardError
from nsguard.lifecycle import teardown
from nsguard.net import wireguard
from nsguard.state import State, Tunnel
from nsguard.system import process

# Seconds after which a handshake is no longer valid (WireGuard whitepaper §6.1, Reject-After-Time).
FRESH = 180
# Seconds between two requests for a handshake; WireGuard itself repeats one after 5 s (Rekey-Timeout).
_REQUEST_INTERVAL = 5.0
# Seconds between two reads of the handshakes: while the start of a service waits, and while nothing waits.
_POLL, _POLL_IDLE = 0.1, 2.0


def ages(name: str, tunnel: Tunnel) -> dict[str, float | None]:
    """Public key of each peer → seconds since its latest handshake, or None if there was none.

    Negative if the clock was set back since the handshake. Raises `CommandFailed`.
    """
    now = time.time()
    lines = wireguard.show(name, tunnel, "latest-handshakes")
    return {key: None if timestamp == "0" else now - int(timestamp) for key, timestamp in lines}


def is_fresh(peer_ages: dict[str, float | None]) -> bool:
    """Whether the handshake of at least one peer is still valid. `peer_ages`: the result of `ages`."""
    return any(age is not None and age < FRESH for age in peer_ages.values())


def wait_up(name: str, timeout: float) -> None:
    """Wait until the tunnel of namespace `name` is up and a peer has answered with a handshake.

    Raises `NsguardError` if that takes more than `timeout` seconds; `timeout` may be infinite.
    """
    deadline = time.monotonic() + timeout
    poll = _POLL_IDLE if timeout == math.inf else _POLL
    state = State(name)
    cause = "the tunnel is not up"
    while (remaining := deadline - time.monotonic()) > 0:
        tunnel = state.tunnel() if teardown.is_up(state) else None
        if tunnel and tunnel.complete:
            cause = "no peer answers"
            try:
                if wait(name, tunnel, remaining, poll):
                    return
            except process.CommandFailed:  # the tunnel was removed meanwhile
                cause = "the tunnel is not up"
        process.checkpoint()
        time.sleep(poll)
    raise NsguardError(f"namespace {name}: {cause}, after {timeout:g} s; see nsguard doctor {name}")


def wait(name: str, tunnel: Tunnel, timeout: float, poll: float = _POLL) -> bool:
    """Wait up to `timeout` seconds for a valid handshake; request one every few seconds. Return whether there is one.

    Raises `CommandFailed`.
    """
    deadline = time.monotonic() + timeout
    last_request = float("-inf")
    while not is_fresh(ages(name, tunnel)):
        now = time.monotonic()
        if now > deadline:
            return False
        if now > last_request + _REQUEST_INTERVAL:
            last_request = now
            wireguard.greet(name, tunnel)
        process.checkpoint()
        time.sleep(poll)
    return True
