"""The messages between the launcher and the starter, and the file that both read."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from nsguard import apps
from nsguard.apps import App, LaunchError, decode_launch, encode, launch
from nsguard.errors import BadInput

FILE: dict[str, Any] = {
    "version": 1,
    "name": "web",
    "socket": "/run/nsguard-apps/web",
    "command": ["/usr/bin/web"],
    "sandbox": [],
    "environment": ["DISPLAY", "WAYLAND_DISPLAY"],
    "session": "/run/nsguard-session",
    "filtered": True,
    "xauthority": True,
    "waitFor": [],
}


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(apps, "ETC", str(tmp_path))
    (tmp_path / "web.json").write_text(json.dumps(FILE))
    return tmp_path


def message(**more: Any) -> bytes:
    return encode({"arguments": [], "environment": {}, "xauthority": None} | more)


words = some.binary(max_size=20).filter(lambda data: b"\0" not in data).map(os.fsdecode)


@given(some.lists(words), some.dictionaries(some.sampled_from(["DISPLAY", "LANG"]), words), some.none() | some.binary())
def test_a_launch_arrives_as_it_was_said(
    arguments: list[str], environment: dict[str, str], cookie: bytes | None
) -> None:
    line = message(arguments=arguments, environment=environment, xauthority=None if cookie is None else cookie.hex())
    assert line.count(b"\n") == 1
    assert decode_launch(line, ["DISPLAY", "LANG"]) == (arguments, environment, cookie)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"", "Expecting value"),
        (b"[]", "malformed launch"),
        (b"{}", "malformed launch"),
        (message(arguments="x"), "is not a list"),
        (message(arguments=[1]), "is not a text"),
        (message(arguments=["a\0b"]), "a NUL byte"),
        (message(arguments=["\ud800"]), "surrogates not allowed"),
        (message(environment=[]), "malformed launch"),
        (message(environment={"LD_PRELOAD": "/x"}), "does not accept the variable 'LD_PRELOAD'"),
        (message(environment={"DISPLAY": 1}), "is not a text"),
        (message(xauthority="xyz"), "non-hexadecimal"),
        (b"[" * 100000, "RecursionError"),
    ],
)
def test_anything_else_is_no_launch(line: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        decode_launch(line, ["DISPLAY"])


@pytest.mark.usefixtures("etc")
def test_the_file_is_read() -> None:
    assert apps.load("web") == App(
        name="web",
        socket="/run/nsguard-apps/web",
        command=["/usr/bin/web"],
        sandbox=[],
        environment=["DISPLAY", "WAYLAND_DISPLAY"],
        session="/run/nsguard-session",
        filtered=True,
        xauthority=True,
        wait_for=[],
    )


@pytest.mark.parametrize("change", [{"version": 2}, {"command": "x"}, {"socket": None}, {"waitFor": [1]}])
def test_a_file_of_another_shape_is_named(etc: Path, change: dict[str, Any]) -> None:
    (etc / "web.json").write_text(json.dumps(FILE | change))
    with pytest.raises(BadInput, match=rf"^{etc}/web.json: .*; regenerate it with nixos-rebuild switch$"):
        apps.load("web")


@pytest.mark.parametrize("name", ["", "../web", "web.json", "Web", "a" * 20, "a\nb", "-a"])
@pytest.mark.usefixtures("etc")
def test_only_the_name_of_an_app_is_one(name: str) -> None:
    with pytest.raises(BadInput, match="is not the name of an app"):
        apps.load(name)


@pytest.mark.usefixtures("etc")
def test_of_the_environment_it_sends_what_the_app_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []

    def keep(request: dict[str, Any]) -> bytes:
        sent.append(request)
        return encode(request)

    def refuse(path: str) -> None:
        assert path == FILE["socket"]
        raise PermissionError

    monkeypatch.setattr(launch, "connect", refuse)
    monkeypatch.setattr(launch, "encode", keep)
    monkeypatch.setattr(os, "environ", {"WAYLAND_DISPLAY": "/run/user/1/wayland-1", "SECRET": "x", "DISPLAY": ""})
    with pytest.raises(LaunchError, match="only its own user can launch it"):
        launch.launch("web", ["a"])
    environment = {"WAYLAND_DISPLAY": "/run/nsguard-session/wayland-1"}
    assert sent == [{"arguments": ["a"], "environment": environment, "xauthority": None}]


@pytest.mark.parametrize(
    ("granted", "variables", "names"),
    [
        (["DISPLAY", "WAYLAND_DISPLAY"], {}, "WAYLAND_DISPLAY and DISPLAY are"),
        (["WAYLAND_DISPLAY"], {"DISPLAY": ":0"}, "WAYLAND_DISPLAY is"),
        (["DISPLAY", "WAYLAND_DISPLAY"], {"DISPLAY": ":0"}, ""),
        (["LANG"], {}, ""),
    ],
)
@pytest.mark.usefixtures("etc")
def test_an_app_that_gets_no_display_is_named_to_those_who_may_launch_it(
    granted: list[str],
    variables: dict[str, str],
    names: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(os, "environ", variables)
    app = apps.load("web")._replace(environment=granted, filtered=False, socket=str(tmp_path / "web.json"))
    launch._check_display(app)
    launch._check_display(app._replace(socket=str(tmp_path / "not there")))
    why = f"it gets no display, because {names} not set here; launch it in a desktop session"
    assert capsys.readouterr().err == (f"nsguard: web: {why}\n" if names else "")
