"""`tunnel up|reload` on a tunnel that is up: it changes only what differs, and completes a change that failed."""

import pytest

from box import MARK, NAME, PEER, SECOND_PEER, Box, at_each, config, spec


@pytest.mark.parametrize("verb", ["up", "reload"])
def test_a_change_touches_only_what_differs(any_box: Box, verb: str) -> None:
    box = any_box
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    box.write("/run/tunnel.conf", config("10.66.0.9/32, fd66::2/128", "203.0.113.5:443"))
    box.write_spec(spec(mtu=1380, dns=["10.66.0.7"]))
    done = box.nsguard("tunnel", verb, NAME)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if " ip " in line and "-n vpn" in line]
    assert said == [
        "+ ip -n vpn link set dev wg0 mtu 1380",
        "+ ip -n vpn address add 10.66.0.9/32 dev wg0",
        "+ ip -n vpn address del 10.66.0.2/32 dev wg0",
        "+ ip -n vpn address replace 10.66.0.9/32 dev wg0",
        "+ ip -n vpn address replace fd66::2/128 dev wg0 nodad",
        "+ ip -n vpn link set dev wg0 up",
        "+ ip -n vpn route replace 0.0.0.0/0 dev wg0 proto static",
        "+ ip -n vpn route replace ::/0 dev wg0 proto static",
    ]
    both = "+ nft add element inet nsguard_pins endpoint4-vpn { 198.51.100.7 . 51820, 203.0.113.5 . 443 }"
    only = "+ nft add element inet nsguard_pins endpoint4-vpn { 203.0.113.5 . 443 }"
    sync = next(i for i, line in enumerate(done.stderr.splitlines()) if "syncconf" in line)
    assert done.stderr.splitlines().index(both) < sync < done.stderr.splitlines().index(only)
    assert box.addresses() == {"10.66.0.9/32", "fd66::2/128"}
    assert box.routes() == {"default wg0"}
    assert 'address4 ["10.66.0.9"]' in box.elements_inside()
    assert 'redirect4 [[53, "10.66.0.7"]]' in box.elements_inside()
    assert box.elements() == ['endpoint4-vpn [{"concat": ["203.0.113.5", 443]}]', *MARK]
    assert box.out("cat", "/run/nsguard/vpn/inside/resolv.conf") == "nameserver 10.66.0.7\nsearch example.org\n"


def test_reload_keeps_port_and_unchanged_peers(box: Box) -> None:
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    device = "nsg-1a2b3c4d"
    port = box.out("wg", "show", device, "listen-port")
    process = box.out("pgrep", "wireguard-go")
    second = f"[Peer]\nPublicKey = {SECOND_PEER}\nEndpoint = 203.0.113.7:51820\nAllowedIPs = 10.9.0.0/16\n"
    box.write("/run/tunnel.conf", config(more=second))
    assert box.nsguard("tunnel", "reload", NAME).returncode == 0
    assert box.out("wg", "show", device, "listen-port") == port
    assert box.out("pgrep", "wireguard-go") == process
    assert set(box.out("wg", "show", device, "peers").split()) == {PEER, SECOND_PEER}
    assert box.routes() == {"default wg0", "10.9.0.0/16 wg0"}
    box.write("/run/tunnel.conf", config())
    assert box.nsguard("tunnel", "reload", NAME).returncode == 0
    assert box.out("wg", "show", device, "peers").split() == [PEER]
    assert box.routes() == {"default wg0"}


def test_reload_takes_a_preshared_key_back(box: Box) -> None:
    box.write("/run/tunnel.conf", config(more=f"PresharedKey = {SECOND_PEER}\n"))
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    show = ("wg", "show", "nsg-1a2b3c4d", "preshared-keys")
    assert box.out(*show).split() == [PEER, SECOND_PEER]
    box.write("/run/tunnel.conf", config())
    assert box.nsguard("tunnel", "reload", NAME).returncode == 0
    assert box.out(*show).split() == [PEER, "(none)"]


def test_an_ipv6_endpoint_after_an_ipv4_one_takes_another_process(box: Box) -> None:
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    process = box.out("pgrep", "wireguard-go")
    second = f"[Peer]\nPublicKey = {SECOND_PEER}\nEndpoint = [2001:db8::7]:51820\nAllowedIPs = 10.9.0.0/16\n"
    box.write("/run/tunnel.conf", config(more=second))
    assert box.nsguard("tunnel", "reload", NAME).returncode == 0
    assert box.out("pgrep", "wireguard-go") != process
    assert set(box.out("wg", "show", "nsg-1a2b3c4d", "peers").split()) == {PEER, SECOND_PEER}


def test_an_address_that_shared_a_subnet_survives_its_primary(any_box: Box) -> None:
    box = any_box
    box.write("/run/tunnel.conf", config("10.66.0.2/24, 10.66.0.3/24"))
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    box.write("/run/tunnel.conf", config("10.66.0.3/24"))
    assert box.nsguard("tunnel", "reload", NAME).returncode == 0
    assert box.addresses() == {"10.66.0.3/24"}
    assert box.routes() == {"default wg0"}


def test_reload_of_a_tunnel_that_is_down_or_lost_its_link_makes_it(any_box: Box) -> None:
    box = any_box
    box.nsguard("netns", "up", NAME)
    assert box.nsguard("tunnel", "reload", NAME).returncode == 0
    box.out("ip", "-n", NAME, "link", "del", "wg0")
    assert box.nsguard("tunnel", "reload", NAME).returncode == 0
    assert box.routes() == {"default wg0"}
    box.nsguard("netns", "down", NAME)
    assert box.traces() == []


def test_a_failed_reload_is_made_good_by_the_next(any_boxes: list[Box]) -> None:
    for box in any_boxes:
        box.nsguard("netns", "up", NAME)
        box.nsguard("tunnel", "up", NAME)
        box.behave()
        assert box.nsguard("tunnel", "reload", NAME).returncode == 0
        steps = len(box.calls())

    def check(box: Box, step: int) -> None:
        box.misbehave("fail-before", step)
        assert box.nsguard("tunnel", "reload", NAME).returncode == 1
        box.behave()
        assert box.nsguard("tunnel", "reload", NAME).returncode == 0
        assert box.routes() == {"default wg0"}

    at_each(steps, any_boxes, check)
    for box in any_boxes:
        box.nsguard("netns", "down", NAME)
        assert box.traces() == []
