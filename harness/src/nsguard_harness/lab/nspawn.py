"""A machine that is a systemd-nspawn container."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ..errors import LabError
from ..machine import Bootable, Completed, Uplink, ask
from .cgroup import Cgroup, hierarchies, host_has_systemd
from .system import System

# As on a machine of its own (systemd's docs/ENVIRONMENT.md): /proc/sys/net can be written, and control groups are those
# of cgroups(7), version 2. Older ones are a mount for each controller, and each mount slows the start of each sandbox.
AS_A_MACHINE = {"SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network", "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
BOOT_SECONDS = 180.0  # fifty namespaces on a busy machine take more than a minute
STOP_SECONDS = 20.0
# systemd powers off in order when it gets it (systemd(1), SIGRTMIN+3)
POWER_OFF = signal.SIGRTMIN + 3
SPAWN_STATE = "/run/systemd/nspawn"
TUN = f"{SPAWN_STATE}/nsguard-tun"  # character device 10:200 (Documentation/networking/tuntap.rst)
# Debian's and NixOS's programs
PATH = "/run/current-system/sw/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# nothing of the lab's own environment; not by env(1), which NixOS may lack outside of its profile
# Without SHELL bash asks the machine's daemons for root's, before each command: ten seconds where they are frozen.
ENVIRONMENT = {"PATH": PATH, "HOME": "/root", "SHELL": "/bin/bash", "LANG": "C.UTF-8"}
SHELL = ("bash", "-euo", "pipefail", "-c")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\r")


class ContainerMachine(Bootable):
    """Its disk is an overlay of the image, thrown away with `work`; it stays over shutdown, crash and reboot."""

    def __init__(
        self, name: str, identity: str, system: System, namespace: Path, uplinks: Sequence[Uplink], work: Path
    ) -> None:
        """work: an empty directory of its own, on a file system that can hold an overlay's upper layer."""
        self.name = name
        self.uplinks = tuple(uplinks)
        self.console = work / "console"
        self._machine = f"nsguard-{identity}-{name}"
        self._system, self._namespace, self._work = system, namespace, work
        self._spawn: subprocess.Popen[bytes] | None = None
        self._notify: socket.socket | None = None
        self._leader: int | None = None
        self._cgroup: Cgroup | None = None
        self._ready = False
        self._left_running: list[subprocess.Popen[bytes]] = []
        for directory in ("root", "upper", "overlay"):
            (work / directory).mkdir(mode=0o755)
        self._lay_out(work / "upper")

    def _lay_out(self, upper: Path) -> None:
        if self._system.init:
            for directory in ("usr/lib/systemd/system", "usr/lib/systemd/user"):
                (upper / directory).mkdir(parents=True)
                # hides what the layer below has under this name (kernel: filesystems/overlayfs.rst)
                os.setxattr(upper / directory, "trusted.overlay.opaque", b"y")
        self._system.lay_out(upper)

    def start(self) -> None:
        self.power_on()
        self.wait_until_up()

    def power_on(self) -> None:
        """Begin to boot, without waiting: several machines boot side by side."""
        if self._spawn is not None:
            raise LabError(f"{self.name}: is already started")
        self._notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        address = self._work / "notify"
        address.unlink(missing_ok=True)
        self._notify.bind(str(address))
        self._cgroup = None if host_has_systemd() else Cgroup(self._machine)
        with self.console.open("wb") as console:
            self._spawn = subprocess.Popen(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                env={"PATH": os.environ.get("PATH", PATH), "NOTIFY_SOCKET": str(address)} | AS_A_MACHINE,
                start_new_session=True,
            )

    def _command(self) -> list[str]:
        system, work = self._system, self._work
        spawn = ["systemd-nspawn", "--quiet", "--settings=no", "--register=no", "--link-journal=no"]
        # where systemd runs the host, it gives a scope of its own; elsewhere we made a group
        spawn += ["--keep-unit"] if self._cgroup else []
        spawn += ["--notify-ready=yes", "--resolv-conf=off", "--timezone=off"]
        spawn += [f"--machine={self._machine}", f"--hostname={self.name}"]
        spawn += [f"--network-namespace-path={self._namespace}", "--capability=CAP_NET_ADMIN,CAP_SYS_ADMIN"]
        # as on a host: what the confinement denies must not be denied by the lab already
        spawn += ["--system-call-filter=@keyring pidfd_getfd"]
        spawn += [f"--kill-signal={int(POWER_OFF)}", f"--bind={TUN}:/dev/net/tun", f"--directory={work / 'root'}"]
        spawn += [f"--bind-ro={source}:{target}" for source, target in system.binds.items()]
        spawn += [system.init] if system.init else ["--boot"]
        overlay = f"lowerdir={system.image},upperdir={work / 'upper'},workdir={work / 'overlay'}"
        join = [str(path) for path in self._cgroup.files] if self._cgroup else []
        script = f'for group in {" ".join(join)}; do echo 0 >"$group"; done; ' if join else ""
        script += 'mkdir -p "$3" && mount -t tmpfs nsguard "$3" && '
        # a node of its own: another machine's systemd would change the mode of one that they share
        script += f"mknod -m 0666 {TUN} c 10 200 && "
        script += 'mount -t overlay nsguard -o "$1" "$2" && '
        # What bubblewrap mounts on its /proc must be somewhere already with nothing on it (mount_namespaces(7)); on the
        # container's own are nspawn's restrictions. Here it has something above it, so that nobody gets there.
        script += 'mkdir -p "$2/mnt" && mount -t tmpfs nsguard "$2/mnt" && mkdir "$2/mnt/proc" && '
        script += 'mount -t proc nsguard "$2/mnt/proc" && mount -t tmpfs nsguard "$2/mnt" && '
        script += 'shift 3 && exec "$@"'
        # the overlay, and what nspawn keeps for each container, are mounted where only nspawn sees them
        return [
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "sh",
            "-c",
            script,
            "sh",
            overlay,
            str(work / "root"),
            SPAWN_STATE,
            *spawn,
        ]

    def wait_until_up(self, timeout: float = BOOT_SECONDS) -> None:
        """Wait until the default target is reached; raises LabError with the console's last lines."""
        assert self._spawn is not None
        assert self._notify is not None
        deadline = time.monotonic() + timeout
        self._notify.settimeout(0.1)
        while not self._ready:
            if self._spawn.poll() is not None:
                status, console = self._spawn.returncode, self._tail()
                self._finish()
                raise LabError(f"{self.name}: did not boot, nspawn ended with {status}: {console}")
            if time.monotonic() > deadline:
                console = self._tail()
                self.crash()
                raise LabError(f"{self.name}: was not up after {timeout:g} s: {console}")
            try:
                message = self._notify.recv(4096).decode(errors="replace")
            except TimeoutError:
                continue
            for line in message.splitlines():
                if line.startswith("X_NSPAWN_LEADER_PID="):
                    self._leader = int(line.partition("=")[2])
                elif line == "READY=1":
                    self._ready = self._leader is not None
        # nobody reads it from now on, and a full queue would make nspawn, and then the machine's systemd, wait for ever
        self._notify.close()
        self._notify = None

    def _tail(self) -> str:
        text = ANSI.sub("", self.console.read_text(errors="replace")) if self.console.exists() else ""
        return " | ".join([line.strip() for line in text.splitlines() if line.strip()][-8:]) or "the console is empty"

    def freeze(self, *, frozen: bool = True) -> None:
        """Freeze every process of the machine, as before a suspend, or let all of them continue."""
        self.require_up()
        # cgroups(7): where the first process is; its systemd moved it to a group below the machine's own
        lines = Path(f"/proc/{self._leader}/cgroup").read_text().splitlines()
        group = next(line.removeprefix("0::") for line in lines if line.startswith("0::")).removesuffix("/init.scope")
        directory = hierarchies()[""] / group.lstrip("/")
        (directory / "cgroup.freeze").write_text(f"{frozen:d}")
        deadline = time.monotonic() + 10
        while f"frozen {frozen:d}" not in (directory / "cgroup.events").read_text():
            if time.monotonic() > deadline:
                raise LabError(f"{self.name}: could not be {'frozen' if frozen else 'thawed'}")
            time.sleep(0.01)

    def is_up(self) -> bool:
        return self._ready and self._spawn is not None and self._spawn.poll() is None

    def shutdown(self) -> None:
        self.require_up()
        assert self._leader is not None
        os.kill(self._leader, POWER_OFF)
        self.wait_for_shutdown(STOP_SECONDS)

    def wait_for_shutdown(self, timeout: float = 60) -> None:
        if self._spawn is None:
            return
        try:
            self._spawn.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise LabError(f"{self.name}: was still up after {timeout:g} s: {self._tail()}") from error
        self._finish()

    def crash(self) -> None:
        if self._spawn is None:
            return
        # with its first process the whole container dies (pid_namespaces(7)), and nspawn then puts things away
        with suppress(ProcessLookupError):
            os.kill(self._leader or self._spawn.pid, signal.SIGKILL)
        try:
            self._spawn.wait(5)
        except subprocess.TimeoutExpired:
            self._spawn.kill()
            self._spawn.wait()
        self._finish()

    def _finish(self) -> None:
        self._spawn, self._leader, self._ready = None, None, False
        while self._left_running:
            self._left_running.pop().wait()
        if self._notify is not None:
            self._notify.close()
            self._notify = None
        if self._cgroup is not None:
            self._cgroup.remove()
            self._cgroup = None

    def inside(self, *command: str) -> list[str]:
        """The host's command line that runs a command in the machine, as root and on the caller's terminal."""
        self.require_up()
        enter = ["nsenter", "-t", str(self._leader), "-m", "-u", "-i", "-n", "-p", "-C", "--"]
        return [*enter, *command]

    def run(self, command: str, timeout: float | None = None, stdin: bytes = b"") -> Completed:
        # `timeout` runs in there: killing nsenter out here would leave the command running
        limit = ["timeout", "-k", "1", str(timeout)] if timeout is not None else []
        full = self.inside(*limit, *SHELL, command)
        done = subprocess.run(full, input=stdin, capture_output=True, env=ENVIRONMENT)
        return Completed(done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def spawn(self, command: str) -> None:
        nowhere = subprocess.DEVNULL
        self._left_running.append(
            subprocess.Popen(
                self.inside(*SHELL, command),
                stdin=nowhere,
                stdout=nowhere,
                stderr=nowhere,
                env=ENVIRONMENT,
                start_new_session=True,
            )
        )

    def path(self, inside: str) -> Path:
        """The host's path of a file in the machine as it runs; symbolic links in it would lead to the host's files."""
        self.require_up()
        return Path(f"/proc/{self._leader}/root{inside}")

    def read(self, path: str) -> bytes:
        try:
            return self.path(path).read_bytes()
        except OSError as error:
            raise LabError(f"{self.name}: {path}: {error.strerror}") from error

    def ask(self, path: str, line: bytes, timeout: float) -> bytes:
        return ask(self.path(path), line, timeout)
