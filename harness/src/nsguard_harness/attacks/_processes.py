"""Processes and accounts of the machine, for several families of attacks."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..lab.base import Lab

# The ordinary user of the agents: a host under test has the first, the lab's own scenarios have the second.
ORDINARY_USERS = ("nsguard-attacker", "www-data")


def accounts() -> list[pwd.struct_passwd]:
    """Root's account on this machine, and that of the agents' ordinary user if there is one."""
    for name in ORDINARY_USERS:
        with suppress(KeyError):
            return [pwd.getpwnam("root"), pwd.getpwnam(name)]
    return [pwd.getpwnam("root")]


def ordinary_user(lab: Lab) -> str:
    """The name of the agents' ordinary user on the lab's client; raises CommandError if it has none."""
    entries = lab.client.succeed(f"getent passwd {' '.join(ORDINARY_USERS)} || [ $? = 2 ]")
    return entries.split(":", 1)[0]


def numbers() -> range:
    """Every process number up to the newest, the newest first (proc(5), /proc/loadavg)."""
    with open("/proc/loadavg", encoding="ascii") as load:
        return range(int(load.read().split()[-1]), 0, -1)


def elsewhere(pid: int) -> bool:
    """Whether a process is not one of this service's; a process that /proc does not show counts as one of others."""
    try:
        with (
            open(f"/proc/{pid}/cgroup", encoding="ascii") as theirs,
            open("/proc/self/cgroup", encoding="ascii") as own,
        ):
            return theirs.read() != own.read()
    except OSError:
        return True


def descriptors() -> Iterator[tuple[int, int]]:
    """The number of each process that is elsewhere and can be opened, with a descriptor of it (pidfd_open(2))."""
    for pid in filter(elsewhere, numbers()):
        try:
            process = os.pidfd_open(pid)
        except OSError:
            continue
        try:
            yield pid, process
        finally:
            os.close(process)
