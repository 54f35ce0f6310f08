"""Checks whether a program inside listens on the forwarded port; if none does, tells the program the port again.

After a restart, many programs use the port in their configuration. A unit, the hook, tells them the forwarded port. The
hook may run before the program is up again, or while the old program ends. So it runs again whenever the set of
listening ports inside changes, until the forwarded port is one of them, or until the hook has succeeded several times
without effect.
"""

from collections.abc import Collection

from nsguard.forward import granted
from nsguard.spec.spec import Forwarding
from nsguard.system import process, systemd

# Consecutive looks without a listener after which the hook runs again, and its successes after which it does not.
MISSED, IN_VAIN = 2, 3
_RUNNING = ("activating", "active", "deactivating")


class Watch:
    """Watches whether a program listens on the forwarded port of namespace `name`."""

    def __init__(self, name: str, forwarding: Forwarding) -> None:
        self._name, self._hook, self._client = name, forwarding.hook, forwarding.client
        self.forget()

    def forget(self) -> None:
        """Start again from the beginning, because the port has changed."""
        self._heard = False
        self._begin()

    def _begin(self) -> None:
        """Reset the counts: consecutive looks without a listener, and successes of the hook without effect."""
        self._missed = self._in_vain = 0
        # The ports on which programs inside listened when the hook last ran again; None if it has not run again.
        self._tried: set[int] | None = None

    def look(self, port: int, protocols: Collection[str]) -> None:
        """Run the hook again if no program listens on `port` with any of `protocols`."""
        if self._hook is None:
            return
        listeners = set(granted.listening(self._name))
        if any((protocol, port) in listeners for protocol in protocols):
            if not self._heard or self._missed:
                process.say(f"nsguard: {self._name}: a program inside listens on port {port}")
            self._heard = True
            self._begin()
            return
        state = next(iter(systemd.show([self._hook], ["ActiveState"])), {}).get("ActiveState")
        # A program that never listened may not be meant to, or the hook fails for a reason that a retry does not fix.
        expected = self._heard or (self._client is not None and state != "failed")
        self._missed = self._missed + 1 if expected and state not in _RUNNING else 0
        others = {number for protocol, number in listeners if protocol == "tcp"}
        if self._missed >= MISSED and others != self._tried and self._in_vain < IN_VAIN:
            process.say(f"nsguard: {self._name}: nobody listens on port {port}; telling it again")
            self._in_vain += state != "failed"
            self._tried = others
            restart(self._name, self._hook)


def restart(name: str, hook: str) -> None:
    """Start the hook; if it is running, restart it."""
    try:
        process.change("systemctl", "restart", "--no-block", hook)
    except process.CommandFailed as error:
        process.say(f"nsguard: {name}: {error}")
