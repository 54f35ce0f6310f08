"""Every attack has a description, and the registry finds it by its file alone."""

from __future__ import annotations

import ast
import os
import pwd
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from nsguard_harness import attacks
from nsguard_harness.addresses import LAB
from nsguard_harness.attack import OUTSIDE, Attack, CannotApplyError, Env, Lacking
from nsguard_harness.attacks import _packets, _processes, _tools
from nsguard_harness.attacks.lan import READ_RESOLVERS
from nsguard_harness.attacks.ownership import Tracing
from nsguard_harness.attacks.resolvers import LocalName
from nsguard_harness.description import describe

REGISTRY = attacks.registry()
DIRECTORY = Path(attacks.__file__).parent


@pytest.mark.parametrize("name", REGISTRY)
def test_an_attack_describes_itself(name: str) -> None:
    description = describe(REGISTRY[name])
    assert description.claim.endswith(".")
    assert not re.search(r"\b(TODO|FIXME)\b", str(description))


@pytest.mark.parametrize("name", REGISTRY)
def test_an_attack_says_where_it_makes_sense(name: str) -> None:
    attack = REGISTRY[name]
    assert re.fullmatch(r"[a-z][a-z0-9-]*", name)
    assert attack.families in ((4, 6), (4,), (6,), (0,))
    assert set(attack.identities) <= {"root", "user"} or attack.identities == (OUTSIDE,)
    assert attack.identities
    assert attack.evidence in ("wire", "answer")


def test_every_module_holds_an_attack() -> None:
    modules = {path.stem for path in DIRECTORY.glob("*.py") if not path.stem.startswith("_")}
    assert {attack.__module__.rpartition(".")[2] for attack in REGISTRY.values()} == modules


def test_the_first_set_is_there() -> None:
    assert len(REGISTRY) >= 33
    assert sum(len(a.families) * len(a.identities) for a in REGISTRY.values()) >= 100


def test_a_name_used_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from nsguard_harness.attacks import transport

    monkeypatch.setattr(transport.TcpLan, "name", transport.UdpLan.name)
    attacks.registry.cache_clear()
    try:
        with pytest.raises(ValueError, match="two attacks are named udp-lan"):
            attacks.registry()
    finally:
        attacks.registry.cache_clear()


@pytest.mark.parametrize("missing", ["Claim", "Method", "Limitations", "Source"])
def test_a_description_with_a_part_missing_is_refused(missing: str) -> None:
    class Silent(attacks.find("udp-lan")):  # type: ignore[misc]
        pass

    whole = attacks.find("udp-lan").__doc__ or ""
    Silent.__doc__ = whole.replace(f"{missing}:", "Then:")
    with pytest.raises(ValueError, match="its docstring has no"):
        describe(Silent)


@pytest.mark.parametrize(
    "path",
    [*DIRECTORY.glob("*.py"), DIRECTORY.parent / "attack.py", DIRECTORY.parent / "target.py"],
    ids=lambda path: path.stem,
)
def test_attacks_need_the_standard_library_alone(path: Path) -> None:
    """Attacks run on the machine's own Python. Imports for the type checker alone do not count."""
    tree = ast.parse(path.read_text())
    checking = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    skipped = {inner for node in checking for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Import):
            assert {alias.name.partition(".")[0] for alias in node.names} <= sys.stdlib_module_names
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert (node.module or "").partition(".")[0] in sys.stdlib_module_names
        if isinstance(node, ast.ImportFrom) and node.level == 2:
            assert node.module in ("attack", "addresses", "target")


@pytest.mark.parametrize(("source", "destination"), [("198.51.100.2", "198.51.100.1"), ("fd00::2", "fd00::1")])
def test_a_packet_by_hand_is_in_order(source: str, destination: str) -> None:
    """Scapy computes the same checksums and lengths."""
    from scapy.layers.inet import ICMP, IP, TCP, UDP
    from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6
    from scapy.packet import Raw

    layer = IP(src=source, dst=destination) if ":" not in source else IPv6(src=source, dst=destination)
    echo = ICMP(id=0x6E67, seq=1) if ":" not in source else ICMPv6EchoRequest(id=0x6E67, seq=1, data=b"token")
    segment = TCP(sport=1, dport=2, flags="SA", seq=0x6E670001, ack=0x6E670002, window=64240)
    made = {
        _packets.udp(source, destination, (1, 2), b"token"): layer / UDP(sport=1, dport=2) / Raw(b"token"),
        _packets.tcp(source, destination, (1, 2), _packets.SYN_ACK): layer / segment,
        _packets.echo(source, destination, b"token"): layer / echo / (b"token" if ":" not in source else b""),
    }
    for own, theirs in made.items():
        assert own == bytes(theirs)


