"""The doctor's findings about units: on a machine without systemd, and units that join a confined one."""

from types import SimpleNamespace
from typing import Any

import pytest

from box import NAME, Box
from nsguard.health.doctor.units import holes
from nsguard.health.judge import Hole


def test_the_doctor_knows_what_is_down_where_there_are_no_units(box: Box) -> None:
    box.kernel_wireguard()
    done = box.nsguard("doctor")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "vpn: units: netns vpn is down; nsguard netns up vpn",
        "vpn: units: tunnel vpn is down; nsguard tunnel up vpn",
    ]
    box.nsguard("netns", "up", NAME)
    assert box.nsguard("doctor").stdout == "vpn: units: tunnel vpn is down; nsguard tunnel up vpn\n"


@pytest.mark.parametrize(
    ("joined", "own", "named"),
    [
        ("", [], []),
        ("one.service two.service", [], ["one.service", "two.service"]),
        # systemd shows both directions alike. That the unit itself names another is a hole in its text.
        ("one.service two.service", ["one.service"], ["two.service"]),
    ],
)
def test_each_unit_that_joins_a_confined_one_is_named(joined: str, own: list[str], named: list[str]) -> None:
    found = [Hole("Unit.JoinsNamespaceOf", it, "joined") for it in own]
    patient: Any = SimpleNamespace(
        facts={"reasons": {"joined": "the service would share a namespace"}},
        services=[{"Id": "app.service", "NeedDaemonReload": "no", "JoinsNamespaceOf": joined}],
        judged=lambda _: ({}, found),
    )
    findings = [it for it in holes(patient) if "joins the namespaces of app.service" in it.what]
    assert [it.what.split()[0] for it in findings] == named
    for other, finding in zip(named, findings, strict=True):
        assert not finding.note
        assert finding.remedy == (
            f"remove JoinsNamespaceOf=app.service from the file that `systemctl cat {other}` shows, then run systemctl "
            f"daemon-reload and restart app.service and {other}"
        )
