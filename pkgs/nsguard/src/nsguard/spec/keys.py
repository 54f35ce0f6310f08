"""Key files: reading them, and generating them if the options ask for it."""

import os

from nsguard.errors import BadInput
from nsguard.spec import values
from nsguard.spec.model import Secret
from nsguard.system import files, process
from nsguard.system.contexts import suppress


def read(path: str) -> Secret:
    """The key in a file that holds nothing else. Raises `BadInput`, whose text never shows the file's content."""
    text = files.read(path, secret=True).strip()
    try:
        return Secret(values.key(text))
    except ValueError as error:
        raise BadInput(f"{path}:1: {error}") from None


def ensure(path: str) -> None:
    """Generate a private key at `path` (mode 0600, missing parents 0700) unless something exists there.

    The file appears complete or not at all, also where the power fails: an empty one would never be generated anew. It
    is linked into place (link(2)), which never replaces an existing file.
    """
    if os.path.lexists(path):
        return
    process.say(f"+ wg genkey > {path}")
    key = process.ask("wg", "genkey")
    previous = os.umask(0o077)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        temporary = f"{path}.{os.getpid()}.new"
        files.write(temporary, key, mode=0o600)
    finally:
        os.umask(previous)
    try:
        _store(temporary)
        with suppress(FileExistsError):
            os.link(temporary, path)
        _store(os.path.dirname(path))
    finally:
        files.remove(temporary)


def _store(path: str) -> None:
    """Wait until a file, or the names in a directory, are on the disk (fsync(2))."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
