"""What `live` decides: which frames count, which links lead out, where it may send, and what confines a service."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from nsguard_harness import attacks
from nsguard_harness.addresses import Pair
from nsguard_harness.attack import Attack, FromOutside
from nsguard_harness.attacks import _packets
from nsguard_harness.attacks._standins import WithStandins
from nsguard_harness.capture import COOKED, RAW, Frame, ethernet
from nsguard_harness.errors import HarnessError, LabError
from nsguard_harness.live.catalogue import CATALOGUE
from nsguard_harness.live.host import Link, Tunnel, uplinks
from nsguard_harness.live.judgement import Scene, judge_host
from nsguard_harness.live.run import Live, cells_of, chosen
from nsguard_harness.live.targets import Targets
from nsguard_harness.live.units import Service, confining, optional
from nsguard_harness.run.cells import OUTSIDER, Subject
from nsguard_harness.verdict.tokens import Tokens

TOKEN = "ngabcdex0001"
OWN, OWN6, GATEWAY, ENDPOINT, TARGET, TARGET6 = (
    *("192.168.1.2", "fd01::2", "192.168.1.1", "185.0.0.1", "192.0.2.77", "2001:db8:1:2::77"),
)
PORT = 40001
SCENE = Scene(
    {ip_address(address): TOKEN for address in (TARGET, TARGET6)},
    frozenset(map(ip_address, (OWN, OWN6))),
    frozenset({ip_address("10.66.0.2")}),
    PORT,
    frozenset({(ip_address(ENDPOINT), 51820)}),
)
MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")
DATA = b"\4\0\0\0" + bytes(60)


def frame(packet: bytes) -> bytes:
    return _packets.frame(*MACS, packet)


def seen(data: bytes) -> tuple[str, str | None]:
    """The class of a frame, and the attack that it belongs to if it is a leak."""
    judged, concerned = judge_host([Frame(1.0, data, "eth0")], SCENE, Tokens({TOKEN: "udp-beyond"}))
    (name,) = judged.classes
    assert (len(concerned) == 0) is (name == "host")
    return name, judged.leaks[0].attack if judged.leaks else None


@pytest.mark.parametrize(
    ("data", "name", "attack"),
    [
        (frame(_packets.udp(OWN, GATEWAY, (5000, 53), b"the host's own")), "host", None),
        (frame(_packets.tcp(OWN, "192.0.2.78", (5000, 80), _packets.SYN)), "host", None),
        (frame(_packets.udp(ENDPOINT, OWN, (51820, PORT + 1), DATA)), "host", None),
        (frame(_packets.udp("185.0.0.9", OWN, (51820, PORT), DATA)), "host", None),
        (frame(_packets.udp("192.168.1.3", "185.0.0.9", (PORT, 51820), DATA)), "host", None),
        (frame(_packets.udp(OWN, ENDPOINT, (PORT, 51820), DATA)), "wireguard", None),
        (frame(_packets.udp(ENDPOINT, OWN, (51820, PORT), DATA)), "wireguard", None),
        (frame(_packets.udp(OWN, ENDPOINT, (PORT, 51820), b"\1\0\0\0" + bytes(144))), "wireguard", None),
        (frame(_packets.udp(OWN, ENDPOINT, (PORT, 51820), b"\1\0\0\0" + bytes(143))), "!udp", None),
        (frame(_packets.udp(OWN, ENDPOINT, (PORT, 51820), b"plain text, long enough to be one")), "!udp", None),
        (frame(_packets.udp(OWN, "185.0.0.9", (PORT, 51820), DATA)), "!udp", None),
        (frame(_packets.udp(OWN, ENDPOINT, (PORT, 51820), DATA + TOKEN.encode())), "!udp", "udp-beyond"),
        (frame(_packets.udp(OWN, GATEWAY, (5000, 53), TOKEN.encode())), "!dns", "udp-beyond"),
        (frame(_packets.tcp(OWN, TARGET, (5000, 80), _packets.SYN)), "!http", "udp-beyond"),
        (frame(_packets.tcp(OWN6, TARGET6, (5000, 80), _packets.SYN)), "!http", "udp-beyond"),
        (_packets.who_has(MACS[1], OWN, TARGET), "!arp", "udp-beyond"),
        (_packets.who_has(MACS[1], OWN6, TARGET6), "!icmpv6 neighbour-solicitation", "udp-beyond"),
        (_packets.who_has(MACS[1], OWN, GATEWAY), "host", None),
        (frame(_packets.udp("10.66.0.2", GATEWAY, (5000, 53), b"x")), "!dns", None),
        (_packets.who_has(MACS[1], "10.66.0.2", GATEWAY), "!arp", None),
    ],
)
def test_only_what_has_to_do_with_the_namespace_counts(data: bytes, name: str, attack: str | None) -> None:
    assert seen(data) == (name, attack)


def test_links_without_ethernet_are_read_as_if_they_had_it() -> None:
    packet = _packets.udp(OWN, TARGET, (5000, 7), b"x")
    packet6 = _packets.udp(OWN6, TARGET6, (5000, 7), b"x")
    assert seen(ethernet(packet, RAW))[0] == "!udp"
    assert seen(ethernet(packet6, RAW))[0] == "!udp"
    assert seen(ethernet(bytes(14) + b"\x08\0" + packet, COOKED))[0] == "!udp"
    with pytest.raises(LabError, match="type 127"):
        ethernet(packet, 127)


def link(name: str, kind: str = "", *, up: bool = True, physical: bool = False, default: bool = False) -> Link:
    return Link(name, kind, up, name == "lo", physical, default)


def test_uplinks_are_what_leads_out() -> None:
    links = [
        link("lo"),
        link("eth0", physical=True),
        link("wlan0", physical=True, default=True),
        link("eth1", physical=True, up=False),
        link("docker0", "bridge"),
        link("veth1", "veth"),
        link("br0", "bridge", default=True),
        link("tun0", "tun"),
        link("bond0", "bond"),
    ]
    assert [link.name for link in uplinks(links)] == ["wlan0", "br0", "eth0", "tun0", "bond0"]
    with pytest.raises(HarnessError, match="no uplink"):
        uplinks(links[:1])


def test_targets_are_nobodys() -> None:
    known = ["192.168.1.0/24", "198.51.100.7/32", "203.0.113.0/24", "0.0.0.0/1", "128.0.0.0/1", "2000::/3", "fd01::/64"]
    targets = Targets(known)
    taken = [targets.take() for _ in range(254)]
    assert {ip_network(f"{pair.v4}/24", strict=False) for pair in taken} == {ip_network("192.0.2.0/24")}
    assert all(ip_address(pair.v6) in ip_network("2001:db8::/32") for pair in taken)
    assert len({pair.v4 for pair in taken}) == len({pair.v6 for pair in taken}) == 254
    with pytest.raises(HarnessError, match="no documentation address is left"):
        targets.take()
    with pytest.raises(HarnessError, match="routes into all documentation ranges"):
        Targets([*known, "192.0.0.0/8"])


def test_what_is_tried_on_a_host_in_use_is_fit_for_it() -> None:
    """No attack comes from outside or has a hook that changes the host; those with stand-ins only read."""
    known = attacks.registry()
    for name in CATALOGUE:
        attack = known[name]
        hooks = [hook for hook in ("before", "during", "after") if getattr(attack, hook) is not getattr(Attack, hook)]
        reads = issubclass(attack, WithStandins) and name in {
            *("sockets-in-sight", "proc-command", "network-state", "leases"),
        }
        assert reads or not hooks, name
        assert not issubclass(attack, FromOutside)


UNIT = """# /etc/systemd/system/app@.service
[Unit]
Description=PrivateUsers=yes
[Service]
ExecStart=/bin/app %i
ExecCondition=/usr/bin/nsguard netns verify vpn
# PrivateTmp=no
PrivateTmp=yes
TemporaryFileSystem=/run:mode=0755 \\
    /srv
