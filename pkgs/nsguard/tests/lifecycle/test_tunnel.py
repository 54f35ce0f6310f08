"""`tunnel up|down|reload` on the real kernel, with the kernel's WireGuard and with wireguard-go."""

import json
import re

import pytest

from box import MARK, NAME, PEER, PRIVATE, Box, at_each, config, spec

MODES = ["fail-before", "fail-after", "hang", "term-after", "kill-before", "kill-after"]
ENDPOINT = 'endpoint4-vpn [{"concat": ["198.51.100.7", 51820]}]'
CLOSED = "# nsguard: no tunnel, no resolver\n"


def test_up_puts_the_tunnel_in_and_down_takes_it_out(any_box: Box) -> None:
    box = any_box
    box.nsguard("netns", "up", NAME)
    done = box.nsguard("tunnel", "up", NAME)
    assert done.returncode == 0, done.stderr
    assert box.addresses() == {"10.66.0.2/32", "fd66::2/128"}
    assert box.routes() == {"default wg0"}
    assert box.elements_inside() == [
        'address4 ["10.66.0.2"]',
        'address6 ["fd66::2"]',
        'redirect4 [[53, "10.66.0.1"]]',
        'redirect6 [[53, "fd66::1"]]',
        'resolver4 ["10.66.0.1"]',
        'resolver6 ["fd66::1"]',
    ]
    assert box.elements() == [ENDPOINT, *MARK]
    (link,) = json.loads(box.out("ip", "-n", NAME, "-j", "link", "show", "dev", "wg0"))
    assert link["mtu"] == 1420
    assert "UP" in link["flags"]
    assert box.out("cat", "/run/nsguard/vpn/inside/resolv.conf") == (
        "nameserver 10.66.0.1\nnameserver fd66::1\nsearch example.org\n"
    )
    assert [each["ifname"] for each in json.loads(box.out("ip", "-j", "link"))] == ["lo"]
    assert box.nsguard("tunnel", "down", NAME).returncode == 0
    assert box.traces_of_tunnel() == []
    assert box.out("cat", "/run/nsguard/vpn/inside/resolv.conf") == CLOSED
    assert box.nsguard("tunnel", "down", NAME).returncode == 0
    assert box.nsguard("netns", "down", NAME).returncode == 0
    assert box.traces() == []


def test_a_link_of_the_hosts_may_have_its_name(box: Box) -> None:
    box.kernel_wireguard()
    box.out("ip", "link", "add", "wg0", "type", "bridge")
    box.nsguard("netns", "up", NAME)
    done = box.nsguard("tunnel", "up", NAME)
    assert done.returncode == 0, done.stderr
    assert box.nsguard("netns", "down", NAME).returncode == 0
    assert "wg0" in box.out("ip", "link")


def test_the_link_is_born_inside_and_each_change_is_said(box: Box) -> None:
    box.kernel_wireguard()
    box.nsguard("netns", "up", NAME)
    assert box.nsguard("tunnel", "up", NAME).stderr.splitlines() == [
        "+ nft -f /etc/nsguard/vpn/host.nft",
        "+ nft add element inet nsguard_pins endpoint4-vpn { 198.51.100.7 . 51820 }",
        "+ nft add element inet nsguard_pins pins { 0x6e7abcde : jump tunnel-vpn }",
        "+ nft add element inet nsguard_pins marks { 0x6e7abcde }",
        "+ ip link add nsg-1a2b3c4d netns vpn type wireguard",
        "+ ip -n vpn link set dev nsg-1a2b3c4d name wg0",
        "+ ip netns exec vpn wg setconf wg0 /dev/stdin",
        "+ ip netns exec vpn nft flush set inet nsguard address4",
        "+ ip netns exec vpn nft flush set inet nsguard address6",
        "+ ip netns exec vpn nft flush set inet nsguard resolver4",
        "+ ip netns exec vpn nft flush set inet nsguard resolver6",
        "+ ip netns exec vpn nft flush map inet nsguard redirect4",
        "+ ip netns exec vpn nft flush map inet nsguard redirect6",
        "+ ip netns exec vpn nft add element inet nsguard address4 { 10.66.0.2 }",
        "+ ip netns exec vpn nft add element inet nsguard resolver4 { 10.66.0.1 }",
        "+ ip netns exec vpn nft add element inet nsguard redirect4 { 53 : 10.66.0.1 }",
        "+ ip netns exec vpn nft add element inet nsguard address6 { fd66::2 }",
        "+ ip netns exec vpn nft add element inet nsguard resolver6 { fd66::1 }",
        "+ ip netns exec vpn nft add element inet nsguard redirect6 { 53 : fd66::1 }",
        "+ ip -n vpn link set dev wg0 mtu 1420",
        "+ ip -n vpn address add 10.66.0.2/32 dev wg0",
        "+ ip -n vpn address add fd66::2/128 dev wg0 nodad",
        "+ ip -n vpn link set dev wg0 up",
        "+ ip -n vpn route add 0.0.0.0/0 dev wg0 proto static",
        "+ ip -n vpn route add ::/0 dev wg0 proto static",
        f"+ ip netns exec vpn wg set wg0 peer {PEER} persistent-keepalive 0",
    ]
    # 32 zero bytes mean no preshared key. The keepalive starts a handshake when the link comes up; then it is set back.
    no_preshared_key = "A" * 43 + "="
    assert (box.shim / "configuration").read_text() == (
        f"[Interface]\nPrivateKey = {PRIVATE}\nFwMark = 0x6e7abcde\n"
        f"[Peer]\nPublicKey = {PEER}\nPresharedKey = {no_preshared_key}\nEndpoint = 198.51.100.7:51820\n"
        "AllowedIPs = 0.0.0.0/0, ::/0\nPersistentKeepalive = 25\n"
    )


