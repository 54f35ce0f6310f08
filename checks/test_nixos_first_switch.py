"""NixOS: when a switch first confines services that are running, they move into the namespace at once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from closures import NIXOS, closure, connected, needs_nixos
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.machine import Machine

pytestmark = [pytest.mark.lab, needs_nixos]
SERVICES = ("web", "reloaded", "left")
PORTS = (9000, 9001)


def networks(client: Machine) -> dict[str, str]:
    """Service → the inode of the network namespace that its process is in."""
    inodes = {}
    for name in SERVICES:
        pid = client.get_unit_property(f"{name}.service", "MainPID")
        inodes[name] = client.succeed(f"stat -Lc %i /proc/{pid}/ns/net").strip()
    return inodes


def listening(client: Machine, inside: str = "") -> set[int]:
    """The PORTS on which the host listens, or a namespace. inside: the command that enters the namespace."""
    lines = client.succeed(f"{inside} ss -Hltn | awk '{{print $4}}'").splitlines()
    return {port for port in PORTS if any(line.endswith(f":{port}") for line in lines)}


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with connected(closure(NIXOS / "first-switch.nix")) as lab:
        yield lab


def test_a_first_switch_takes_services_and_their_sockets_into_the_namespace(lab: ContainerLab) -> None:
    client = lab.client
    host, namespace = client.succeed("stat -Lc %i /proc/1/ns/net /run/netns/vpn").split()
    for name in SERVICES:
        client.wait_for_unit(f"{name}.service")
    # a client has a connection to the socket that starts a service for each connection
    client.succeed("systemd-run -q --unit=visitor sh -c 'exec 3<>/dev/tcp/127.0.0.1/9001; sleep infinity'")
    client.wait_until_succeeds("systemctl list-units --plain --no-legend 'each@*.service' | grep -q running")
    assert networks(client) == dict.fromkeys(SERVICES, host)
    assert listening(client) == set(PORTS)

    client.succeed(f"{closure(NIXOS / 'first-switched.nix')}/bin/switch-to-configuration test", timeout=60)

    for name in SERVICES:
        client.wait_for_unit(f"{name}.service")
    assert networks(client) == dict.fromkeys(SERVICES, namespace)
    assert listening(client) == set()
    assert listening(client, "ip netns exec vpn") == set(PORTS)
    # the service of the connection that was made outside has ended
    assert client.run("systemctl list-units --plain --no-legend 'each@*.service' | grep running").status == 1
