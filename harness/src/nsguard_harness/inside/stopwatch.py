"""Times commands in the machine, so that reaching it is not counted.

usage: python3 -m nsguard_harness.inside.stopwatch ROUNDS START STOP [START STOP]...
Each round starts and stops every pair in turn, so that what else the machine does hits all alike.
Prints [{"up": [milliseconds, …], "down": […]}, …], one for each pair; the first round, which warms the caches, is not
counted. A command that fails ends it.
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


def main(rounds: int, commands: list[str]) -> None:
    """Time `rounds` starts and stops of each pair."""
    times: list[dict[str, list[float]]] = [{"up": [], "down": []} for _ in commands[::2]]
    for number in range(rounds + 1):
        for pair, start, stop in zip(times, commands[::2], commands[1::2], strict=True):
            up, down = milliseconds(start), milliseconds(stop)
            if number:
                pair["up"].append(up)
                pair["down"].append(down)
    print(json.dumps(times))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
