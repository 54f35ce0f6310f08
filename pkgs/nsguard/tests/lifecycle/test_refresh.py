"""Repeated look-ups of endpoint names: when they happen, what they change, and what stays the same."""

import json

import pytest

from box import NAME, PEER, SECOND_PEER, Box, at_each, config, spec
from nsguard.endpoints.named import Named

DEVICE = "nsg-1a2b3c4d"
HOSTS = "127.0.0.1 localhost\n"


def test_a_peer_that_strayed_is_fetched_back(named: Box) -> None:
    box = named
    box.out("wg", "set", DEVICE, "peer", PEER, "endpoint", "203.0.113.9:7")
    done = box.nsguard("tunnel", "refresh", NAME)
    assert done.returncode == 0, done.stderr
    assert _endpoints(box)[PEER] == "192.0.2.1:51820"
    assert _pinned(box) == {"192.0.2.1:51820", "192.0.2.2:99"}


@pytest.fixture
def named(box: Box) -> Box:
    """A box with a tunnel that is up, and whose two peers have host names as endpoints."""
    box.write("/etc/hosts", f"{HOSTS}192.0.2.1 first.example\n192.0.2.2 second.example\n", 0o644)
    second = f"[Peer]\nPublicKey = {SECOND_PEER}\nEndpoint = second.example:99\nAllowedIPs = 10.9.0.0/16\n"
    box.write("/run/tunnel.conf", config(endpoint="first.example:51820", more=second))
    box.write_spec(spec(dynamicEndpointRefreshSeconds=1))
    box.nsguard("netns", "up", NAME)
    assert box.nsguard("tunnel", "up", NAME).returncode == 0
    return box


def _endpoints(box: Box) -> dict[str, str]:
    lines = box.out("wg", "show", DEVICE, "endpoints").splitlines()
    return dict(line.split("\t", 1) for line in lines)


def _pinned(box: Box) -> set[str]:
    rules = json.loads(box.out("nft", "-j", "list", "ruleset"))["nftables"]
    sets = [item["set"] for item in rules if item.get("set", {}).get("name", "").startswith("endpoint")]
    return {":".join(map(str, one["concat"])) for each in sets for one in each.get("elem", ())}


def _late(box: Box) -> None:
    """Make all look-ups due."""
    known = json.loads(box.out("cat", "/run/nsguard/vpn/names.json"))
    at = list(Named._fields).index("looked_up")
    box.write(
        "/run/nsguard/vpn/names.json", json.dumps({key: [*it[:at], 0.0, *it[at + 1 :]] for key, it in known.items()})
    )


def test_a_server_that_moved_is_followed(named: Box) -> None:
    box = named
    assert _endpoints(box) == {PEER: "192.0.2.1:51820", SECOND_PEER: "192.0.2.2:99"}
    port = box.out("wg", "show", DEVICE, "listen-port")
    box.write("/etc/hosts", f"{HOSTS}192.0.2.7 first.example\n192.0.2.2 second.example\n", 0o644)
    _late(box)
    done = box.nsguard("tunnel", "refresh", NAME)
    assert done.returncode == 0
    both = "{ 192.0.2.1 . 51820, 192.0.2.2 . 99, 192.0.2.7 . 51820 }"
    assert [
        line for line in done.stderr.splitlines() if "add element inet nsguard_pins endpoint" in line or "wg" in line
    ] == [
        f"+ nft add element inet nsguard_pins endpoint4-vpn {both}",
        f"+ wg set {DEVICE} peer {PEER} endpoint 192.0.2.7:51820 persistent-keepalive 25",
        f"+ wg set {DEVICE} peer {PEER} persistent-keepalive 0",
        "+ nft add element inet nsguard_pins endpoint4-vpn { 192.0.2.2 . 99, 192.0.2.7 . 51820 }",
    ]
    assert _endpoints(box) == {PEER: "192.0.2.7:51820", SECOND_PEER: "192.0.2.2:99"}
    assert _pinned(box) == {"192.0.2.7:51820", "192.0.2.2:99"}
    assert box.out("wg", "show", DEVICE, "listen-port") == port
    _late(box)
    assert box.nsguard("tunnel", "refresh", NAME).stderr == ""


def test_an_ipv6_address_after_an_ipv4_one_takes_another_process(named: Box) -> None:
    box = named
    process = box.out("pgrep", "wireguard-go")
    box.write("/etc/hosts", f"{HOSTS}192.0.2.7 first.example\n192.0.2.2 second.example\n", 0o644)
    _late(box)
    assert box.nsguard("tunnel", "refresh", NAME).returncode == 0
    assert box.out("pgrep", "wireguard-go") == process
    box.write("/etc/hosts", f"{HOSTS}2001:db8::7 first.example\n192.0.2.2 second.example\n", 0o644)
    _late(box)
    done = box.nsguard("tunnel", "refresh", NAME)
    assert done.returncode == 0, done.stderr
    assert box.out("pgrep", "wireguard-go") != process
    assert _endpoints(box) == {PEER: "[2001:db8::7]:51820", SECOND_PEER: "192.0.2.2:99"}
    assert _pinned(box) == {"2001:db8::7:51820", "192.0.2.2:99"}