@pytest.mark.parametrize("mode", MODES)
def test_whatever_goes_wrong_at_whichever_step_nothing_is_left(any_boxes: list[Box], mode: str) -> None:
    for box in any_boxes:
        box.nsguard("netns", "up", NAME)
        box.behave()
        assert box.nsguard("tunnel", "up", NAME).returncode == 0
        steps = len(box.calls())
        assert steps >= 5
        assert box.nsguard("tunnel", "down", NAME).returncode == 0

    def check(box: Box, step: int) -> None:
        box.misbehave(mode, step)
        done = box.nsguard("tunnel", "up", NAME)
        box.behave()
        if mode.startswith("kill"):
            assert done.returncode == -9
            assert box.nsguard("tunnel", "up", NAME).returncode == 0, f"step {step}"
            assert box.routes() == {"default wg0"}
            assert box.nsguard("tunnel", "down", NAME).returncode == 0
        else:
            assert done.returncode == 1, f"step {step}"
        assert box.traces_of_tunnel() == [], f"step {step}"
        assert PRIVATE not in done.stderr
        assert box.out("cat", "/run/nsguard/vpn/inside/resolv.conf") == CLOSED

    at_each(steps, any_boxes, check)
    for box in any_boxes:
        assert box.nsguard("netns", "down", NAME).returncode == 0
        assert box.traces() == []


@pytest.mark.parametrize("mode", ["kill-before", "kill-after", "fail-before"])
@pytest.mark.parametrize("down", ["tunnel", "netns"])
def test_down_after_whatever_happened_to_up_or_down_leaves_nothing(any_boxes: list[Box], mode: str, down: str) -> None:
    first = any_boxes[0]
    first.nsguard("netns", "up", NAME)
    first.nsguard("tunnel", "up", NAME)
    first.behave()
    assert first.nsguard(down, "down", NAME).returncode == 0
    steps = len(first.calls())
    assert steps >= 3

    def check(box: Box, step: int) -> None:
        box.nsguard("netns", "up", NAME)
        box.nsguard("tunnel", "up", NAME)
        box.misbehave(mode, step)
        assert box.nsguard(down, "down", NAME).returncode != 0, f"step {step}"
        box.behave()
        assert box.nsguard(down, "down", NAME).returncode == 0, f"step {step}"
        assert (box.traces_of_tunnel() if down == "tunnel" else box.traces()) == [], f"step {step}"

    at_each(steps, any_boxes, check)


def test_a_link_that_goes_while_it_is_deleted_is_no_failure(box: Box) -> None:
    """wireguard-go's link disappears if systemd stops its unit at the same time as the tunnel's."""
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    box.behave()
    assert box.nsguard("tunnel", "down", NAME).returncode == 0
    step = 1 + next(i for i, call in enumerate(box.calls()) if "link del" in call)
    box.nsguard("tunnel", "up", NAME)
    box.misbehave("fail-after", step)
    done = box.nsguard("tunnel", "down", NAME)
    assert (done.returncode, box.traces_of_tunnel()) == (0, []), done.stderr


def test_up_needs_the_namespace(box: Box) -> None:
    done = box.nsguard("tunnel", "up", NAME)
    assert (done.returncode, done.stderr) == (1, "nsguard: namespace vpn is not up; run: nsguard netns up vpn\n")
    assert box.traces() == []


def test_the_namespace_laid_anew_keeps_its_tunnel(any_box: Box) -> None:
    box = any_box
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    before = box.elements_inside()
    assert before
    assert box.nsguard("netns", "up", NAME).returncode == 0
    assert box.elements_inside() == before
    assert box.routes() == {"default wg0"}
    assert "nameserver" in box.out("cat", "/run/nsguard/vpn/inside/resolv.conf")


