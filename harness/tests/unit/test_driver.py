"""Leak tests under the NixOS test driver: which cells are run in place of a service."""

from __future__ import annotations

from typing import Any

import pytest

from nsguard_harness import driver
from nsguard_harness.errors import LabError
from nsguard_harness.run.cells import Subject


class Client:
    """A machine with one service, which runs as the user `uid`. main: the PID of the service."""

    main = "42"

    def __init__(self, uid: int) -> None:
        self.uid = uid

    def get_unit_property(self, unit: str, prop: str) -> str:
        assert (unit, prop) == ("web.service", "MainPID")
        return self.main

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


def attacks_tried(uid: int, known: list[Subject]) -> set[str]:
    lab: Any = PretendedLab(uid)
    cells = driver._in_its_place(lab, "web", known, "*", "up")
    assert {cell.subject.identity for cell in cells} == {"web"}
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
    with pytest.raises(LabError, match=r"web: it does not run; journalctl -u web\.service shows why"):
        attacks_tried(0, known)
