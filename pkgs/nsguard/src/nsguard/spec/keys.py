"""Key files: read, and made where the options ask for it."""

import contextlib
import os

from nsguard.errors import BadInput
from nsguard.spec import values
from nsguard.spec.model import Secret
from nsguard.system import files, process


def read(path: str) -> Secret:
    """The one key in a file. Raises `BadInput`, which never shows what the file holds."""
    text = files.read(path, secret=True).strip()
    try:
        return Secret(values.key(text))
    except ValueError as error:
        raise BadInput(f"{path}:1: {error}") from None


def ensure(path: str) -> None:
    """Make a private key at `path` (mode 0600, missing parents 0700) unless something is there already.

    The file appears whole or not at all: a link of the finished one, which also never replaces another's.
    """
    if os.path.lexists(path):
        return
    process.say(f"+ wg genkey > {path}")
    made = process.ask("wg", "genkey")
    previous = os.umask(0o077)
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        fresh = f"{path}.{os.getpid()}.new"
        files.write(fresh, made, mode=0o600)
    finally:
        os.umask(previous)
    try:
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        files.remove(fresh)
