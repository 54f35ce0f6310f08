"""Times commands in the machine, so that reaching it is not counted.

usage: python3 -m nsguard_harness.inside.stopwatch ROUNDS COMMAND…
Each round runs every command once, in the order given, so that what else the machine does hits all alike. Prints
[[[milliseconds, …], [milliseconds of processor time, …]], …], two lists for each command; the first round, which warms
the caches, is not counted. A command that fails ends it.
"""

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

# Where cgroup2 is mounted, alone or beside the first version (systemd's cgroup-interface documentation).
CGROUPS = ("/sys/fs/cgroup", "/sys/fs/cgroup/unified")
# Seconds after a command in which the work that it has left to others is counted as its own.
PAUSE = 0.1


def measure(command: str) -> tuple[float, float]:
    """The milliseconds that a command takes, and those of processor time that all processes of the machine take.

    Raises CalledProcessError when it fails.
    """
    words = shlex.split(command)
    used, before = processor(), time.monotonic()
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    taken = time.monotonic() - before
    time.sleep(PAUSE)
    return 1000 * taken, processor() - used


def processor() -> float:
    """The milliseconds of processor time of all processes of the machine so far (cgroup-v2, `usage_usec`)."""
    for directory in CGROUPS:
        path = Path(directory, "cpu.stat")
        if path.exists():
            return int(dict(map(str.split, path.read_text().splitlines()))["usage_usec"]) / 1000
    raise SystemExit(f"no cpu.stat in {' or '.join(CGROUPS)}: this machine has no cgroup2")


def main(rounds: int, commands: list[str]) -> None:
    """Time `rounds` runs of each command."""
    runs = [[measure(command) for command in commands] for _ in range(rounds + 1)]
    print(json.dumps([list(zip(*samples, strict=True)) for samples in zip(*runs[1:], strict=True)]))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
