"""docs/ways-out.md: how exposed systemd-analyze(1) counts a service, unconfined and confined."""

from __future__ import annotations

import re

import pytest

from marks import needs_nix
from nsguard_harness import scenario
from nsguard_harness.checkout import ROOT
from nsguard_harness.lab.container import ContainerLab
from page_table import PageTable

TABLE = PageTable(
    ROOT / "docs/ways-out.md",
    "| service | unconfined | confined |\n|---|---|---|\n",
    "NSGUARD_WRITE_EXPOSURE",
)
# What the service runs as -> its line in a unit, and the confined service of the scenario.
SERVICES = {"as root": ("", "app-root"), "as a user": ("User=www-data\n", "app-user")}


def exposure(lab: ContainerLab, unit: str) -> str:
    """The exposure level of one unit: 0.0 (least) to 10.0."""
    # systemd-analyze ends with 1 if the level is above its threshold
    _, said = lab.client.execute(f"systemd-analyze security --no-pager {unit}.service")
    level = re.search(rf"Overall exposure level for {unit}\.service: ([0-9.]+)", said)
    assert level, said
    return level[1]


@pytest.mark.lab
@needs_nix
def test_the_page_has_the_exposure_that_systemd_counts() -> None:
    rows = ""
    with ContainerLab() as lab:
        scenario.apply(lab.client, scenario.DEMO)
        for name, (user, confined) in SERVICES.items():
            bare = f"bare-{confined}"
            lab.client.succeed(
                f"printf '[Service]\\n{user}ExecStart=/bin/sleep inf\\n' >/run/systemd/system/{bare}.service"
                f" && systemctl daemon-reload && systemctl start {bare}"
            )
            rows += f"| {name} | {exposure(lab, bare)} | {exposure(lab, confined)} |\n"
    TABLE.check(rows)
