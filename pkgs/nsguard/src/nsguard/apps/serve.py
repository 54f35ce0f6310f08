"""`nsguard app serve NAME`: the starter of an app, the main process of its confined unit.

It runs as the app's user inside the confinement, and accepts launches on the socket at which systemd listens. If it
starts without a waiting launch, for example at boot or after a failure, it runs the command without arguments. It ends
when the last program ends.

If an app has a sandbox, all of its programs run in one, together with the starter: `nsguard app start NAME`.
"""

import contextlib
import ctypes
import json
import os
import selectors
import signal
import socket
import struct
import time

from nsguard import apps
from nsguard.apps import LIMIT, App, Launch, decode_launch, encode
from nsguard.errors import BadInput, NsguardError
from nsguard.system import files
from nsguard.system.unix import connect, notify

LISTENER = 3  # the first descriptor that systemd passes (sd_listen_fds(3))
LAUNCH_TIMEOUT = 5.0  # seconds for a launcher to send a launch, and for the sockets in `wait_for` to answer
PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 4, 36  # linux/prctl.h
SESSION = "nsguard-session.json"
COOKIE = "nsguard-xauthority"


def serve(name: str) -> int:
    """Enter the app's sandbox, if it has one, and do the same as `start`. Raises NsguardError."""
    app = apps.load(name)
    notify("READY=1")
    os.environ.pop("NOTIFY_SOCKET", None)
    if app.sandbox:
        try:
            os.execve(app.sandbox[0], app.sandbox, os.environ)  # noqa: S606 (there is nothing for a shell to do)
        except OSError as error:
            raise NsguardError(f"{app.sandbox[0]}: {error.strerror}") from None
    return start(name)


def start(name: str) -> int:
    """Accept launches; return the status of the program that failed last, 0 if none failed. Raises NsguardError."""
    app = apps.load(name)
    _keep_to_ourselves()
    return Starter(app, _listener()).run()