LoadCredential=key:/run/secrets/key
StateDirectory=%p
RuntimeDirectory=%p
MemoryMax=1G
MemoryDenyWriteExecute=yes
Environment=SECRET=x

# /run/systemd/system/app@.service.d/more.conf
[Service]
BindPaths=/run/%p-%i -/srv/%%x
PrivateTmp=no
[Install]
WantedBy=multi-user.target
"""


def test_of_a_unit_what_confines_is_taken_and_nothing_else() -> None:
    assert confining(UNIT, "app@one.service") == (
        ("ExecCondition", "/usr/bin/nsguard netns verify vpn"),
        ("PrivateTmp", "yes"),
        ("TemporaryFileSystem", "/run:mode=0755      /srv"),
        ("MemoryDenyWriteExecute", "yes"),
        ("BindPaths", "/run/app-one -/srv/%%x"),
        ("PrivateTmp", "no"),
    )
    assert optional("BindPaths", "/run/app-one -/srv/%%x") == "-/run/app-one -/srv/%%x"
    assert optional("PrivateTmp", "no") == "no"


def test_one_service_as_root_and_one_as_a_user() -> None:
    services = [
        Service(name, user, True, (), ()) for name, user in (("a", ""), ("b", "www"), ("c", "root"), ("d", "x"))
    ]
    assert [service.unit for service in chosen(services, strict=False)] == ["a", "b"]
    with pytest.raises(HarnessError, match=r"--unit c: it runs as root, as a does"):
        chosen(services, strict=True)


def test_a_question_over_a_family_without_a_resolver_can_not_apply() -> None:
    """A provider's file may have addresses of both families and resolvers of IPv4 alone."""
    subject = Subject("root", OUTSIDER.confined, OUTSIDER.control)
    addresses = frozenset({ip_address("10.66.0.2"), ip_address("fd66::2")})
    everywhere = (ip_network("0.0.0.0/0"), ip_network("::/0"))
    tunnel = Tunnel(addresses, PORT, frozenset(), everywhere, ("10.66.0.1",))
    for enforced, reason in ((True, "the tunnel has no IPv6 resolver"), (False, "")):
        live = Live("vpn", (), replace(tunnel, enforced=enforced), (), Pair(OWN, OWN6))
        cells = {(cell.attack.name, cell.family): cell for cell in cells_of(live, [subject], "*")}
        for name in ("dns-beyond", "dns-tcp"):
            assert cells[name, 6].cannot.startswith(reason)
            assert bool(cells[name, 6].cannot) is enforced
            assert cells[name, 4].cannot == ""
        assert cells["udp-beyond", 6].cannot == ""
