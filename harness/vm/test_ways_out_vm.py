"""docs/ways-out.md, on a client with a kernel of its own: what a container cannot show, or shows in part."""

from __future__ import annotations

from nsguard_harness.lab.vmlab import VmLab
from ways_out import VIRTUAL, WAYS, check, measured


def test_the_page_has_what_a_virtual_machine_shows() -> None:
    with VmLab() as lab:
        check(VIRTUAL, measured(lab, [way for way in WAYS if way.own_kernel]))
