"""Reading files of others with a limit and strict checks; writing nsguard's own files atomically."""

from __future__ import annotations

import fcntl
import os
import stat
import time

from nsguard.errors import BadInput, NsguardError
from nsguard.system import quick_json
from nsguard.system.contexts import contextmanager, suppress
from nsguard.system.process import checkpoint, say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

# Bytes. Provider files are under 1 KiB; a spec with hundreds of peers is under 200 KiB.
LIMIT = 1 << 20
# Seconds to wait for a lock on a directory; its holders need milliseconds, and seconds while a busy machine boots.
_LOCK_TIMEOUT = 60.0
# The mode of nsguard's own directories: only root may open them, because whoever opens one may lock it (flock(2)).
OWN_MODE = 0o711


def read(path: str, *, secret: bool = False) -> str:
    """The text of a regular UTF-8 file without NUL, at most `LIMIT` bytes, without a byte order mark.

    Raises `BadInput` that names the file, the faulty line if there is one, and the remedy. With `secret`, warns if the
    mode lets the group or others read the file.
    """
    try:
        # O_NONBLOCK: opening a FIFO must not wait for a writer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise BadInput(f"{path}: {(error.strerror or str(error)).lower()}; make it a file that root can read") from None
    mode = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(mode):
        os.close(descriptor)
        raise BadInput(f"{path}: not a regular file; name a file")
    with open(descriptor, "rb") as file:
        data = file.read(LIMIT + 1)
    if len(data) > LIMIT:
        raise BadInput(f"{path}: larger than {LIMIT} bytes; name the right file")
    if (zero := data.find(b"\0")) >= 0:
        raise BadInput(f"{path}:{_line(data, zero)}: a NUL byte; save the file as plain text")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}:{_line(data, error.start)}: not UTF-8; save the file as UTF-8") from None
    if secret and mode & 0o077:
        say(f"nsguard: warning: {path}: mode {stat.S_IMODE(mode):04o} lets others read the key; chmod 0600 {path}")
    return text


def _line(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def write(path: str, text: str, *, mode: int = 0o644) -> None:
    """Replace the content of `path` by `text` in one step, if it differs; makes missing parent directories (0755)."""
    with suppress(OSError), open(path, encoding="utf-8") as file:
        if file.read() == text:
            return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    temporary = f"{path}.new"
    remove(temporary)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(temporary, path)


def read_json(path: str) -> Any:
    """What one of nsguard's own files holds, as `write_json` wrote it; None if there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            return quick_json.loads(file.read())
    except FileNotFoundError:
        return None


def write_json(path: str, data: Any) -> None:
    """Write data to one of nsguard's own files, as `write` does."""
    write(path, quick_json.dumps(data) + "\n")


def make_own(directory: str) -> None:
    """Make one of nsguard's own directories below `/run`, or give it the mode that only root may open it."""
    with suppress(FileExistsError):
        os.mkdir(directory, OWN_MODE)  # never more, or another user could open it meanwhile and keep its lock
    os.chmod(directory, OWN_MODE)


@contextmanager
def locked(directory: str, timeout: float = _LOCK_TIMEOUT) -> Iterator[None]:
    """Within the body, no other process has this lock on the directory (flock(2)).

    Raises `NsguardError` if another process holds it for `timeout` seconds, `Stopped` if a signal has come.
    """
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for _ in attempts(directory, timeout):
            if lock(descriptor):
                break
        yield
    finally:
        os.close(descriptor)


def attempts(directory: str, timeout: float) -> Iterator[None]:
    """One item for each attempt to lock the directory, until the caller has the lock; pauses between them.

    Raises `NsguardError` when `timeout` seconds have passed, `Stopped` if a signal has come.
    """
    deadline = time.monotonic() + timeout
    while True:
        yield
        checkpoint()
        if time.monotonic() > deadline:
            raise NsguardError(
                f"{directory}: another process has held the lock on it for {timeout:g} s; "
                f"find it with: fuser -v {directory}"
            )
        time.sleep(0.01)


def lock(descriptor: int) -> bool:
    """Lock an open directory until it is closed (flock(2)); False if another process has the lock."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def remove(path: str) -> None:
    """Remove a file, or a directory with its content, if it exists; symlinks are not followed."""
    try:
        if stat.S_ISDIR(os.lstat(path).st_mode):
            for name in os.listdir(path):
                remove(f"{path}/{name}")
            os.rmdir(path)
        else:
            os.unlink(path)
    except FileNotFoundError:
        pass
