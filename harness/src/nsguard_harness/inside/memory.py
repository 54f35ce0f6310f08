"""What the processes of units keep in memory.

usage: python3 -m nsguard_harness.inside.memory PATTERN
Prints KiB, over the processes of all units whose names match; of a page that several share, each has a part (PSS of
proc_pid_smaps(5)).
"""

import contextlib
import sys
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")


def kibibytes(pattern: str) -> int:
    """The sum of all; a process that ends meanwhile has none."""
    pids = {pid for file in GROUPS.rglob(f"{pattern}/cgroup.procs") for pid in file.read_text().split()}
    total = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            lines = Path("/proc", pid, "smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total


if __name__ == "__main__":
    print(kibibytes(sys.argv[1]))
