"""Errors of `nsguard run` before it connects: about its arguments, and about the working directory."""

import io
import os
from pathlib import Path

import pytest

from nsguard.errors import NsguardError
from nsguard.run import client
from nsguard.run.errors import RunFailed


def refusal(*words: str) -> str:
    with pytest.raises(NsguardError) as error:
        client.main("run", list(words))
    return str(error.value)


def test_a_command_without_a_namespace_is_no_option() -> None:
    assert refusal("--", "id") == "no namespace given; write nsguard run NAMESPACE -- COMMAND"


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (PermissionError, "you may not enter the working directory"),
        (FileNotFoundError, "the working directory no longer exists"),
    ],
)
def test_a_directory_that_is_of_no_use(error: type[OSError], what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def stat(path: str, **_: object) -> os.stat_result:
        assert Path(path) == Path()
        raise error

    monkeypatch.setattr(os, "stat", stat)
    monkeypatch.setattr(client, "connect", lambda _: io.BytesIO())
    assert refusal("vpn", "--", "id") == f"{what}; change to another one"


def test_a_refusal_by_the_namespace_comes_before_the_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: str) -> None:
        raise RunFailed("vpn: the namespace denies you permission")

    def stat(*_: object, **__: object) -> os.stat_result:
        raise PermissionError

    monkeypatch.setattr(os, "stat", stat)
    monkeypatch.setattr(client, "connect", refuse)
    assert refusal("vpn", "--", "id") == "vpn: the namespace denies you permission"