@pytest.mark.parametrize("verb", ["up", "reload"])
@pytest.mark.parametrize("present", [True, False])
def test_rules_that_were_lost_are_laid_before_the_link_opens(
    any_box: Box,
    verb: str,
    present: bool,  # noqa: FBT001 (a parameter set)
) -> None:
    box = any_box
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    before = box.elements_inside(), box.elements()
    if not present:
        box.nsguard("tunnel", "down", NAME)
    box.out("ip", "netns", "exec", NAME, "nft", "flush", "ruleset")
    box.out("nft", "flush", "ruleset")
    done = box.nsguard("tunnel", verb, NAME)
    assert done.returncode == 0, done.stderr
    said = done.stderr.splitlines()
    assert "nsguard: the rules of namespace vpn are gone; loading them again" in said
    laid = said.index("+ ip netns exec vpn nft -f /etc/nsguard/vpn/namespace.nft")
    assert laid < said.index("+ ip -n vpn link set dev wg0 up")
    assert (box.elements_inside(), box.elements()) == before
    assert "policy drop" in box.out("ip", "netns", "exec", NAME, "nft", "list", "ruleset")


def test_lost_rules_keep_nothing_from_going_down(any_box: Box) -> None:
    box = any_box
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    box.out("ip", "netns", "exec", NAME, "nft", "flush", "ruleset")
    box.out("nft", "flush", "ruleset")
    assert box.nsguard("netns", "down", NAME).returncode == 0
    assert box.traces() == []


def test_a_pin_that_somebody_left_is_replaced(box: Box) -> None:
    box.nsguard("netns", "up", NAME)
    box.out("nft", "-f", f"/etc/nsguard/{NAME}/host.nft")
    for chain in ("output", "counted", f"tunnel-{NAME}"):
        box.out("nft", "insert", "rule", "inet", "nsguard_pins", chain, "accept")
    box.out("nft", "add", "element", "inet", "nsguard_pins", f"endpoint4-{NAME}", "{ 192.0.2.9 . 9 }")
    assert box.nsguard("tunnel", "up", NAME).returncode == 0
    assert box.elements() == [ENDPOINT, *MARK]
    rules = box.out("nft", "list", "ruleset")
    assert (rules.count("meta mark"), rules.count("accept\n"), rules.count("drop\n")) == (4, 3, 3)


def test_without_dns_the_resolver_sets_stay_empty(box: Box) -> None:
    box.kernel_wireguard()
    box.write("/run/tunnel.conf", re.sub(r"DNS.*\n", "", config()))
    box.nsguard("netns", "up", NAME)
    assert box.nsguard("tunnel", "up", NAME).returncode == 0
    assert box.elements_inside() == ['address4 ["10.66.0.2"]', 'address6 ["fd66::2"]']
    assert box.out("cat", "/run/nsguard/vpn/inside/resolv.conf") == "# nsguard: the tunnel names no resolver\n"


def test_without_enforcement_nothing_is_redirected(box: Box) -> None:
    box.kernel_wireguard()
    value = spec()
    value["dns"]["enforce"] = False
    box.write_spec(value)
    box.nsguard("netns", "up", NAME)
    assert box.nsguard("tunnel", "up", NAME).returncode == 0
    assert [line.split()[0] for line in box.elements_inside()] == ["address4", "address6", "resolver4", "resolver6"]


def test_bad_input_changes_nothing(any_box: Box) -> None:
    box = any_box
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    before = (box.state(), box.elements_inside(), box.routes())
    for text in ("", "[Interface]\nPostUp = reboot\n", "x" * (1 << 20) + "y", "\0", "\x1b[2J"):
        box.write("/run/tunnel.conf", text)
        for verb in ("up", "reload"):
            box.behave()
            done = box.nsguard("tunnel", verb, NAME)
            assert done.returncode == 2
            assert done.stderr.startswith("nsguard: /run/tunnel.conf")
            assert done.stderr.count("\n") == 1
            assert not (box.shim / "calls").exists()
    assert (box.state(), box.elements_inside(), box.routes()) == before


def test_a_tunnel_that_ipv6_refuses_says_who_switched_it_off_and_how_to_mend_it(any_box: Box) -> None:
    box = any_box
    box.write_spec(spec() | {"sysctls": {f"net.ipv6.conf.{of}.disable_ipv6": "0" for of in ("all", "default")}})
    box.nsguard("netns", "up", NAME)
    box.out("ip", "netns", "exec", NAME, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/disable_ipv6")
    done = box.nsguard("tunnel", "up", NAME)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(
        "on this device: in the namespace, net.ipv6.conf.all.disable_ipv6 is 1 instead of 0; "
        "systemctl reload nsguard-netns-vpn"
    )
    assert box.traces_of_tunnel() == []
    assert box.nsguard("netns", "up", NAME).returncode == 0  # what a reload of the unit runs
    assert box.nsguard("tunnel", "up", NAME).returncode == 0
    assert "fd66::2/128" in box.addresses()
