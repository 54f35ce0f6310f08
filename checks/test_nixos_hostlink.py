"""A host link on NixOS: reached through the host's firewall, without leaks, removed and restored by switches."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from closures import NIXOS, closure_of, connected, needs_nixos
from linked import FORWARDING, Target, at_uplink, check_reached, echoing, wait_for_echoes
from nsguard_harness.addresses import LAB
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict, cells_for
from nsguard_harness.target import wait_for_tunnel
from nsguard_harness.verdict.rules import ROUTER

pytestmark = [pytest.mark.lab, needs_nixos]
TRIED = ("link-*", "udp-*", "tcp-*", "tunnel-address-*", "getaddrinfo", "dns-*")
SERVICES = ("app-root.service", "app-user.service", "echo.service")
IPTABLES = "networking.nftables.enable = false; networking.firewall.filterForward = false;"
WITHOUT = "nsguard.namespaces.vpn = { hostLink.enable = lib.mkForce false; publish = lib.mkForce { }; };"
OWN = "/run/own.jsonl"  # records of connections to a port of the host itself, which the firewall keeps closed


@functools.cache
def machine(more: str = "") -> Path:
    """The machine's closure, with more settings."""
    return closure_of(f"{{ lib, ... }}: {{ imports = [ {NIXOS}/host-link.nix ]; {more} }}")


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with connected(machine()) as lab:
        lab.client.exceptions = (ROUTER,)
        yield lab


def switch(lab: ContainerLab, system: Path) -> None:
    lab.client.succeed(f"{system}/bin/switch-to-configuration test", timeout=60)


def test_it_is_tight(lab: ContainerLab) -> None:
    cells = cells_for("*", subjects(lab.client), quick=True)
    cells = [cell for cell in cells if any(fnmatchcase(cell.attack.name, pattern) for pattern in TRIED)]
    report = Suite(lab, cells).run()
    bad = [str(result) for result in report.results if result.verdict is not Verdict.CONTAINED]
    assert bad + [str(leak) for leak in report.confined.judgement.unowned] == []
    link = {"link-to-host", "link-to-lan", "link-spoofed", "link-published", "link-unpublished"}
    assert {cell.attack.name for cell in cells} >= link | {"udp-lan", "tcp-lan", "dns-uplink"}


@pytest.mark.parametrize(("firewall", "settings"), [("nftables", ""), ("firewall", IPTABLES)], ids=["nft", "iptables"])
def test_no_port_has_to_be_opened_for_it(lab: ContainerLab, firewall: str, settings: str) -> None:
    """With nftables, where the firewall drops forwarded packets as well, and with iptables."""
    own = {Target(kind, at, LAB.echo_port) for kind in ("tcp", "udp") for at in LAB.client}
    lab.peer.start("echo", OWN, lab.client)
    switch(lab, machine(settings))
    try:
        lab.client.wait_for_unit(f"{firewall}.service")
        assert echoing(lab.server, own) == set()
        check_reached(lab)
        lab.client.succeed(f"systemctl stop {firewall}")
        wait_for_echoes(lab.server, own)  # control: it was the firewall
        lab.client.succeed(f"systemctl start {firewall}")
        assert lab.client.execute("nsguard doctor vpn") == (0, "vpn: healthy\n")
    finally:
        lab.peer.stop("echo", OWN, lab.client)
        switch(lab, machine())


def test_a_switch_takes_it_away_and_brings_it_back_under_running_services(lab: ContainerLab) -> None:
    before = [lab.client.get_unit_property(unit, "MainPID") for unit in SERVICES]
    switch(lab, machine(WITHOUT))
    links = "ip -o link | grep vensg-; ip -n vpn -o link | grep host0"
    rules = "nft list tables | grep link; ip -n vpn rule | grep 1767"
    assert lab.client.execute(f"({links}; {rules}) 2>&1")[1] == ""
    assert lab.client.succeed(FORWARDING) == "0\n0\n"
    assert echoing(lab.server, at_uplink()) == set()
    switch(lab, machine())
    wait_for_tunnel(lab)
    check_reached(lab)
    assert lab.client.succeed(FORWARDING) == "1\n1\n"
    assert [lab.client.get_unit_property(unit, "MainPID") for unit in SERVICES] == before
    assert lab.client.succeed("systemctl --failed --no-legend") == ""
