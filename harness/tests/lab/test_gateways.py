"""Forwarded ports from a gateway that is not part of the harness: miniupnpd."""

from __future__ import annotations

import pytest

from awaited import until
from forwarded import FILE, FORWARD, LISTEN, open_ports, values
from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.target import wait_for_tunnel

pytestmark = pytest.mark.lab
# miniupnpd accepts an address with a prefix as its network, and takes 203.0.113.0/24 for no public network.
MINIUPNPD = f"""
ext_ifname=eth0
ext_ip={LAB.endpoint.v4}
ext_allow_private_ipv4=yes
listening_ip={LAB.tunnel_server.v4}/24
enable_pcp_pmp=yes
enable_upnp=no
uuid=00000000-0000-0000-0000-000000000000
upnp_table_name=portmap
upnp_nat_table_name=portmap
upnp_forward_chain=forwarded
upnp_nat_chain=mapped
upnp_nat_postrouting_chain=unmapped
allow 1024-65535 {LAB.tunnel_client.v4}/32 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
"""
PORTMAP = """
table inet portmap {
  chain forwarded { }
  chain mapped { }
  chain unmapped { }
  chain forward { type filter hook forward priority filter; jump forwarded; }
  chain prerouting { type nat hook prerouting priority dstnat; jump mapped; }
  chain postrouting { type nat hook postrouting priority srcnat; jump unmapped; }
}
"""


@pytest.mark.parametrize("protocol", ["nat-pmp", "pcp"])
def test_a_gateway_of_another_make(protocol: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """It maps the port, renews it, lets in clients from outside, and deletes the mapping on request."""
    path = tmp_path_factory.mktemp("miniupnpd") / "forwarding.nix"
    path.write_text(
        f"let it = import {scenario.FORWARDING}; vpn = it.namespaces.vpn; in it // {{ namespaces.vpn = vpn // {{"
        f' portForwarding = vpn.portForwarding // {{ protocol = "{protocol}"; internalPort = 6881; }}; }}; }}'
    )
    with ContainerLab() as lab:
        lab.server.write_files({"/etc/portmap.conf": MINIUPNPD, "/etc/portmap.nft": PORTMAP})
        lab.server.succeed(
            "sysctl -qw net.ipv4.ip_forward=1; nft -f /etc/portmap.nft",
            "systemd-run -q --unit=portmap miniupnpd -d -f /etc/portmap.conf",
        )
        lab.client.write_files({"/opt/nsguard-test/listen.py": LISTEN})
        scenario.apply(lab.client, path)
        wait_for_tunnel(lab)
        lab.client.wait_for_file(FILE, 30)
        assert values(lab) == {
            "NSGUARD_PORT": "6881",
            "NSGUARD_PUBLIC_PORT": "6881",
            "NSGUARD_PUBLIC_ADDRESS": LAB.endpoint.v4,
            "NSGUARD_PROTOCOLS": "tcp,udp",
        }

        # The client's host, outside the tunnel, plays a client on the internet: from its uplink to the server, then in.
        connect = f"import socket; print(socket.create_connection(('{LAB.endpoint.v4}', 6881), 2).recv(9).decode())"
        ask = f'python3 -c "{connect}"'
        lab.client.fail(ask)
        where = "-p NetworkNamespacePath=/run/netns/vpn"
        lab.client.succeed(f"systemd-run -q --unit=listener {where} python3 /opt/nsguard-test/listen.py - 6881")
        assert lab.client.wait_until_succeeds(ask, 10).strip() == "inside"
        if protocol == "nat-pmp":  # with PCP, miniupnpd grants two minutes at least
            before = asked(lab)
            until(lambda: asked(lab) >= before + 4)
            assert open_ports(lab) == {("tcp", 6881), ("udp", 6881)}
            lab.client.succeed(ask)

        assert lab.server.succeed("nft list chain inet portmap mapped").count("6881") == 4
        lab.client.succeed(f"systemctl stop {FORWARD}")
        until(lambda: "6881" not in lab.server.succeed("nft list chain inet portmap mapped"))


def asked(lab: ContainerLab) -> int:
    """How many NAT-PMP requests miniupnpd has received so far."""
    return lab.server.succeed("journalctl --sync; journalctl -o cat -u portmap").count("NAT-PMP request received")
