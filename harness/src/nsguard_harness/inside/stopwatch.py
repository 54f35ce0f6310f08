"""Times commands in the machine, so that reaching it is not counted.

usage: python3 -m nsguard_harness.inside.stopwatch ROUNDS COMMAND…
Each round runs every command once, in the order given, so that what else the machine does hits all alike. Prints
[[milliseconds, …], …], a list for each command; the first round, which warms the caches, is not counted. A command that
fails ends it.
"""

import json
import shlex
import subprocess
import sys
import time


def milliseconds(command: str) -> float:
    """How long a command takes; raises CalledProcessError when it fails."""
    words = shlex.split(command)
    before = time.monotonic()
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    return 1000 * (time.monotonic() - before)


def main(rounds: int, commands: list[str]) -> None:
    """Time `rounds` runs of each command."""
    times = [[milliseconds(command) for command in commands] for _ in range(rounds + 1)]
    print(json.dumps([list(samples) for samples in zip(*times[1:], strict=True)]))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
