"""The names of namespaces, and the message of every command for an unknown name."""

import os
import tempfile
from pathlib import Path

import pytest

from nsguard import known, paths
from nsguard.errors import BadInput, NsguardError
from nsguard.run import client
from nsguard.spec import spec
from nsguard.system import files

ANOTHER = 65534


@pytest.fixture(autouse=True)
def _machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for directory, names in {"ETC": ("vpn", "other"), "RUN": ("vpn", "left-up"), "COMMANDS": ()}.items():
        for name in (*names, ".hidden"):
            (tmp_path / directory / name).mkdir(parents=True)
        monkeypatch.setattr(paths, directory, str(tmp_path / directory))
    monkeypatch.delenv("NSGUARD_NAMESPACE", raising=False)


UNKNOWN = "vnp: no such namespace (did you mean vpn?); known: left-up, other, vpn"


def test_those_that_are_configured_or_up_are_known() -> None:
    assert known.namespaces() == {"vpn", "other", "left-up"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user_sees_those_that_are_configured_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as directory:  # pytest's own is closed to other users
        os.chmod(directory, files.OWN_MODE)
        for name, namespace in {"ETC": "vpn", "RUN": "left-up"}.items():
            os.makedirs(f"{directory}/{name}/{namespace}")
            monkeypatch.setattr(paths, name, f"{directory}/{name}")
        os.chmod(paths.RUN, files.OWN_MODE)
        assert known.namespaces() == {"vpn", "left-up"}
        os.seteuid(ANOTHER)
        try:
            seen, message = known.namespaces(), known.unknown("vnp")
        finally:
            os.seteuid(0)
        assert seen == {"vpn"}
        assert message == "vnp: no such namespace; the only one is vpn"


def test_a_misspelt_name_has_the_nearest_one() -> None:
    assert known.unknown("vnp") == UNKNOWN


def test_where_there_is_none_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "ETC", "/nowhere")
    monkeypatch.setattr(paths, "RUN", "/nowhere")
    assert known.unknown("vnp") == "vnp: no such namespace; none is defined"


def test_no_file_is_asked_for_that_a_misspelt_name_would_have() -> None:
    with pytest.raises(BadInput) as error:
        spec.load("vnp")
    assert str(error.value) == UNKNOWN
    with pytest.raises(BadInput, match=r"spec\.json: no such file"):
        spec.load("left-up")


def test_run_does_not_ask_for_users_of_a_misspelt_namespace() -> None:
    with pytest.raises(NsguardError) as error:
        client.connect("vnp")
    assert str(error.value) == UNKNOWN
    with pytest.raises(NsguardError) as error:
        client.connect("vpn")
    assert str(error.value) == "vpn: the namespace accepts no commands; set nsguard.namespaces.vpn.users"


def test_run_does_not_ask_for_users_that_are_set(tmp_path: Path) -> None:
    (tmp_path / "ETC/vpn/spec.json").write_text('{"commandGroup": "nsguard-vpn"}')
    with pytest.raises(NsguardError) as error:
        client.connect("vpn")
    assert str(error.value) == (
        "vpn: the namespace accepts no commands now, because its socket is down; "
        "as root: systemctl start nsguard-run-vpn.socket"
    )


def test_who_may_use_no_namespace_is_told_which_option_lets_them_in() -> None:
    assert known.let_in(["vpn"]) == (
        "ask an administrator to add you to nsguard.namespaces.vpn.users, then log in again"
    )
    assert known.let_in(["films", "search"]) == (
        "ask an administrator to add you to nsguard.namespaces.<name>.users of films or search, then log in again"
    )
