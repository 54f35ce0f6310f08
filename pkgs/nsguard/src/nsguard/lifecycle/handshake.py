"""Whether a peer has been heard, which for WireGuard means a handshake."""

import math
import time

from nsguard.errors import NsguardError
from nsguard.lifecycle import teardown
from nsguard.net import wireguard
from nsguard.state import State, Tunnel
from nsguard.system import process

# Seconds for which a handshake is good (WireGuard whitepaper §6.1, Reject-After-Time).
FRESH = 180
# Seconds between attempts of our own; the protocol's are 5 apart (Rekey-Timeout).
_ASK_AGAIN = 5.0
# Seconds between looks while a service's start waits, and while nobody does.
_POLL, _POLL_IDLE = 0.1, 2.0


def ages(name: str, tunnel: Tunnel) -> dict[str, float | None]:
    """Public key → seconds since the latest handshake, None where there was none; negative where the clock was set
    back since. Raises `CommandFailed`."""
    now = time.time()
    shown = wireguard.show(name, tunnel, "latest-handshakes")
    return {key: None if at == "0" else now - int(at) for key, at in shown}


def is_fresh(found: dict[str, float | None]) -> bool:
    """Whether any of the peers' handshakes is still good."""
    return any(age is not None and age < FRESH for age in found.values())


def wait_up(name: str, timeout: float) -> None:
    """Wait until the tunnel of namespace `name` is up and a peer has been heard. Raises `NsguardError` if neither is
    within `timeout` seconds, which may be infinite."""
    deadline = time.monotonic() + timeout
    poll = _POLL_IDLE if timeout == math.inf else _POLL
    found = State(name)
    what = "the tunnel is not up"
    while (left := deadline - time.monotonic()) > 0:
        tunnel = found.tunnel() if teardown.is_up(found) else None
        if tunnel and tunnel.complete:
            what = "no peer answers"
            try:
                if wait(name, tunnel, left, poll):
                    return
            except process.CommandFailed:  # the tunnel went meanwhile
                what = "the tunnel is not up"
        process.checkpoint()
        time.sleep(poll)
    raise NsguardError(f"namespace {name}: {what}, after {timeout:g} s; see nsguard doctor {name}")


def wait(name: str, tunnel: Tunnel, timeout: float, poll: float = _POLL) -> bool:
    """Ask the peers for a handshake unless one is fresh, for up to `timeout` seconds. Raises `CommandFailed`."""
    deadline = time.monotonic() + timeout
    asked = float("-inf")
    while not is_fresh(ages(name, tunnel)):
        now = time.monotonic()
        if now > deadline:
            return False
        if now > asked + _ASK_AGAIN:
            asked = now
            wireguard.greet(name, tunnel)
        process.checkpoint()
        time.sleep(poll)
    return True
