"""What the command prints before it builds a lab, and when no lab can be built."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from nsguard_harness import attacks
from nsguard_harness.cli import main
from nsguard_harness.errors import LabError


def test_list_prints_every_claim(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in attacks.registry())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--attack", "nope*"], "--attack nope*: no attack has such a name"),
        (["run", "--attack", "nope*", "--attack", "udp-lan"], "--attack nope*: no attack has such a name"),
        (
            ["run", "--quick", "--attack", "nscd-restarted"],
            "--attack nscd-restarted: no attack of the core set has such a name",
        ),
        (["live", "vpn", "--attack", "udp-beyond", "--attack", "no"], "--attack no: no attack with such a name is fit"),
        (["run", "--json", "/nowhere/at/all.json"], "--json /nowhere/at/all.json: cannot write there"),
        (["run", "--lab", "moon"], "invalid choice"),
        (["run", "--state", "nope"], "--state nope: no state has such a name; there are up, server-silent"),
        (["live"], "the following arguments are required: NAMESPACE"),
        (["live", "vpn", "--attack", "avahi"], "--attack avahi: no attack with such a name is fit for a host in use"),
        (["live", "vpn", "--html", "/nowhere/at/all.html"], "--html /nowhere/at/all.html: cannot write there"),
        ([], "required"),
    ],
)
def test_bad_usage_is_told_before_a_lab_is_built(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nsguard_harness.cli._lab", _no_lab)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_a_lab_that_fails_is_no_leak(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nsguard_harness.cli._lab", _broken_lab)
    assert main(["run"]) == 3
    assert capsys.readouterr().err == "nsguard-leaktest: wire: no bridge\n"


@pytest.mark.parametrize("command", ["run", "demo", "planted"])
def test_who_may_make_no_lab_is_told_so_before_any_image_is_looked_for(
    command: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nsguard_harness.lab.image.os.geteuid", lambda: 1000)
    monkeypatch.setattr("nsguard_harness.lab.image.cached", lambda *_: pytest.fail("an image was looked for"))
    assert main([command]) == 3
    message = "lab: namespaces, mounts and images need root; run it with sudo"
    assert capsys.readouterr().err == f"nsguard-leaktest: {message}\n"


def test_a_host_that_can_not_be_tried_is_no_leak(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nsguard_harness.live.host.os.geteuid", lambda: 1000)
    assert main(["live", "vpn"]) == 3
    assert capsys.readouterr().err.startswith("nsguard-leaktest: live: to capture and to enter a namespace needs root")


@contextmanager
def _broken_lab(options: object) -> Iterator[None]:
    raise LabError("wire: no bridge")
    yield


@contextmanager
def _no_lab(options: object) -> Iterator[None]:
    raise AssertionError("a lab was built")
    yield
