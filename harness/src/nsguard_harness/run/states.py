"""The states that a tunnel can be in while attacks run: an object each, found in the list at the end.

A state is entered and left on the lab's side, under the capture: the way into it is judged as well.
"""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

from ..lab.base import Lab
from ..target import DELETE_LINK, NAMESPACE_UNIT, TUNNEL_UNIT, wait_for_tunnel


class State(ABC):
    """One state. carries: the tunnel works in it, so that what an attack sends into it must come out at its far end.

    disturbs: `disturb` is called again and again while attacks run.
    """

    name: ClassVar[str]
    carries: ClassVar[bool] = False
    disturbs: ClassVar[bool] = False

    def enter(self, lab: Lab) -> None:  # noqa: B027 (a hook)
        """Bring it about."""

    def disturb(self, lab: Lab) -> None:  # noqa: B027 (a hook)
        """Disturb once."""

    def leave(self, lab: Lab) -> None:  # noqa: B027 (a hook)
        """Undo it; called even when `enter` failed."""


class Up(State):
    """The tunnel is up and its server answers."""

    name = "up"
    carries = True


class ServerSilent(State):
    """The server has a session with the client and drops its packets without an answer."""

    name = "server-silent"

    def enter(self, lab: Lab) -> None:
        lab.peer.stop_wireguard()

    def leave(self, lab: Lab) -> None:
        lab.peer.start_wireguard()
        wait_for_tunnel(lab)


class LinkDeleted(State):
    """Somebody deleted the tunnel's link; its unit is still active."""

    name = "link-deleted"

    def enter(self, lab: Lab) -> None:
        lab.client.succeed(DELETE_LINK)

    def leave(self, lab: Lab) -> None:
        _restart(lab, TUNNEL_UNIT)


class BeforeHandshake(State):
    """The tunnel was just made and no handshake was ever answered: there is no session."""

    name = "before-handshake"

    def enter(self, lab: Lab) -> None:
        lab.peer.stop_wireguard()
        lab.client.succeed(f"systemctl restart {TUNNEL_UNIT}")

    def leave(self, lab: Lab) -> None:
        lab.peer.start_wireguard()
        _restart(lab, TUNNEL_UNIT)  # rather than wait for its next handshake


class Restarting(State):
    """The tunnel's unit is restarted over and over; services go on in the namespace."""

    name = "restarting"
    disturbs = True

    def disturb(self, lab: Lab) -> None:
        lab.client.succeed(f"systemctl restart {TUNNEL_UNIT}")

    def leave(self, lab: Lab) -> None:
        wait_for_tunnel(lab)


class Remade(State):
    """The namespace's unit was restarted: another namespace of the same name, the services restarted with it."""

    name = "remade"
    carries = True

    def enter(self, lab: Lab) -> None:
        _restart(lab, NAMESPACE_UNIT)

    def leave(self, lab: Lab) -> None:
        wait_for_tunnel(lab)


def _restart(lab: Lab, unit: str) -> None:
    lab.client.succeed(f"systemctl restart {unit}")
    wait_for_tunnel(lab)


UP = Up()
STATES: tuple[State, ...] = (UP, ServerSilent(), LinkDeleted(), BeforeHandshake(), Restarting(), Remade())
