"""Hosts of hosts.nix on NixOS itself, with what a leak test in virtual machines replaces: networks, tunnels, disks."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from closures import NIXOS, booted, closure_of, connected, needs_nixos
from nsguard_harness import inspection
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.hops import ENTRY, Hops
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict, cells_for
from nsguard_harness.target import wait_for_tunnel

pytestmark = [pytest.mark.lab, needs_nixos]

HOST = """{{ lib, ... }}:
{{
  imports = [
    {nixos}/guarded.nix
    (import {nixos}/../hosts.nix {{ inherit lib; }}).{host}
    {{ {more} }}
  ];
  # These options belong to the leak test in virtual machines.
  options.nsguard.tests = lib.mkOption {{ type = lib.types.raw; }};
  config.nsguard = {{
    tunnels.mullvad.configFile = "/etc/nsguard-lab/client.conf";
    namespaces.vpn.tunnel = "mullvad";
    agents.confine.nsguard.namespace = "vpn";
  }};
}}"""
OUTER = 'nsguard.tunnels.outer.configFile = lib.mkForce "/etc/nsguard-lab/entry.conf";'
# A container has no partitions, so memory is the disk that stays. Two confined services keep their state on it.
KEPT = {"keeper": "/var/lib/keeper", "dynamic": "/var/lib/private/dynamic"}
PERSISTENT = f"""
fileSystems = {{
  "/" = lib.mkOverride 10 {{ device = "none"; fsType = "overlay"; }};
  "/persist" = lib.mkOverride 10 {{ device = "none"; fsType = "tmpfs"; neededForBoot = true; }};
}} // lib.genAttrs [ "{KEPT["keeper"]}" "{KEPT["dynamic"]}" ] (directory: {{
  device = "/persist${{directory}}";
  fsType = "none";
  options = [ "bind" ];
  depends = [ "/persist" ];
}});
swapDevices = lib.mkOverride 10 [ ];
users.users.keeper = {{ isSystemUser = true; group = "keeper"; }};
users.groups.keeper = {{ }};
systemd.services = lib.mapAttrs (name: user: {{
  nsguard.namespace = "vpn";
  wantedBy = [ "multi-user.target" ];
  script = "echo started >>$STATE_DIRECTORY/starts";
  serviceConfig = {{ Type = "oneshot"; RemainAfterExit = true; StateDirectory = name; }} // user;
}}) {{ keeper.User = "keeper"; dynamic.DynamicUser = true; }};
"""


# Other hosts -> what a container lacks, or must leave to the lab: its interface, eth0.
HOSTS = {
    "second-namespace": "",
    "manager-settings": "",
    "static-addresses": "networking.interfaces.eth0 = { };",
    "networkd": """
        systemd.network.networks."00-lab" = { matchConfig.Name = "eth0"; linkConfig.Unmanaged = true; };
        systemd.network.wait-online.enable = false;
    """,
}
# Packets, names by a resolver and by daemons, and the tunnel's link.
SOME = ("udp-beyond", "dns-uplink", "getaddrinfo", "resolved-dbus", "link-deleted")


@pytest.mark.parametrize("host", HOSTS)
def test_hosts(host: str) -> None:
    with connected(closure_of(HOST.format(nixos=NIXOS, host=host, more=HOSTS[host]))) as lab:
        known = subjects(lab.client)
        cells = [cell for name in SOME for cell in cells_for(name, known, "up")]
        results = Suite(lab, cells).run().results
        assert {result.verdict for result in results} == {Verdict.CONTAINED}, [str(result) for result in results]
        running = lab.client.execute("systemctl is-active --quiet systemd-networkd")[0] == 0
        assert running == (host == "networkd")


def contained(lab: ContainerLab, without: Collection[str] = ()) -> None:
    """Attack with the core set as root and as a user, and assert that nothing leaks and that most of it was tried.

    without: names of attacks that have no control on this host
    """
    known = subjects(lab.client)
    cells = [cell for cell in cells_for("*", known, quick=True) if cell.attack.name not in without]
    results = Suite(lab, cells).run().results
    bad = [str(result) for result in results if result.verdict not in (Verdict.CONTAINED, Verdict.CANNOT)]
    assert bad == []
    assert sum(result.verdict is Verdict.CONTAINED for result in results) > 200


def test_hops() -> None:
    """A tunnel whose packets go through another tunnel."""
    with booted(closure_of(HOST.format(nixos=NIXOS, host="hops", more=OUTER)), Hops) as lab:
        wait_for_tunnel(lab)
        found = {address for _, address in inspection.namespace(lab.client, "outer").addresses}
        assert f"{ENTRY.client.v4}/32" in found
        # even unconfined, no packet with the mark of the second tunnel leaves the host
        contained(lab, without=("tunnel-mark",))


def test_impermanence() -> None:
    """Directories of a disk that stays are bound to where confined services keep their state."""
    with connected(closure_of(HOST.format(nixos=NIXOS, host="impermanence", more=PERSISTENT))) as lab:
        for service, directory in KEPT.items():
            lab.client.succeed(f"systemctl restart {service}")
            assert lab.client.succeed(f"cat /persist{directory}/starts") == "started\nstarted\n"
        assert lab.client.succeed("systemctl --failed --no-legend --plain") == ""
        contained(lab)
