"""The page half-a-stack.md on NixOS: each half reaches the other at the ports that are named, and at no others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from closures import NIXOS, closure, connected, needs_nixos
from nsguard_harness.addresses import LAB
from nsguard_harness.lab.container import ContainerLab

pytestmark = [pytest.mark.lab, needs_nixos]
PORTS = {"prowlarr": 9696, "transmission": 9091, "sonarr": 8989, "radarr": 7878, "jellyfin": 8096}
INSIDE, OUTSIDE = ("prowlarr", "transmission"), ("sonarr", "radarr", "jellyfin")
NAMED = ("sonarr", "radarr")  # in hostServices
PATIENCE = 30


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with connected(closure(NIXOS / "half-a-stack.nix")) as lab:
        for name, port in PORTS.items():
            lab.client.wait_until_succeeds(f"curl -sf http://127.0.0.1:{port} | grep -qx {name}", PATIENCE)
        yield lab


def asked(lab: ContainerLab, service: str, url: str) -> str:
    """What a service gets when it requests a URL itself; empty if nobody answers it."""
    status, output = lab.client.execute(f"curl -sf http://127.0.0.1:{PORTS[service]}/ask/{url}")
    return output.strip() if status == 0 else ""


def page(name: str, at: str = "127.0.0.1") -> str:
    return f"http://{at}:{PORTS[name]}/"


def status(lab: ContainerLab) -> dict[str, dict[str, Any]]:
    output = json.loads(lab.client.execute("nsguard status vpn --json")[1])
    return {service["name"]: service for service in output["namespaces"]["vpn"]["hostServices"]}


@pytest.mark.parametrize("service", INSIDE)
def test_what_is_inside_reaches_the_named_services_of_the_host_and_no_other(lab: ContainerLab, service: str) -> None:
    for at in ("127.0.0.1", "[::1]"):
        assert [asked(lab, service, page(name, at)) for name in NAMED] == list(NAMED)
        assert asked(lab, service, page("jellyfin", at)) == ""
    assert asked(lab, service, page("sonarr", LAB.client.v4)) == ""


@pytest.mark.parametrize("service", OUTSIDE)
def test_what_is_outside_reaches_what_is_published(lab: ContainerLab, service: str) -> None:
    assert [asked(lab, service, page(name)) for name in INSIDE] == list(INSIDE)
    assert asked(lab, service, page("jellyfin")) == "jellyfin"  # which services inside cannot reach


def test_each_half_talks_to_the_world_by_its_own_way(lab: ContainerLab) -> None:
    seen = {name: asked(lab, name, f"http://{LAB.web.v4}/ip") for name in PORTS}
    tunnel, uplink = LAB.tunnel_client.v4, LAB.client.v4
    assert seen == dict.fromkeys(INSIDE, tunnel) | dict.fromkeys(OUTSIDE, uplink)


def test_status_and_doctor_name_a_service_of_the_host_that_is_gone(lab: ContainerLab) -> None:
    assert lab.client.execute("nsguard doctor vpn") == (0, "vpn: healthy\n")
    assert {name: (it["state"], it["answered"]) for name, it in status(lab).items()} == dict.fromkeys(
        NAMED, ("listening", True)
    )
    lab.client.succeed("systemctl stop sonarr")
    try:
        assert asked(lab, "prowlarr", page("sonarr")) == ""
        assert asked(lab, "prowlarr", page("radarr")) == "radarr"
        code, output = lab.client.execute("nsguard doctor vpn")
        assert (code, output) == (
            1,
            "vpn: hostservices: host service sonarr should answer at 127.0.0.1 port 8989, where nothing listens on "
            "this host; start it, or set nsguard.namespaces.vpn.hostServices.sonarr.port to the port on which it "
            "listens\n",
        )
        assert not status(lab)["sonarr"]["answered"]
    finally:
        lab.client.succeed("systemctl start sonarr")
        lab.client.wait_until_succeeds(f"curl -sf {page('sonarr')}", PATIENCE)
    assert asked(lab, "prowlarr", page("sonarr")) == "sonarr"


def test_it_works_while_the_tunnel_is_down(lab: ContainerLab) -> None:
    lab.client.succeed("systemctl stop nsguard-tunnel-vpn")
    try:
        assert asked(lab, "prowlarr", page("sonarr")) == "sonarr"
        assert asked(lab, "sonarr", page("prowlarr")) == "prowlarr"
    finally:
        lab.client.succeed("systemctl start nsguard-tunnel-vpn")
