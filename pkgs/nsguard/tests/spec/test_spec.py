"""The spec: exactly the known fields, each with a value of its type."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from box import PEER, peer, spec
from nsguard import paths
from nsguard.errors import BadInput
from nsguard.spec.model import Endpoint
from nsguard.spec.spec import load

TYPED = spec(configFile=None, ips=["10.66.0.2/32"], privateKeyFile="/run/key", peers=[peer()])
PUBLISHED = {"name": "web", "unit": "web.socket", "listen": ["127.0.0.1:80"], "port": 80, "from": None}
DELETE = object()


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "ETC", str(tmp_path))
    (tmp_path / "vpn").mkdir()
    return tmp_path / "vpn/spec.json"


def test_a_spec_in_full(written: Path) -> None:
    written.write_text(json.dumps(TYPED))
    found = load("vpn")
    assert (found.interface, found.userspace_interface, found.fw_mark) == ("wg0", "nsg-1a2b3c4d", "0x6e7abcde")
    assert found.userspace_unit == "nsguard-userspace-vpn.service"
    assert found.sysctls["net.ipv4.ip_forward"] == "0"
    assert found.enforce_dns is True
    assert [str(each) for each in found.tunnel.ips] == ["10.66.0.2/32"]
    (only,) = found.tunnel.peers
    assert (only.public_key, only.endpoint, only.keepalive) == (PEER, Endpoint("198.51.100.7", 51820), 0)


SERVICE = {
    "name": "sonarr",
    "unit": "nsguard-host-vpn@sonarr-1a2b3c.socket",
    "listenPort": 8989,
    "address": "127.0.0.1",
    "port": 8989,
}
LINK = {
    "interface": "vensg-1a2b3c4d",
    "inside": "host0",
    "ruleset": "/etc/nsguard/vpn/host-link.nft",
    "host": ["169.254.64.0", "fd00::1"],
    "namespace": ["169.254.64.1", "fd00::2"],
    "published": [],
}


@pytest.mark.parametrize(
    ("at", "value", "message"),
    [
        ("version", 2, "version: not 1, the only one that this nsguard reads"),
        ("version", DELETE, "version: missing"),
        ("extra", 1, "'extra': unknown field"),
        ("namespace", "other", "namespace: 'other' is not vpn"),
        ("namespace", None, "namespace: not a string"),
        ("interface", "wg0; reboot", "interface: 'wg0; reboot' is not a link name"),
        ("interface", "sixteencharacter", "interface: 'sixteencharacter' is not a link name"),
        ("userspace.unit", "a", "userspace.unit: 'a' is not a service unit's name"),
        ("userspace.unit", "--now.service x", "userspace.unit: '--now.service x' is not a service unit's name"),
        ("commandGroup", 100, "commandGroup: not a string"),
        ("published", [{"name": "web"}], "published[0].unit: missing"),
        (
            "published",
            [PUBLISHED | {"unit": "web.service"}],
            "published[0].unit: 'web.service' is not a socket unit's name",
        ),
        ("published", [PUBLISHED | {"port": 0}], "published[0].port: '0' is not a number from 1 to 65535; correct it"),
        (
            "published",
            [PUBLISHED | {"from": ["lan"]}],
            "published[0].from[0]: 'lan' is not an address range; write one like 0.0.0.0/0 or ::/0",
        ),
        (
            "hostServices",
            [SERVICE | {"unit": "a.service"}],
            "hostServices[0].unit: 'a.service' is not a socket unit's name",
        ),
        (
            "hostServices",
            [SERVICE | {"listenPort": 0}],
            "hostServices[0].listenPort: '0' is not a number from 1 to 65535; correct it",
        ),
        (
            "hostServices",
            [SERVICE | {"address": "localhost"}],
            "hostServices[0].address: 'localhost' is not an address; write one like 10.66.0.1 or fd66::1",
        ),
        ("hostLink", LINK | {"inside": "host 0"}, "hostLink.inside: 'host 0' is not a link name"),
        ("hostLink", LINK | {"host": ["169.254.64.0"]}, "hostLink.host: not one address of each family"),
        ("hostLink", LINK | {"published": [{"name": "dns"}]}, "hostLink.published[0].protocol: missing"),
        ("tunnelPorts", {"tcp": [80]}, "tunnelPorts.udp: missing"),
        ("tunnelPorts", {"tcp": ["80"], "udp": []}, "tunnelPorts.tcp[0]: not a number"),
        (
            "tunnelPorts",
            {"tcp": [{"from": 9, "to": 8}], "udp": []},
            "tunnelPorts.tcp[0]: 9-8 ends before it begins",
        ),
        ("tunnelPorts", {"tcp": [], "udp": [{"from": 9}]}, "tunnelPorts.udp[0].to: missing"),
        ("fwMark", "0x0", "fwMark: '0x0' is not a mark like 0x6e7abcde"),
        ("fwMark", 17, "fwMark: not a string"),
        ("sysctls", {"kernel.panic": "1"}, "sysctls: 'kernel.panic' is not allowed here"),
        ("sysctls", {"net../../x": "1"}, "sysctls: 'net../../x' is not allowed here"),
        ("sysctls", {"net.ipv4.ip_forward": 0}, "sysctls.net.ipv4.ip_forward: not a string"),
        ("etc", {"../passwd": ""}, "etc: '../passwd' is not allowed here"),
        ("etc", {"resolv.conf": ""}, "etc: resolv.conf is nsguard's own"),
        ("rulesets.host", "host.nft", "rulesets.host: 'host.nft' is not an absolute path"),
        ("rulesets.clients", "clients.nft", "rulesets.clients: 'clients.nft' is not an absolute path"),
        ("dns.enforce", 1, "dns.enforce: not true or false"),
        ("loopback", ["lo"], "loopback[0]: 'lo' is not an address; write one like 10.66.0.1 or fd66::1"),
        ("tunnel", [], "tunnel: not an object"),
        ("tunnel.configFile", "/a", "tunnel.ips: configFile already sets this"),
        ("tunnel.ips", [], "tunnel.ips: missing, and there is no configFile"),
        ("tunnel.ips.0", "x", "tunnel.ips[0]: 'x' is not an address; write one like 10.66.0.2/32 or fd66::2/128"),
        ("tunnel.privateKeyFile", None, "tunnel.privateKeyFile: missing, and there is no configFile"),
        ("tunnel.privateKeyFile", "key", "tunnel.privateKeyFile: 'key' is not an absolute path"),
        ("tunnel.listenPort", 65536, "tunnel.listenPort: '65536' is not a number from 0 to 65535; correct it"),
        ("tunnel.listenPort", True, "tunnel.listenPort: not a number"),
        ("tunnel.mtu", 100, "tunnel.mtu: '100' is not a number from 576 to 65535; correct it"),
        ("tunnel.dns", "10.0.0.1", "tunnel.dns: not a list"),
        ("tunnel.peers", [], "tunnel.peers: missing, and there is no configFile"),
        ("tunnel.peers", [peer(), peer()], "tunnel.peers: two peers with the same publicKey"),
        (
            "tunnel.peers.0.publicKey",
            "x",
            "tunnel.peers[0].publicKey: malformed key; copy all 44 characters of it, the last is =",
        ),
        (
            "tunnel.peers.0.endpoint",
            "x",
            "tunnel.peers[0].endpoint: 'x' is not an endpoint; write host:port or [IPv6 address]:port",
        ),
        ("tunnel.peers.0.presharedKeyFile", 1, "tunnel.peers[0].presharedKeyFile: not a string"),
        ("tunnel.peers.0.allowedIPs", None, "tunnel.peers[0].allowedIPs: not a list"),
        ("tunnel.peers.0.privateKey", "x", "tunnel.peers[0].'privateKey': unknown field"),
    ],
)
def test_refusals(written: Path, at: str, value: object, message: str) -> None:
    wrong: Any = copy.deepcopy(TYPED)
    *outer, last = (int(word) if word.isdecimal() else word for word in at.split("."))
    inner = wrong
    for word in outer:
        inner = inner[word]
    if value is DELETE:
        del inner[last]
    else:
        inner[last] = value
    written.write_text(json.dumps(wrong))
    with pytest.raises(BadInput) as refused:
        load("vpn")
    assert str(refused.value) == f"{written}: {message}; regenerate it with nixos-rebuild switch"


@pytest.mark.parametrize("text", ["", "{", "[]", "1", "[" * 100_000, '"\\ud800"', "NaN"])
def test_no_spec_at_all(written: Path, text: str) -> None:
    written.write_text(text)
    with pytest.raises(BadInput) as refused:
        load("vpn")
    assert str(refused.value).startswith(f"{written}: ")
    assert "\n" not in str(refused.value)
