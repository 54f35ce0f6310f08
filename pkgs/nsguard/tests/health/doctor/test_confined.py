"""The doctor's findings about published and unpublished ports, and about the order of units."""

from types import SimpleNamespace
from typing import Any

import pytest

from box import CHECKOUT, Box
from nsguard.health.doctor.confined import _address, _foreign, _publish, ordered
from nsguard.system import systemd

PUBLISH = "nsguard.namespaces.vpn.publish"


def test_the_line_for_an_unpublished_port_takes_a_name_that_is_free() -> None:
    line = _publish("vpn", "prowlarr.service", [9696], set()).remedy
    assert line == f'to let the host reach it: {PUBLISH}.prowlarr = {{ listen = [ "127.0.0.1:9696" ]; port = 9696; }};'


def test_where_its_name_is_taken_both_ways_out_are_said() -> None:
    line = _publish("vpn", "prowlarr.service", [9696, 9697], {"prowlarr"}).remedy
    assert line == (
        f"if {PUBLISH}.prowlarr should lead there, set its port = 9696; else, to let the host reach it: "
        f'{PUBLISH}.prowlarr-9696 = {{ listen = [ "127.0.0.1:9696" ]; port = 9696; }};'
    )


@pytest.mark.parametrize(
    ("listen", "address"),
    [
        ("198.51.100.77:9696", "198.51.100.77"),
        ("[2001:db8::77]:9696", "2001:db8::77"),
        ("udp:198.51.100.77:16384-16483", "198.51.100.77"),
        ("tcp:[2001:db8::77]:53", "2001:db8::77"),
        ("/run/web.sock", ""),
    ],
)
def test_an_address_is_found_in_each_form_of_listen(listen: str, address: str) -> None:
    assert _address(listen) == address


def test_an_address_that_is_not_the_hosts_is_noted_once() -> None:
    own = ["127.0.0.1:9696", "[::1]:9696", "0.0.0.0:9696", "/run/web.sock"]
    ports = [{"name": "web", "listen": [*own, f"198.51.100.77:{port}"]} for port in (9696, 9697)]
    (note,) = _foreign("vpn", ports)
    assert note.note
    assert note.what == "published port web listens at 198.51.100.77, which no link of this host has"
    assert note.remedy.startswith("correct nsguard.namespaces.vpn.publish.web.listen; ")


def test_an_address_at_which_any_program_may_listen_is_not_the_hosts_by_that(box: Box) -> None:
    settings = [f"net.ipv{family}.ip_nonlocal_bind=1" for family in (4, 6)]
    box.out("sysctl", "-w", *settings)
    box.out("ip", "address", "add", "198.51.100.7/32", "dev", "lo")
    own = ["127.0.0.1", "127.0.0.5", "::1", "0.0.0.0", "::", "198.51.100.7"]  # noqa: S104 (looked up, not bound)
    code = (
        f"import sys; sys.path.insert(0, '{CHECKOUT}/src'); from nsguard.health.doctor.confined import _is_own; "
        "print(*filter(_is_own, sys.argv[1:]))"
    )
    assert box.out("python3", "-c", code, *own, "198.51.100.77", "2001:db8::77").split() == own


NETNS, TUNNEL = "nsguard-netns-vpn.service", "nsguard-tunnel-vpn.service"


@pytest.mark.parametrize(
    ("unit", "after", "before", "waits"),
    [
        ("web.service", f"{NETNS} {TUNNEL}", "network.target shutdown.target", "network.target, and its tunnel"),
        ("web.service", f"{NETNS} {TUNNEL}", "network-pre.target", "network-pre.target, and its namespace"),
        ("web.socket", NETNS, "network-pre.target sockets.target", "network-pre.target, and its namespace"),
        # The tunnel, which alone waits for the target, does not wait for the socket, nor the socket for the tunnel.
        ("web.socket", NETNS, "network.target", None),
        ("web.service", f"{NETNS} {TUNNEL}", "multi-user.target shutdown.target", None),
    ],
)
def test_a_unit_before_what_its_namespace_or_its_tunnel_waits_for_is_a_fault(
    unit: str, after: str, before: str, waits: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    orders = {
        NETNS: {"Before": "network.target shutdown.target", "After": "basic.target network-pre.target"},
        TUNNEL: {"Before": "shutdown.target", "After": f"basic.target network.target nss-lookup.target {NETNS}"},
        unit: {"Before": before, "After": f"basic.target {after}"},
    }
    monkeypatch.setattr(systemd, "show", lambda units, _: [{"Id": it, **orders[it]} for it in units])
    kind = unit.rpartition(".")[2]
    patient: Any = SimpleNamespace(name="vpn", units=[SimpleNamespace(unit=unit, kind=kind)])
    expected = f"{unit} starts before {waits} after that: systemd will leave one of them out of a boot"
    assert [finding.what for finding in ordered(patient)] == [expected] * (waits is not None)