def _keep_to_ourselves() -> None:
    """Keep processes of the same user from taking our descriptors, and become the parent of orphaned processes.

    The listener and its connections are sockets of the host's network namespace (ptrace(2), access mode checking).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    for option, value in ((PR_SET_DUMPABLE, 0), (PR_SET_CHILD_SUBREAPER, 1)):
        if libc.prctl(option, value, 0, 0, 0):
            raise NsguardError(f"prctl: {os.strerror(ctypes.get_errno())}")


def _listener() -> socket.socket:
    # LISTEN_PID is this process's number outside the sandbox, so it is not compared.
    for variable in ("LISTEN_PID", "LISTEN_FDNAMES"):
        os.environ.pop(variable, None)
    if os.environ.pop("LISTEN_FDS", "") != "1":
        raise NsguardError("no socket was passed; start this through its unit")
    listener = socket.socket(fileno=LISTENER)
    os.set_inheritable(LISTENER, False)  # noqa: FBT003 (its only form)
    listener.settimeout(0)
    return listener


class _Client:
    """A connected launcher. `input`: what it has sent so far; `deadline`: monotonic time until which it may send."""

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.input = b""
        self.deadline = time.monotonic() + LAUNCH_TIMEOUT

    def tell(self, **message: str | int) -> None:
        with contextlib.suppress(OSError):  # the launcher has disconnected
            self.connection.send(encode(message), socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)

    def answer(self, **message: str | int) -> None:
        self.tell(**message)
        self.connection.close()


class Starter:
    """Accepts launches, starts programs, and waits for both."""

    def __init__(self, app: App, listener: socket.socket) -> None:
        self._app, self._listener = app, listener
        self._selector = selectors.DefaultSelector()
        self._programs: dict[int, _Client | None] = {}  # by process number
        self._speaking: list[_Client] = []
        self._status = 0
        self._stopping = False

    def run(self) -> int:
        """Serve until no process is left."""
        woken, waker = socket.socketpair()
        for end in (woken, waker):
            end.settimeout(0)
        signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGTERM):
            signal.signal(number, self._on_signal)
        self._selector.register(woken, selectors.EVENT_READ, woken)
        self._selector.register(self._listener, selectors.EVENT_READ, self._listener)
        if not self._accept():
            self._start(self._remembered(), None)
        while self._speaking or self._reap():
            deadline = min((client.deadline for client in self._speaking), default=None)
            for key, _ in self._selector.select(None if deadline is None else max(0.0, deadline - time.monotonic())):
                if key.data is woken:
                    with contextlib.suppress(BlockingIOError):
                        woken.recv(4096)
                elif key.data is self._listener:
                    self._accept()
                else:
                    self._hear(key.data)
            for client in [client for client in self._speaking if client.deadline < time.monotonic()]:
                self._refuse(client, "no launch arrived in time")
        return 0 if self._stopping else self._status

    def _on_signal(self, number: int, _frame: object) -> None:
        # systemd signals every process of the unit, and this one waits for the others
        self._stopping |= number == signal.SIGTERM

    def _reap(self) -> bool:
        """Collect the processes that have ended; returns whether any is left."""
        try:
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                self._ended(ended[0], os.waitstatus_to_exitcode(ended[1]))
        except ChildProcessError:
            return False
        return True

    def _ended(self, pid: int, code: int) -> None:
        if pid not in self._programs:
            return  # a program has left this process behind
        status = code if code >= 0 else 128 - code
        if status:
            self._status = status
        if client := self._programs.pop(pid):
            client.answer(status=status)

    def _accept(self) -> bool:
        """Accept one connection, if one is waiting; returns whether one was."""
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False
        client = _Client(connection)
        user = struct.unpack("=3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if user not in (0, os.getuid()):
            client.answer(error="only its own user can launch it")
            return True
        connection.settimeout(0)
        self._speaking.append(client)
        self._selector.register(connection, selectors.EVENT_READ, client)
        return True

    def _hear(self, client: _Client) -> None:
        try:
            more = client.connection.recv(1 << 16)
        except BlockingIOError:
            return
        except OSError:
            more = b""
        client.input += more
        if client.input.endswith(b"\n"):
            self._quiet(client)
            self._launch(client)
        elif not more or len(client.input) > LIMIT:
            self._refuse(client, "a launch is one line of JSON")

    def _quiet(self, client: _Client) -> None:
        self._selector.unregister(client.connection)
        self._speaking.remove(client)

    def _refuse(self, client: _Client, why: str) -> None:
        self._quiet(client)
        client.answer(error=why)

    def _launch(self, client: _Client) -> None:
        if self._stopping:
            client.answer(error="it is being stopped")
            return
        try:
            launch = decode_launch(client.input, self._app.environment)
            client.tell(taken=True)
            self._remember(launch)
            self._start(launch, client)
        except (ValueError, NsguardError) as error:
            client.answer(error=str(error))

    def _start(self, launch: Launch, client: _Client | None) -> None:
        """Start the program. Raises NsguardError if that fails."""
        for path in self._app.wait_for:
            wait_for(path)
        command = [*self._app.command, *launch.arguments]
        try:
            pid = os.posix_spawn(
                command[0],
                command,
                os.environ | launch.environment,
                setsigmask=(),
                setsigdef=[signal.SIGPIPE],
                setsid=True,
            )
        except OSError as error:
            raise NsguardError(f"{command[0]}: {error.strerror}") from None
        self._programs[pid] = client

    def _remember(self, launch: Launch) -> None:
        """Store the session for a start without a launch. The directory stays when systemd restarts the unit."""
        directory = os.environ["XDG_RUNTIME_DIR"]
        if launch.xauthority is not None:
            _write(f"{directory}/{COOKIE}", launch.xauthority)
            launch.environment["XAUTHORITY"] = f"{directory}/{COOKIE}"
        _write(f"{directory}/{SESSION}", json.dumps(launch.environment).encode())

    def _remembered(self) -> Launch:
        try:
            # The app may have replaced the file. `files.read` refuses a pipe, so it never waits for a writer.
            read = json.loads(files.read(f"{os.environ['XDG_RUNTIME_DIR']}/{SESSION}"))
            return Launch(
                [], {name: str(read[name]) for name in (*self._app.environment, "XAUTHORITY") if name in read}
            )
        except (BadInput, OSError, ValueError, TypeError, KeyError, RecursionError):
            return Launch([], {})


def _write(path: str, content: bytes) -> None:
    """Write a file (mode 0600) in place of whatever the app has put there. Raises NsguardError."""
    try:
        for existing in (f"{path}.new", path):
            files.remove(existing)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(f"{path}.new", flags, 0o600), "wb") as file:
            file.write(content)
        os.replace(f"{path}.new", path)
    except OSError as error:
        raise NsguardError(f"{path}: {error.strerror}; remove what is there") from None


def wait_for(path: str) -> None:
    """Wait until a socket accepts a connection. Raises NsguardError after `LAUNCH_TIMEOUT` seconds."""
    deadline = time.monotonic() + LAUNCH_TIMEOUT
    while True:
        try:
            connect(path, LAUNCH_TIMEOUT).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                raise NsguardError(f"{path}: {error.strerror or error}") from None
        time.sleep(0.01)
