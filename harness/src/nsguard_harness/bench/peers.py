"""Other guards, and earlier versions of nsguard, beside ours: NixOS closures, each in a lab that takes turns with ours.

What is timed has the same names in each such closure. Units, of which each may be an alias:

bench-confined.service   a oneshot of `true` under User=, which the other guard confines
bench-namespace.service  brings its namespace and its tunnel up when it is started, and down when it is stopped
bench-tunnel.service     if the tunnel has a unit of its own: started and stopped together with the one above

If the guard runs commands, /etc/nsguard-lab/bench-command is a command line that runs `true` confined, as an ordinary
user. The tunnel's file is /etc/nsguard-lab/client.conf, as on ours.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..errors import HarnessError
from ..lab.container import ContainerLab
from ..lab.debian import nixos_client
from ..lab.peer import CONFIGURATION
from ..machine import Machine
from . import clock
from .figures import OURS, Figure
from .namespaces import DOWN, UP
from .starts import CONFINED, RUN_TRUE

NAMESPACE_UNIT, TUNNEL_UNIT = "bench-namespace.service", "bench-tunnel.service"
COMMAND_FILE = f"{CONFIGURATION}/bench-command"
START_OF, UP_OF, DOWN_OF = "start of a confined oneshot", "namespace and tunnel up", "namespace and tunnel down"
COMMAND_OF = "a confined command"
# What nsguard's ratio to another guard is to be at most; there is no goal for commands, which others do not have.
GOALS = {START_OF: 1.6, UP_OF: 0.45, DOWN_OF: 0.5}
# Figure → the command that is timed, in the order of a round.
OURS_IN_TURN = {DOWN_OF: DOWN, UP_OF: UP, START_OF: f"systemctl start {CONFINED}", COMMAND_OF: RUN_TRUE}


def parse(words: list[str]) -> dict[str, Path]:
    """NAME=CLOSURE, each; raises ValueError for another form, a name given twice, or a closure that is none."""
    systems: dict[str, Path] = {}
    for word in words:
        name, separator, closure = word.partition("=")
        if not (name and separator and Path(closure, "init").exists()):
            raise ValueError(f"{word}: give NAME=CLOSURE, the latter the store path of a NixOS system")
        if name in systems or name == OURS:
            raise ValueError(f"{word}: another column is already named {name}; choose another name")
        systems[name] = Path(closure)
    return systems


@contextmanager
def booted(closures: Mapping[str, Path], tree: Path) -> Iterator[dict[str, Machine]]:
    """The peers' machines; tree: what lies below a closure, as for `nixos_client`."""
    with ExitStack() as stack:
        labs = {
            name: stack.enter_context(ContainerLab(client=nixos_client(closure, tree)))
            for name, closure in closures.items()
        }
        yield {name: lab.client for name, lab in labs.items()}


def measure(ours: Machine, peers: Mapping[str, Machine], rounds: int, earlier: Collection[str] = ()) -> list[Figure]:
    """A round on each machine in turn. earlier: the peers that are earlier versions of nsguard, which have no goals."""
    machines = {OURS: ours, **peers}
    commands = {OURS: OURS_IN_TURN, **{name: in_turn(name, machine) for name, machine in peers.items()}}
    times: dict[str, dict[str, list[clock.Times]]] = {figure: {} for figure in (*GOALS, COMMAND_OF)}
    for name, machine in machines.items():
        machine.succeed(commands[name][UP_OF])
    for _ in range(rounds):
        for name, machine in machines.items():
            for figure, measured in clock.in_turn(machine, 1, commands[name]).items():
                times[figure].setdefault(name, []).append(measured)
    return [
        clock.figure(figure, {name: _joined(it) for name, it in by_name.items()}, _goals(figure, by_name, earlier))
        for figure, by_name in times.items()
        if len(by_name) > 1
    ]


def in_turn(name: str, peer: Machine) -> dict[str, str]:
    """Figure → the command that is timed in a peer, in the order of a round. Raises HarnessError without its units."""
    for unit in (CONFINED, NAMESPACE_UNIT):
        if not _has(peer, unit):
            raise HarnessError(f"{name}: its closure has no {unit}; docs/performance.md says what a closure needs")
    two = _has(peer, TUNNEL_UNIT)
    units = (NAMESPACE_UNIT, TUNNEL_UNIT) if two else (NAMESPACE_UNIT,)
    commands = {
        DOWN_OF: f"systemctl stop {' '.join(reversed(units))}",
        UP_OF: f"systemctl start {' '.join(units)}",
        START_OF: f"systemctl start {CONFINED}",
    }
    code, line = peer.execute(f"cat {COMMAND_FILE}")
    return commands | ({} if code else {COMMAND_OF: line.strip()})


def _has(peer: Machine, unit: str) -> bool:
    return peer.execute(f"systemctl cat {unit}")[0] == 0


def _goals(figure: str, names: Collection[str], earlier: Collection[str]) -> dict[str, float]:
    return {name: GOALS[figure] for name in names if figure in GOALS and name not in {OURS, *earlier}}


def _joined(times: list[clock.Times]) -> clock.Times:
    """The times of several runs as those of one."""
    return clock.Times([ms for it in times for ms in it.clock], [ms for it in times for ms in it.processor])
