"""The doctor's only finding if the spec cannot be read, and the checks that it skips after a finding."""

from types import SimpleNamespace

import pytest

from box import NAME, Box, spec
from nsguard.health import doctor
from nsguard.health.doctor.subject import Finding, Loaded


def test_a_spec_that_cannot_be_read_is_the_only_finding(box: Box) -> None:
    box.write_spec(spec() | {"version": 7})
    done = box.nsguard("doctor", NAME)
    what = (
        "vpn: spec: /etc/nsguard/vpn/spec.json: version: not 1, the only one that this nsguard reads; "
        "regenerate it with nixos-rebuild switch\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, what, "")
    assert box.nsguard("doctor", "nowhere").returncode == 2


UNIT = Finding("nsguard-publish-vpn@web.socket is failed", "start it")


@pytest.mark.parametrize(
    ("tunnel", "finding", "done"),
    [
        ("up", UNIT, {"units", *doctor.AFTER}),
        (None, UNIT, {"units"}),
        (None, UNIT._replace(note=True), {"units", *doctor.AFTER}),
    ],
)
def test_a_unit_of_one_port_hides_no_fault_of_the_tunnel(
    monkeypatch: pytest.MonkeyPatch, tunnel: str | None, finding: Finding, done: set[str]
) -> None:
    monkeypatch.setattr(doctor, "Patient", lambda name, _: SimpleNamespace(name=name, tunnel=tunnel))
    note = Finding("a check that was done", "nothing", note=True)
    checks = {"units": finding} | dict.fromkeys(doctor.AFTER, note)
    monkeypatch.setattr(doctor, "CHECKS", {name: lambda _, it=it: iter([it]) for name, it in checks.items()})
    assert {check for check, _ in doctor.examine("vpn", Loaded())} == done
