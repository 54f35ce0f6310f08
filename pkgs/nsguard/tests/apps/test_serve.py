"""The session file in the app's own directory, where the app may have put anything."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from nsguard.apps import App, Launch
from nsguard.apps.serve import SESSION, Starter

APP = App(
    "web", "/x", ["/bin/true"], [], ["DISPLAY"], "/run/nsguard-session", filtered=True, xauthority=True, wait_for=[]
)
PLANTED: dict[str, Callable[[Path], object]] = {
    "pipe": os.mkfifo,
    "directory": lambda path: (path / "more").mkdir(parents=True),
    "link": lambda path: path.symlink_to("/dev/zero"),
    "deep": lambda path: path.write_text("[" * 100_000),
    "another shape": lambda path: path.write_text("7"),
}


@pytest.fixture
def starter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Starter:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    with socket.socket(socket.AF_UNIX) as listener:
        return Starter(APP, listener)


@pytest.mark.parametrize("what", PLANTED)
def test_what_the_app_plants_at_the_sessions_file_hangs_nobody(starter: Starter, tmp_path: Path, what: str) -> None:
    for name in (SESSION, f"{SESSION}.new"):
        PLANTED[what](tmp_path / name)
    assert starter._remembered() == Launch([], {})
    starter._remember(Launch([], {"DISPLAY": ":7"}))
    assert starter._remembered() == Launch([], {"DISPLAY": ":7"})
    assert [path.name for path in tmp_path.iterdir()] == [SESSION]
