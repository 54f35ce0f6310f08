"""The cache: files and trees that are made once, by one process, and used by all."""

from __future__ import annotations

import fcntl
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

# Entries that this process uses, and their locks, which end with it: no other process removes them until then.
_USED: dict[Path, int] = {}


def cache(environment: Mapping[str, str] = os.environ) -> Path:
    """Where it is kept, as the XDG base directory specification has it: a relative path there is ignored."""
    base = environment.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "nsguard"


def cached(name: str, build: Callable[[Path], None], what: str) -> Path:
    """A file or tree of the cache, made by `build` at the path that it is given when it is not there yet.

    Another process may be building it: then this one waits. What carries the name is whole.
    """
    target = cache() / name
    if target.exists():
        return target
    with _locked(target):
        if not target.exists():
            _make(target, build, what)
    return target


def newest(kind: str, name: str, build: Callable[[Path], None], what: str) -> Path:
    """A tree like `cached`, for kinds of which every change of a source makes another.

    Making one removes those of its kind that no running process has asked for.
    """
    folder = cache() / kind
    target = folder / name
    with _locked(folder, fcntl.LOCK_SH):
        if target.exists():
            _use(target)
            return target
    with _locked(folder):
        if not target.exists():
            folder.mkdir(exist_ok=True)
            _make(target, build, what)
            for entry in set(folder.iterdir()) - {target}:
                _remove_unused(entry)
        _use(target)
    return target


def _use(entry: Path) -> None:
    if entry not in _USED:
        _USED[entry] = os.open(entry, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(_USED[entry], fcntl.LOCK_SH)


def _make(target: Path, build: Callable[[Path], None], what: str) -> None:
    say(f"building {what}, in {target}")
    with tempfile.TemporaryDirectory(prefix="building-", dir=target.parent) as building:
        build(Path(building, "made"))
        Path(building, "made").rename(target)


def _remove_unused(entry: Path) -> None:
    lock = os.open(entry, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # under another name first: what carries an entry's name is whole
        with tempfile.TemporaryDirectory(prefix="removing-", dir=entry.parent) as removing:
            entry.rename(Path(removing, "unused"))
    except BlockingIOError:
        pass  # in use
    finally:
        os.close(lock)


@contextmanager
def _locked(path: Path, how: int = fcntl.LOCK_EX) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, how | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another process, which builds {path.name}")
            fcntl.flock(lock, how)
        yield


def say(text: str) -> None:
    """One line of progress."""
    print(f"nsguard: {text}", file=sys.stderr, flush=True)
