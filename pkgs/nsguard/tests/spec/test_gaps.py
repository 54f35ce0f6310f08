"""Gaps: tunnels with valid values that do not carry all traffic that a user may expect."""

import pytest

from box import NAME, PEER, SECOND_PEER, Box, config, spec
from nsguard.spec.gaps import gaps
from nsguard.spec.wgquick import parse

KEY = "[Interface]\nPrivateKey = 8PZQ8felOfsPGDaAPdHaJlkf0hcCn6JGhU1DJq5Ts3M=\n"
ADDRESSES = "Address = 10.66.0.2/32, fd66::2/128\n"
DNS = "DNS = 10.66.0.1, fd66::1\n"
EVERYTHING, ENDPOINT = "AllowedIPs = 0.0.0.0/0, ::/0\n", "Endpoint = 192.0.2.1:51820\n"


def peer(*lines: str, key: str = PEER) -> str:
    return f"[Peer]\nPublicKey = {key}\n{''.join(lines)}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (ADDRESSES + DNS + peer(EVERYTHING, ENDPOINT), []),
        ("Address = 10.66.0.2/32\n" + peer("AllowedIPs = 10.66.0.0/24\n", ENDPOINT), []),
        (
            "Address = 10.66.0.2/32\n" + DNS + peer("AllowedIPs = 10.66.0.0/24\n", ENDPOINT),
            [
                "the tunnel has no address of IPv6, so the resolver fd66::1 gets no queries; "
                "add the address that the provider gave, or remove the resolver"
            ],
        ),
        (
            "Address = fd66::2/128\n" + DNS + peer(EVERYTHING, ENDPOINT),
            [
                "the tunnel has no address of IPv4, so the resolver 10.66.0.1 gets no queries; "
                "add the address that the provider gave, or remove the resolver"
            ],
        ),
        (
            ADDRESSES + DNS + peer("AllowedIPs = 10.66.0.0/24\n", ENDPOINT),
            [
                "no peer's AllowedIPs cover fd66::1, so this resolver gets no queries; "
                "add fd66::1/128 to the AllowedIPs of a peer, or name another resolver"
            ],
        ),
        (
            ADDRESSES + DNS + peer(ENDPOINT),
            [
                f"peer {PEER} has no AllowedIPs, so nothing is sent to it; "
                "add them: 0.0.0.0/0 for all of IPv4, ::/0 for all of IPv6"
            ],
        ),
        (
            ADDRESSES
            + peer("AllowedIPs = 0.0.0.0/0\n", ENDPOINT)
            + peer("AllowedIPs = 0.0.0.0/0, 0.0.0.0/0\n", ENDPOINT, key=SECOND_PEER),
            [
                f"peers {PEER} and {SECOND_PEER} both have AllowedIPs 0.0.0.0/0, and WireGuard sends that to the "
                "latter only; keep the range at one of them"
            ],
        ),
        (
            ADDRESSES + DNS + peer(EVERYTHING),
            ["no peer has an endpoint, so the tunnel cannot start a handshake; add the Endpoint of a peer"],
        ),
        (
            ADDRESSES + peer(EVERYTHING, ENDPOINT) + peer("AllowedIPs = 10.9.0.0/16\n", key=SECOND_PEER),
            [f"peer {SECOND_PEER} has no endpoint, so nothing is sent to it; give it one"],
        ),
    ],
    ids=[
        "whole",
        "no resolver",
        "no address of IPv6",
        "no address of IPv4",
        "resolver outside",
        "no ranges",
        "one range twice",
        "no endpoint",
        "one without",
    ],
)
def test_each_gap_is_named_and_nothing_else(text: str, said: list[str]) -> None:
    found, warnings = parse(KEY + text, "x.conf")
    assert warnings == []
    assert [f"{gap.what}; {gap.remedy}" for gap in gaps(found)] == said


def test_a_gap_is_a_warning_when_the_tunnel_starts(box: Box) -> None:
    box.nsguard("netns", "up", NAME)
    box.write("/run/tunnel.conf", config().replace("0.0.0.0/0, ::/0", "10.66.0.0/24"))
    done = box.nsguard("tunnel", "up", NAME)
    assert done.returncode == 0, done.stderr
    warning = "nsguard: warning: tunnel mullvad: no peer's AllowedIPs cover fd66::1, so this resolver gets no queries; "
    assert f"{warning}add fd66::1/128 to the AllowedIPs of a peer, or name another resolver" in done.stderr.splitlines()


def test_a_resolver_of_the_options_is_looked_at_as_one_of_the_file(box: Box) -> None:
    box.write_spec(spec(dns=["127.0.0.53"]))
    done = box.nsguard("netns", "up", NAME)
    assert done.returncode == 2
    assert "127.0.0.53 is a loopback address, where no resolver answers through the tunnel" in done.stderr
