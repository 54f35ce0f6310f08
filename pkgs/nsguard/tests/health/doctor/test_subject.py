"""The services of a namespace: listed once for all namespaces, and asked for by name for each."""

from collections.abc import Sequence

import pytest

from nsguard.health.doctor.subject import Loaded, Patient
from nsguard.lifecycle import teardown
from nsguard.spec import spec
from nsguard.system import systemd

LOADED = {"web.service": "/run/netns/vpn", "mail.service": "/run/netns/other", "free.service": ""}


def test_namespaces_share_one_list_of_services(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def show(units: Sequence[str], properties: Sequence[str]) -> list[dict[str, str]]:
        asked.append((list(units), list(properties)))
        names = LOADED if list(units) == ["*.service"] else units
        return [{"Id": name, "NetworkNamespacePath": LOADED[name], "MainPID": "7"} for name in names]

    monkeypatch.setattr(systemd, "show", show)
    monkeypatch.setattr(spec, "load", lambda _: None)
    monkeypatch.setattr(teardown, "is_up", lambda _: True)
    loaded = Loaded()
    patients = [Patient(name, loaded) for name in ("vpn", "other", "empty")]
    for _ in range(2):
        assert [[unit["Id"] for unit in patient.services] for patient in patients] == [
            ["web.service"],
            ["mail.service"],
            [],
        ]
    own = ["MainPID", "NeedDaemonReload", "JoinsNamespaceOf"]
    assert asked == [(["*.service"], ["NetworkNamespacePath"]), (["web.service"], own), (["mail.service"], own)]
