"""Fifty namespaces side by side. Their files look like one provider's: same addresses, resolver and endpoint."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.peer import generate

pytestmark = pytest.mark.lab
NAMES = [f"vpn-{number:02}" for number in range(50)]
TUNNELS = " ".join(f"nsguard-tunnel-{name}" for name in NAMES)


def file(private: str, server: str) -> str:
    return (
        f"[Interface]\nPrivateKey = {private}\nAddress = 10.2.0.2/32, 2001:db8:b944::2/128\nDNS = 10.2.0.1\n\n"
        f"[Peer]\nPublicKey = {server}\nAllowedIPs = 0.0.0.0/0, ::/0\n"
        f"Endpoint = {LAB.endpoint.v4}:{LAB.endpoint_port}\nPersistentKeepalive = 25\n"
    )


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerLab]:
    keys = {name: generate() for name in NAMES}
    path = tmp_path_factory.mktemp("fifty")
    tunnels = {name: {"configFile": f"/etc/nsguard-lab/{name}.conf"} for name in NAMES}
    namespaces = {name: {"tunnel": name} for name in NAMES}
    (path / "it.json").write_text(json.dumps({"tunnels": tunnels, "namespaces": namespaces}))
    (path / "it.nix").write_text("builtins.fromJSON (builtins.readFile ./it.json)\n")
    with ContainerLab() as lab:
        server = lab.peer.secrets.server.public
        texts = {f"/etc/nsguard-lab/{name}.conf": file(key.private, server) for name, key in keys.items()}
        lab.client.write_files(texts, mode=0o600)
        # all have the same address, so the server routes it to none of them; it only shakes hands with each
        lab.server.succeed("wg set wg0 " + " ".join(f"peer {key.public}" for key in keys.values()))
        plan = scenario.render(Path(path / "it.nix"))
        scenario.install(lab.client, plan)
        scenario.start(lab.client, plan)
        yield lab


def test_all_are_up_and_each_is_itself(lab: ContainerLab) -> None:
    client = lab.client
    client.wait_until_succeeds("test $(nsguard status | grep -c 'handshake .* ago') = 50", 60)
    assert set(json.loads(client.succeed("nsguard status --json"))["namespaces"]) == set(NAMES)
    states = [json.loads(client.path(f"/run/nsguard/{name}/tunnel.json").read_text()) for name in NAMES]
    specs = [json.loads(client.path(f"/etc/nsguard/{name}/spec.json").read_text()) for name in NAMES]
    assert {tuple(state["addresses"]) for state in states} == {("10.2.0.2/32", "2001:db8:b944::2/128")}
    assert len({spec["fwMark"] for spec in specs}) == 50
    assert len({spec["userspace"]["interface"] for spec in specs}) == 50
    inodes = client.succeed("stat -c %i /run/netns/vpn-*").split()
    assert len(set(inodes)) == 50
    show = "for n in $(ls /run/netns); do ip netns exec $n wg show all listen-port; done; wg show all listen-port"
    ports = {line.split()[-1] for line in client.succeed(show).splitlines()}
    assert len(ports) == 50
    assert client.succeed("nft list tables") == "table inet nsguard_pins\n"
    assert client.succeed("nft list table inet nsguard_pins").count("jump counted") == 50
    links = {link["ifname"] for link in json.loads(client.succeed("ip -j link"))}
    assert links == {"lo", "eth0"}


def test_one_goes_and_the_others_stay(lab: ContainerLab) -> None:
    client = lab.client
    before = client.succeed("stat -c '%n %i' /run/netns/vpn-*; for n in $(ls /run/netns); do ip -n $n -o route; done")
    client.succeed("systemctl stop nsguard-netns-vpn-07")
    after = client.succeed("stat -c '%n %i' /run/netns/vpn-*; for n in $(ls /run/netns); do ip -n $n -o route; done")
    assert len(after.splitlines()) < len(before.splitlines())
    assert set(after.splitlines()) < set(before.splitlines())
    states = client.execute(f"systemctl is-active {TUNNELS}")[1].split()
    assert states == ["inactive" if name == "vpn-07" else "active" for name in NAMES]
    client.succeed("systemctl start nsguard-tunnel-vpn-07")
    client.wait_until_succeeds("test $(nsguard status | grep -c 'handshake .* ago') = 50", 60)


def test_all_come_back_with_the_machine(lab: ContainerLab) -> None:
    lab.client.crash()
    lab.client.start()
    lab.client.wait_until_succeeds("test $(nsguard status | grep -c 'handshake .* ago') = 50", 90)
    assert lab.client.succeed("systemctl --failed --no-legend") == ""
