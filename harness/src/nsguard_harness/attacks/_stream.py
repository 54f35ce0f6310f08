"""A connection through the tunnel that goes on while somebody disturbs the machine."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from ..attack import Attack, Disturbance, Env, Outcome
from ..target import TUNNEL_UNIT, wait_for_tunnel
from . import _tools
from .tunnel import shoot

if TYPE_CHECKING:
    from ..lab.base import Lab

CONFIGURATION = "/etc/nsguard-lab/client.conf"  # as the demo's scenario names it
STEP = 0.1  # seconds between two lines; a gap in the guard as long as two steps is hit
PAUSE = 0.35  # seconds between the two halves of a disturbance
UNDER_WAY = 5.0  # seconds until traffic flows at the latest
HELD = 0.8  # a pause that long is no hiccup of a busy machine


class Disrupted(Attack):
    """Lines to an echo server, datagrams and questions, ten times a second, while `disrupt` happens once.

    seconds: how long the traffic goes on at least; it outlasts the disturbance.
    restore: commands of root on the client that bring back what the disturbance took.
    """

    alone = True
    prepared_control = False
    tunnelled = True
    core = False
    timeout = 120.0
    seconds: ClassVar[float] = 1.6
    restore: ClassVar[tuple[str, ...]] = ()

    def during(self, lab: Lab) -> None:
        self.disrupt(lab)

    def disrupt(self, lab: Lab) -> None:
        """The disturbance."""
        raise NotImplementedError

    def after(self, lab: Lab) -> None:
        lab.client.succeed(*self.restore)
        wait_for_tunnel(lab)

    def run(self, env: Env) -> Outcome:
        control, disturbance = env.parameters.get("control"), Disturbance(env)
        stream = Stream(env)
        stream.begin()
        for _ in disturbance.moments(0.3 if control else self.seconds, STEP):
            stream.step()
            for address in (_tools.lan(env), _tools.beyond(env)):
                with suppress(OSError):
                    shoot(env, address)
        return Outcome(stream.echoed > 0, stream.story())


class Stream:
    """A connection to the echo server beyond, made again whenever it breaks."""

    def __init__(self, env: Env) -> None:
        self._to = (_tools.beyond(env), env.addresses.echo_port)
        self._line = _tools.payload(env)
        self._connection: socket.socket | None = None
        self.connections, self.echoed, self.pause, self._heard = 0, 0, 0.0, time.monotonic()

    def begin(self) -> None:
        """Send lines until the first comes back, for `UNDER_WAY` seconds at most."""
        deadline = time.monotonic() + UNDER_WAY
        while not self.echoed and time.monotonic() < deadline:
            self.step()
            time.sleep(STEP / 4)
        self.pause = 0.0

    def step(self) -> None:
        """Send a line and take what came back."""
        try:
            if self._connection is None:
                self._connection = socket.create_connection(self._to, 3 * STEP)
                self._connection.setblocking(False)
                self.connections += 1
            with suppress(BlockingIOError):
                self._connection.send(self._line)
            with suppress(BlockingIOError):
                data = self._connection.recv(65536)
                if not data:
                    raise ConnectionResetError
                self.echoed += len(data) // len(self._line)
                now = time.monotonic()
                self.pause, self._heard = max(self.pause, now - self._heard), now
        except OSError:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def story(self) -> str:
        """How the connection fared, in one sentence."""
        silent = time.monotonic() - self._heard
        if not self.echoed:
            return "nothing came back"
        many = f"{self.connections} connections" if self.connections > 1 else "one connection"
        if silent > HELD:
            return f"{many}, {self.echoed} lines came back, none in the last {silent:.1f} s"
        how = f"was held for {self.pause:.1f} s and went on" if self.pause > HELD else "went on"
        return f"{many}, {how}: {self.echoed} lines came back"


class FixedPort(Disrupted):
    """For disturbances that make the tunnel again and again: with one port, all that it sends can be told apart."""

    port: ClassVar[int] = 41820

    def before(self, lab: Lab) -> None:
        self._configure(lab, f"/^\\[Interface\\]/a ListenPort = {self.port}")

    def after(self, lab: Lab) -> None:
        self._configure(lab, "/^ListenPort = /d")

    def _configure(self, lab: Lab, edit: str) -> None:
        lab.client.succeed(f"sed -i '{edit}' {CONFIGURATION}", f"systemctl restart {TUNNEL_UNIT}")
        wait_for_tunnel(lab)