def test_neighbours_by_hand_are_in_order() -> None:
    from scapy.layers.inet6 import (
        ICMPv6ND_NS,
        ICMPv6ND_RA,
        ICMPv6NDOptPrefixInfo,
        ICMPv6NDOptRDNSS,
        ICMPv6NDOptRouteInfo,
        ICMPv6NDOptSrcLLAddr,
        IPv6,
    )
    from scapy.layers.l2 import ARP, Ether

    mac, own, target = "02:53:00:00:00:01", "fe80::1", "fd66::2"
    arp = ARP(op=1, hwsrc=mac, psrc="198.51.100.1", hwdst="00:00:00:00:00:00", pdst="10.66.0.2")
    assert _packets.who_has(mac, "198.51.100.1", "10.66.0.2") == bytes(Ether(src=mac, dst=_packets.BROADCAST) / arp)
    ask = IPv6(src=own, dst="ff02::1:ff00:2", hlim=255) / ICMPv6ND_NS(tgt=target) / ICMPv6NDOptSrcLLAddr(lladdr=mac)
    assert _packets.who_has(mac, own, target) == bytes(Ether(src=mac, dst="33:33:ff:00:00:02") / ask)
    prefix = "2001:db8:6e67:1::"
    tell = (
        IPv6(src=own, dst="ff02::1", hlim=255)
        / ICMPv6ND_RA(chlim=64, prf=0, routerlifetime=0)
        / ICMPv6NDOptPrefixInfo(prefix=prefix, prefixlen=64, L=1, A=0, R=0, validlifetime=60, preferredlifetime=60)
        / ICMPv6NDOptRouteInfo(plen=64, prefix=prefix, rtlifetime=60, len=3)
        / ICMPv6NDOptRDNSS(dns=[f"{prefix}53"], lifetime=60)
    )
    made = bytes(Ether(src=mac, dst="33:33:00:00:00:01") / tell)
    assert _packets.advertisement(mac, own, prefix, f"{prefix}53") == made


@pytest.mark.parametrize(("source", "destination"), [("198.51.100.2", "198.51.100.1"), ("fd00::2", "fd00::1")])
def test_a_packet_for_the_uplink_is_in_order(source: str, destination: str) -> None:
    """Scapy computes the same checksums and lengths."""
    from scapy.layers.inet import IP, UDP
    from scapy.layers.inet6 import IPv6
    from scapy.packet import Raw

    made = _tools.udp_packet(source, destination, 7, b"token")
    layer = IPv6(src=source, dst=destination) if ":" in source else IP(src=source, dst=destination)
    assert made == bytes(layer / UDP(sport=_tools.UPLINK_PORT, dport=7) / Raw(b"token"))


@pytest.mark.parametrize(("family", "record"), [(4, 1), (6, 28)])
def test_a_question_by_hand_is_in_order(family: int, record: int) -> None:
    from scapy.layers.dns import DNS

    question = DNS(_tools.question("token.leak.test", family)).qd[0]
    assert (question.qname, question.qtype, question.qclass) == (b"token.leak.test.", record, 1)


def test_the_base_class_is_no_attack() -> None:
    assert Attack not in REGISTRY.values()


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([], []),
        (["www-data"], ["www-data"]),
        (["www-data", "nsguard-attacker"], ["nsguard-attacker"]),
    ],
)
def test_the_ordinary_user_is_the_one_that_the_machine_has(
    monkeypatch: pytest.MonkeyPatch, there: list[str], expected: list[str]
) -> None:
    def getpwnam(name: str) -> pwd.struct_passwd:
        if name not in [*there, "root"]:
            raise KeyError(name)
        return pwd.struct_passwd((name, "x", 1, 1, "", "/", "/bin/sh"))

    monkeypatch.setattr(pwd, "getpwnam", getpwnam)
    assert [account.pw_name for account in _processes.accounts()] == ["root", *expected]


