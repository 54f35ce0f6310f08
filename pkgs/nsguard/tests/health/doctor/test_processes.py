"""Protections that a running process lacks, by the files that it sees."""

from pathlib import Path

import pytest

from nsguard.health.doctor import processes, view


def test_each_path_of_a_protection_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tables, fixed = tmp_path / "tables", tmp_path / "fixed"
    for directory in (tables, fixed):
        directory.mkdir()
    monkeypatch.setattr(view, "enter", lambda _: None)
    monkeypatch.setattr(processes, "_is_read_only", lambda path: path == str(fixed))
    read_only = {str(fixed): "left-for-later:programs", str(tmp_path / "missing"): "profiles"}
    assert processes._seen(1, {}, read_only) == []
    assert processes._seen(1, {}, {**read_only, str(tables): "left-for-later:tables"}) == ["left-for-later"]
