"""Another guard beside ours: a NixOS closure that it confines, in a lab of its own that takes turns with ours.

What is timed has the same names in each such closure: `bench-confined.service`, a oneshot of `true` under User= that
the other guard confines; and `bench-namespace.service`, perhaps as an alias, which brings its namespace and tunnel up
when it is started and down when it is stopped. The tunnel's file lies at /etc/nsguard-lab/client.conf, as on ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from ..lab.container import ContainerLab
from ..lab.debian import nixos_client
from ..machine import Machine
from . import clock
from .figures import OURS, Figure
from .namespaces import DOWN, UP
from .starts import CONFINED

NAMESPACE_UNIT = "bench-namespace.service"
START, STOP = f"systemctl start {NAMESPACE_UNIT}", f"systemctl stop {NAMESPACE_UNIT}"
# What is compared, and what nsguard's ratio is to be at most; in the order of a machine's commands below.
GOALS = {"start of a confined oneshot": 1.6, "namespace and tunnel up": 0.45, "namespace and tunnel down": 0.5}
OURS_IN_TURN = (f"systemctl start {CONFINED}", UP, DOWN)
PEERS_IN_TURN = (f"systemctl start {CONFINED}", START, STOP)


def parse(words: list[str]) -> dict[str, Path]:
    """NAME=CLOSURE, each; raises ValueError for another form, or a closure that is none."""
    systems = {}
    for word in words:
        name, separator, closure = word.partition("=")
        if not (name and separator and Path(closure, "init").exists()):
            raise ValueError(f"--peer {word}: give NAME=CLOSURE, the latter the store path of a NixOS system")
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


def measure(ours: Machine, peers: Mapping[str, Machine], rounds: int) -> list[Figure]:
    """A round on each machine in turn."""
    machines = {OURS: (ours, OURS_IN_TURN), **{name: (machine, PEERS_IN_TURN) for name, machine in peers.items()}}
    rows: dict[str, list[list[clock.Times]]] = {name: [] for name in machines}
    for machine, (_, up, _) in machines.values():
        machine.succeed(up)
    for _ in range(rounds):
        for name, (machine, (start, up, down)) in machines.items():
            down_times, up_times, start_times = clock.milliseconds(machine, 1, [down, up, start])
            rows[name].append([start_times, up_times, down_times])
    return [
        clock.figure(
            what, {name: _joined([row[column] for row in rows[name]]) for name in machines}, dict.fromkeys(peers, goal)
        )
        for column, (what, goal) in enumerate(GOALS.items())
    ]


def _joined(times: list[clock.Times]) -> clock.Times:
    """The times of several runs as those of one."""
    return clock.Times([ms for it in times for ms in it.clock], [ms for it in times for ms in it.processor])
