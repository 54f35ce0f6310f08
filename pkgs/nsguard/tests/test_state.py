"""The records in the state directory."""

import os
from typing import Any

import pytest

from nsguard.errors import NsguardError
from nsguard.state import Forwarded, State, locked
from nsguard.system import files


def test_the_file_reads_back(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nsguard.paths.RUN", str(tmp_path))
    state = State("vpn")
    for it in (Forwarded(1, 2, "203.0.113.5", ("tcp", "udp")), Forwarded(6881, 51413, None, ("udp",))):
        state.write_forwarded(it)
        assert state.forwarded() == it
    state.write_forwarded(None)
    state.write_forwarded(None)
    assert state.forwarded() is None


def test_the_lock_is_on_the_directory_that_is_there_now(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nsguard.paths.RUN", str(tmp_path))
    lock = files.lock
    removed: list[int] = []

    def locked_too_late(descriptor: int) -> bool:
        """As if the holder had removed the directory before this attempt, and another process had made it again."""
        if not removed:
            removed.append(os.fstat(descriptor).st_ino)
            os.rename(tmp_path / "vpn", tmp_path / "removed")
            os.mkdir(tmp_path / "vpn")
        return lock(descriptor)

    monkeypatch.setattr(files, "lock", locked_too_late)
    with locked("vpn", create=True) as state:
        assert state is not None
        assert os.stat(state.directory).st_ino not in removed
        with pytest.raises(NsguardError) as error, locked("vpn", timeout=0.01):
            pass
    assert str(error.value) == (
        f"{tmp_path}/vpn: another process has held the lock on it for 0.01 s; find it with: fuser -v {tmp_path}/vpn"
    )
    with locked("vpn") as state:
        assert state is None