def test_another_process_that_fails_half_way_is_made_good_by_the_next_refresh(named: Box) -> None:
    box = named

    def step_failed(box: Box, step: int) -> None:
        for address, fails in (("192.0.2.1", False), ("2001:db8::7", True)):
            box.write("/etc/hosts", f"{HOSTS}{address} first.example\n192.0.2.2 second.example\n", 0o644)
            _late(box)
            if fails:
                box.misbehave(("fail-before", "kill-after")[step % 2], step)
            assert (box.nsguard("tunnel", "refresh", NAME).returncode != 0) == fails
        box.behave()
        _late(box)
        box.nsguard("tunnel", "refresh", NAME)
        assert _endpoints(box) == {PEER: "[2001:db8::7]:51820", SECOND_PEER: "192.0.2.2:99"}
        assert _pinned(box) == {"2001:db8::7:51820", "192.0.2.2:99"}

    box.write("/etc/hosts", f"{HOSTS}2001:db8::7 first.example\n192.0.2.2 second.example\n", 0o644)
    _late(box)
    box.behave()
    assert box.nsguard("tunnel", "refresh", NAME).returncode == 0
    at_each(len(box.calls()), [box], step_failed)


def test_a_name_without_an_answer_keeps_the_others_from_nothing(named: Box) -> None:
    box = named
    box.write("/etc/hosts", f"{HOSTS}192.0.2.8 second.example\n", 0o644)
    _late(box)
    done = box.nsguard("tunnel", "refresh", NAME)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("nsguard: endpoint first.example: ")
    assert _endpoints(box) == {PEER: "192.0.2.1:51820", SECOND_PEER: "192.0.2.8:99"}
    assert _pinned(box) == {"192.0.2.1:51820", "192.0.2.8:99"}


def test_a_reload_without_answers_keeps_the_addresses(named: Box) -> None:
    box = named
    box.write("/etc/hosts", HOSTS, 0o644)
    done = box.nsguard("tunnel", "reload", NAME)
    assert done.returncode == 0, done.stderr
    assert "nsguard: warning: endpoint first.example: " in done.stderr
    assert _endpoints(box) == {PEER: "192.0.2.1:51820", SECOND_PEER: "192.0.2.2:99"}


def test_a_tunnel_comes_up_with_the_names_that_are_known_and_gets_the_others_later(named: Box) -> None:
    box = named
    box.nsguard("tunnel", "down", NAME)
    assert box.run("test", "-e", "/run/nsguard/vpn/names.json").returncode == 1
    box.write("/etc/hosts", f"{HOSTS}192.0.2.2 second.example\n", 0o644)
    assert box.nsguard("tunnel", "up", NAME).returncode == 0
    assert _endpoints(box) == {PEER: "(none)", SECOND_PEER: "192.0.2.2:99"}
    box.write("/etc/hosts", f"{HOSTS}2001:db8::1 first.example\n", 0o644)
    box.nsguard("tunnel", "refresh", NAME)
    assert _endpoints(box)[PEER] == "[2001:db8::1]:51820"
    assert _pinned(box) == {"2001:db8::1:51820", "192.0.2.2:99"}


def test_addresses_are_left_alone(box: Box) -> None:
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    assert box.run("test", "-e", "/run/nsguard/vpn/names.json").returncode == 1
    assert box.run("test", "-e", "/run/nsguard/vpn/sought").returncode == 1
    done = box.nsguard("tunnel", "refresh", NAME)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("mode", ["fail-before", "kill-before", "kill-after"])
def test_a_refresh_that_fails_half_way_is_made_good_by_a_reload(named: Box, mode: str) -> None:
    box = named
    # The steps are two loads of nft and two calls of wg, after one call that reads the counters.

    def step_failed(box: Box, step: int) -> None:
        box.write("/etc/hosts", f"{HOSTS}192.0.2.{10 + step} first.example\n192.0.2.2 second.example\n", 0o644)
        _late(box)
        box.misbehave(mode, step)
        assert box.nsguard("tunnel", "refresh", NAME).returncode != 0
        box.behave()
        assert box.nsguard("tunnel", "reload", NAME).returncode == 0
        assert _endpoints(box)[PEER] == f"192.0.2.{10 + step}:51820"
        assert _pinned(box) == {f"192.0.2.{10 + step}:51820", "192.0.2.2:99"}

    at_each(5, [box], step_failed)
