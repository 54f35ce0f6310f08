"""The cache of images and programs: where it is, and what is removed from it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nsguard_harness.lab import cache

# Prints the entry that it uses, and uses it until its input ends.
USER = """
import sys
from nsguard_harness.lab.cache import newest
print(newest("kind", sys.argv[1], lambda path: path.mkdir(), "it"), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "nsguard/kind"


def entries(kind: Path) -> set[str]:
    return {path.name for path in kind.iterdir()}


def user(name: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(Path(cache.__file__).parents[2])}
    command = [sys.executable, "-c", USER, name]
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline().endswith(f"/kind/{name}\n")
    return process


def test_the_cache_follows_xdg() -> None:
    assert cache.cache({"XDG_CACHE_HOME": "/x"}) == Path("/x/nsguard")
    assert cache.cache({"XDG_CACHE_HOME": "relative"}) == Path.home() / ".cache/nsguard"
    assert cache.cache({}) == Path.home() / ".cache/nsguard"


def test_a_new_entry_removes_those_that_no_process_uses(kind: Path) -> None:
    first = user("first")
    user("second").communicate()
    assert entries(kind) == {"first", "second"}
    (kind / "building-broken-off").mkdir()
    third = user("third")
    assert entries(kind) == {"first", "third"}
    first.communicate()
    cache.newest("kind", "fourth", lambda path: path.mkdir(), "it")
    assert entries(kind) == {"third", "fourth"}
    third.communicate()
    assert entries(kind.parent) == {"kind", "kind.lock"}


def test_an_entry_that_is_there_is_neither_made_nor_removed(kind: Path) -> None:
    user("first").communicate()
    assert user("first").communicate() == ("", "")
    assert entries(kind) == {"first"}


def test_what_cannot_be_made_removes_nothing(kind: Path) -> None:
    user("first").communicate()
    with pytest.raises(ZeroDivisionError):
        cache.newest("kind", "second", lambda path: path.mkdir(mode=1 // 0), "it")
    assert entries(kind) == {"first"}
