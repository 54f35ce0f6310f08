"""The records in the state directory."""

from typing import Any

import pytest

from nsguard.state import Forwarded, State


def test_the_file_reads_back(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nsguard.paths.RUN", str(tmp_path))
    state = State("vpn")
    for it in (Forwarded(1, 2, "203.0.113.5", ("tcp", "udp")), Forwarded(6881, 51413, None, ("udp",))):
        state.write_forwarded(it)
        assert state.forwarded() == it
    state.write_forwarded(None)
    state.write_forwarded(None)
    assert state.forwarded() is None
