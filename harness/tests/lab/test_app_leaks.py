"""The suite runs from an app and from an app in a sandbox; without each of an app's own protections it turns red."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from nsguard_harness import scenario
from nsguard_harness.attack import Lacking
from nsguard_harness.cli import main
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import debian_client
from nsguard_harness.lab.image import APPS, image
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Cell, Run, Suite, Verdict, cells_for
from started import STARTED

pytestmark = pytest.mark.lab

# Of the attacks that disturb the whole machine, those that meet what an app does not share with the demo's services.
DISTURBING = {"session-activation", "nscd-socket-recreated", "nscd-glibc-recreated", "resolv-conf-renamed"} | STARTED


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with ContainerLab(debian_client(image(APPS))) as lab:
        scenario.apply(lab.client, scenario.APPS)
        yield lab


def cells_of(lab: ContainerLab, app: str) -> list[Cell]:
    cells = cells_for("*", subjects(lab.client, app))
    return [cell for cell in cells if not cell.attack.alone or cell.attack.name in DISTURBING]


@pytest.fixture(scope="module")
def witnesses(lab: ContainerLab) -> list[Cell]:
    """The cells whose controls are those of both apps: the same unconfined service attacks for both."""
    return cells_of(lab, "plain")


@pytest.fixture(scope="module")
def controls(lab: ContainerLab, witnesses: list[Cell]) -> Run:
    return Suite(lab, witnesses).controls()


@pytest.mark.parametrize("app", ["plain", "boxed"])
def test_every_attack_by_an_app_is_contained_and_every_control_seen(
    lab: ContainerLab, witnesses: list[Cell], controls: Run, app: str
) -> None:
    tokens = {(cell.attack.name, cell.family, cell.subject.identity): cell.token for cell in witnesses}
    cells = [
        replace(cell, witness=tokens[cell.attack.name, cell.family, cell.subject.identity])
        for cell in cells_of(lab, app)
    ]
    report = Suite(lab, cells).run(controls)
    bad = [str(result) for result in report.results if result.verdict not in (Verdict.CONTAINED, Verdict.CANNOT)]
    # an attack may be impossible only for lack of a protocol in this kernel, or of what only other scenarios have
    unable = [result for result in report.results if result.verdict is Verdict.CANNOT]
    bad += [str(result) for result in unable if result.lacking not in (Lacking.KERNEL, Lacking.SCENARIO)]
    assert bad + [str(leak) for leak in report.confined.judgement.unowned] == []
    assert report.status == 0
    assert {cell.attack.name for cell in cells} >= DISTURBING
    assert len(report.results) > 150


def test_every_protection_of_apps_is_missed_when_removed(capsys: pytest.CaptureFixture[str]) -> None:
    names = [
        protection.name
        for protection in scenario.protections()
        if protection.name.partition(":")[0] in scenario.OF_APPS
    ]
    assert len(names) >= 7
    assert main(["mutants", "--only", *(f"{kind}:*" for kind in sorted(scenario.OF_APPS))]) == 0
    assert f"{len(names)} mutants, {len(names)} killed, 0 survived" in capsys.readouterr().out
