"""Room for the inotify instances (inotify(7)) of many machines side by side."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LIMIT = Path("/proc/sys/fs/inotify/max_user_instances")
# As modules/kernel.nix sets it for many tunnels.
INSTANCES = 4096


@contextmanager
def many_watches() -> Iterator[None]:
    """Raise the limit of root's inotify instances for the body; for root only.

    By default it is 128, for all containers together, because they share the host's kernel. A lab takes some thirty of
    them: each systemd, and each wireguard-go, one for its socket. Where the limit is reached, these do not start.
    """
    before = LIMIT.read_text()
    LIMIT.write_text(str(max(int(before), INSTANCES)))
    try:
        yield
    finally:
        LIMIT.write_text(before)
