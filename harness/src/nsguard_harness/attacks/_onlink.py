"""What attacks from the uplink's network share: frames to an address of the client, and a host that answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..attack import Env, FromOutside, Outcome
from . import _packets, _tools

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..lab.base import Lab

CLOSED = 40406  # a port that nobody has


class ToTunnelAddress(FromOutside):
    """Frames to the tunnel's own address, by the uplink; the exposed host has that address itself."""

    every_state = True

    def target(self, lab: Lab, family: int) -> str:
        """The address that the frames are for; empty where there is none."""
        return lab.addresses.tunnel_client.of(family)

    def probe(self, lab: Lab, env: Env) -> Outcome:
        target = _packets.packed(self.target(lab, env.family))
        answers = lab.exchange(
            lab.client, list(self.frames(lab, env)), lambda data: self.answers(env, target, data), env.patience
        )
        return Outcome(bool(answers), f"answered with {len(answers[0])} bytes" if answers else "silence")

    def answers(self, env: Env, target: bytes, data: bytes) -> bool:
        """Whether a frame is an answer."""
        return target in data or env.token.encode() in data

    def frames(self, lab: Lab, env: Env) -> Iterable[bytes]:
        """The frames to send."""
        own, target = lab.client.uplinks[0].mac, self.target(lab, env.family)
        for packet in self.packets(env, _tools.lan(env), target):
            yield _packets.frame(own, lab.server.uplinks[0].mac, packet)

    def packets(self, env: Env, source: str, target: str) -> Iterable[bytes]:
        """The packets in the frames."""
        raise NotImplementedError

    def expose(self, lab: Lab) -> None:
        # deprecated, so that the host's own packets keep their source address
        for at, more in self._exposed(lab):
            lab.client.succeed(f"ip address replace {at} dev {lab.client.uplinks[0].interface} {more}")

    def conceal(self, lab: Lab) -> None:
        for at, _ in self._exposed(lab):
            # another attack may have done it
            lab.client.execute(f"ip address del {at} dev {lab.client.uplinks[0].interface}")

    def _exposed(self, lab: Lab) -> list[tuple[str, str]]:
        targets = ((self.target(lab, 4), "/32", ""), (self.target(lab, 6), "/128", "nodad preferred_lft 0"))
        return [(f"{at}{length}", more) for at, length, more in targets if at]