@pytest.mark.parametrize(
    "name", ["resolved-varlink", "resolved-dbus", "dns-stub", "resolvectl", "varlink-resolver-monitor"]
)
def test_without_resolved_on_the_machine_a_control_cannot_apply(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setattr(_tools, "RESOLVED_VARLINK", str(tmp_path / "absent"))
    attack = attacks.registry()[name]()
    with pytest.raises(CannotApplyError, match="does not run systemd-resolved") as raised:
        attack.run(Env("ng000000", 4, parameters={"control": True}, addresses=LAB))
    assert raised.value.lacking is Lacking.MACHINE


def test_a_confined_attacker_tries_though_it_sees_no_resolved(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only resolved's socket is hidden from a confined attacker: other ways to resolved may be open."""
    monkeypatch.setattr(_tools, "RESOLVED_VARLINK", str(tmp_path / "absent"))
    _tools.control_needs_resolved(Env("ng000000", 4, parameters={"control": False}, addresses=LAB))


def not_known(*_: object) -> list[object]:
    raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


def test_a_name_that_resolved_keeps_to_itself_has_no_control(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(_tools, "RESOLVED_VARLINK", str(tmp_path))
    monkeypatch.setattr(socket, "getaddrinfo", not_known)
    with pytest.raises(CannotApplyError, match="resolved asks no server for a name") as raised:
        LocalName().run(Env("ng000000", 4))
    assert raised.value.lacking is Lacking.MACHINE


def test_a_name_that_is_not_found_without_resolved_is_a_failure(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(_tools, "RESOLVED_VARLINK", str(tmp_path / "absent"))
    monkeypatch.setattr(socket, "getaddrinfo", not_known)
    with pytest.raises(socket.gaierror):
        LocalName().run(Env("ng000000", 4))


OWN_KERNEL = Env("ng000000", parameters={"own_kernel": True})


def test_the_tracer_is_looked_for_in_both_of_its_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Some machines mount tracefs by itself, some only within debugfs, and on some a service sees neither."""
    first, second = tmp_path / "tracing", tmp_path / "debug"
    monkeypatch.setattr(Tracing, "files", (str(first), str(second)))
    with pytest.raises(CannotApplyError, match=f"the machine has no {first}") as raised:
        Tracing().run(OWN_KERNEL)
    assert raised.value.lacking is Lacking.MACHINE
    first.mkdir()  # a directory, because root could open a file whose mode forbids it
    refused = Tracing().run(OWN_KERNEL)
    assert (refused.reached, refused.said) == (False, f"{first}: Is a directory")
    second.write_text("")
    reached = Tracing().run(OWN_KERNEL)
    assert (reached.reached, reached.said) == (True, f"{second} took what was written")


def test_a_control_that_replaces_a_file_in_a_read_only_etc_cannot_apply(monkeypatch: pytest.MonkeyPatch) -> None:
    class State:
        f_flag = os.ST_RDONLY

    monkeypatch.setattr(os, "statvfs", lambda path: State() if path == "/etc" else None)
    with pytest.raises(CannotApplyError, match="its /etc is read-only") as raised:
        _tools.control_replaces_etc(Env("ng000000", 4, parameters={"control": True}, addresses=LAB))
    assert raised.value.lacking is Lacking.MACHINE
    # a confined service's own /etc is always read-only, and shows nothing
    _tools.control_replaces_etc(Env("ng000000", 4, parameters={"control": False}, addresses=LAB))


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        ((), ""),
        (("run/nsguard/vpn/inside/resolv.conf",), "run/nsguard/vpn/inside/resolv.conf"),
        (("etc/netns/vpn/resolv.conf",), "etc/netns/vpn/resolv.conf"),
        (("run/nsguard/vpn/identity",), None),  # nsguard's own is missing: nothing can be said of it
    ],
)
def test_the_resolvers_of_a_namespace_are_read_where_its_guard_has_them(
    made: tuple[str, ...], shown: str | None, tmp_path: Path
) -> None:
    for name in made:
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(name)
    commands = [re.sub(r"(?<= )/(?=run/|etc/)", f"{tmp_path}/", command) for command in READ_RESOLVERS]
    done = [subprocess.run(["sh", "-c", command], check=False, capture_output=True, text=True) for command in commands]
    assert ("".join(it.stdout for it in done) if not any(it.returncode for it in done) else None) == shown
