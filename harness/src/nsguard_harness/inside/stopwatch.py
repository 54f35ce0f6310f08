"""Times two commands in turn, in the machine, so that reaching it is not counted.

usage: python3 -m nsguard_harness.inside.stopwatch ROUNDS START STOP
Prints {"up": [milliseconds, …], "down": […]}; the first round is not counted. A command that fails ends it.
"""

import json
import shlex
import subprocess
import sys
import time


def milliseconds(command: str) -> float:
    """How long a command takes; raises CalledProcessError when it fails."""
    before = time.monotonic()
    subprocess.run(shlex.split(command), check=True)
    return 1000 * (time.monotonic() - before)


def main(rounds: int, start: str, stop: str) -> None:
    """Time `rounds` starts and stops."""
    times = [(milliseconds(start), milliseconds(stop)) for _ in range(rounds + 1)][1:]
    print(json.dumps({"up": [up for up, _ in times], "down": [down for _, down in times]}))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2], sys.argv[3])
