"""Leak tests under the NixOS test driver: which cells are run in place of a service, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nsguard_harness import driver
from nsguard_harness.errors import LabError
from nsguard_harness.run.cells import Subject


class Client:
    """A machine with one service, which runs as the user `uid` once it is started."""

    main = "42"  # its PID
    unit = "web.service"
    started = False

    def __init__(self, uid: int) -> None:
        self.uid = uid

    def execute(self, command: str, timeout: float | None = None) -> tuple[int, str]:
        if command == f"systemctl start {self.unit}":
            self.started = True
            return 0, ""
        assert command == f"journalctl --unit {self.unit} --lines 5 --output cat"
        return 0, "no such key\nFailed.\n"

    def get_unit_property(self, unit: str, prop: str) -> str:
        assert (unit, prop) == (self.unit, "MainPID")
        return self.main if self.started else "0"

    def succeed(self, command: str) -> str:
        assert command == "stat -c %u /proc/42"
        return f"{self.uid}\n"


class PretendedLab:
    pace = 1.0

    def __init__(self, uid: int) -> None:
        self.client = Client(uid)


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> list[Subject]:
    monkeypatch.setattr(driver, "_agent", lambda _lab, name: name)
    agents: Any = ("confined", "free")
    return [Subject("root", *agents), Subject("user", *agents)]


def attacks_tried(uid: int, known: list[Subject], service: str = "web") -> set[str]:
    lab: Any = PretendedLab(uid)
    cells = driver._in_its_place(lab, service, known, "*", "up")
    assert {cell.subject.identity for cell in cells} == {service}
    assert not any(cell.attack.alone for cell in cells)
    return {cell.attack.name for cell in cells}


def test_a_service_is_attacked_by_the_identity_that_it_has(known: list[Subject]) -> None:
    root, user = attacks_tried(0, known), attacks_tried(61234, known)
    # for root alone: an ordinary user cannot write there, confined or not
    assert "files-of-host" in root - user
    assert "udp-beyond" in root & user


def test_a_service_of_an_identity_without_a_control_is_an_error(known: list[Subject]) -> None:
    with pytest.raises(LabError, match="web: it runs as user, and there is no unconfined agent of that identity"):
        attacks_tried(61234, known[:1])


def test_a_service_that_does_not_run_is_an_error(known: list[Subject], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "main", "0")
    with pytest.raises(LabError, match=r"web: .* did not start .*; its journal ends with: no such key \| Failed\.$"):
        attacks_tried(0, known)


def test_a_service_that_fails_to_start_is_an_error(known: list[Subject], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "execute", lambda *_, **__: (1, "Failed.\n"))
    monkeypatch.setattr(Client, "started", True)  # between two attempts
    with pytest.raises(LabError, match="web: the service did not start"):
        attacks_tried(0, known)


def test_a_template_is_attacked_by_an_instance(known: list[Subject], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "unit", "web@leak-test.service")
    assert "udp-beyond" in attacks_tried(0, known, "web@")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"attacks": "nope*"}, r"leak-test: nope\*: no attack has such a name; `nsguard-leaktest list` shows them"),
        (
            {"attacks": "nscd-restarted"},
            "leak-test: nscd-restarted: no attack of the core set has such a name, and `quick` leaves",
        ),
        ({"states": "nope"}, "leak-test: nope: no state has such a name; there are up, server-silent"),
    ],
)
def test_globs_that_match_nothing_are_refused_before_the_machines_start(
    arguments: dict[str, str], message: str, tmp_path: Path
) -> None:
    nobody: Any = None
    globs: dict[str, Any] = dict(arguments)
    with pytest.raises(LabError, match=message):
        driver.leak_test(nobody, nobody, subjects={}, out=tmp_path, **globs)
    assert not list(tmp_path.iterdir())


def test_each_tenth_of_the_runs_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    progress = driver._printed(25)
    for _ in range(25):
        progress("udp", "confined")
    first, *tenths = capsys.readouterr().out.splitlines()
    assert first.startswith("leak-test: 25 attacks and controls")
    assert [int(line.split()[1]) for line in tenths] == [3, 5, 8, 10, 13, 15, 18, 20, 23, 25]
