"""A tunnel through another: where its link is created, where its pin is loaded, and the size of its packets."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from box import HERE, NAME, PEER, SECOND_PEER, Box, config, spec

ENTRY = "entry"


def entry_spec(**tunnel: object) -> dict[str, object]:
    directory = f"/etc/nsguard/{ENTRY}"
    return spec(name="first", configFile="/run/entry.conf", **tunnel) | {
        "namespace": ENTRY,
        "fwMark": "0x6e7ab002",
        "rulesets": {"namespace": f"{directory}/namespace.nft", "host": f"{directory}/host.nft", "clients": None},
    }


@pytest.fixture
def hops(box: Box) -> Box:
    """A box with the first of two tunnels up."""
    box.kernel_wireguard()
    box.write(f"/etc/nsguard/{ENTRY}/spec.json", json.dumps(entry_spec()))
    for ruleset in ("namespace", "host"):
        text = (HERE / f"rulesets/{ruleset}.nft").read_text()
        box.write(f"/etc/nsguard/{ENTRY}/{ruleset}.nft", text.replace(f"-{NAME}", f"-{ENTRY}"))
    box.write("/run/entry.conf", config("10.99.0.2/32", "203.0.113.1:51820").replace(PEER, SECOND_PEER))
    box.write_spec(spec() | {"outer": ENTRY})
    box.write("/run/tunnel.conf", config(endpoint="198.51.100.7:443"))
    for name in (ENTRY, NAME):
        assert box.nsguard("netns", "up", name).returncode == 0
    assert box.nsguard("tunnel", "up", ENTRY).returncode == 0
    return box


def _mtu(box: Box) -> int:
    (link,) = json.loads(box.out("ip", "-n", NAME, "-j", "link", "show", "dev", "wg0"))
    return int(link["mtu"])


def _pins(box: Box, *enter: str) -> dict[str, list[object]]:
    """The chain of each pin to which the map leads, with the endpoints in its sets."""
    rules = json.loads(box.out(*enter, "nft", "-j", "list", "ruleset"))["nftables"]
    sets = {item["set"]["name"]: item["set"].get("elem", []) for item in rules if "set" in item}
    maps = [pair for item in rules if item.get("map", {}).get("name") == "pins" for pair in item["map"].get("elem", [])]
    chains = [verdict["jump"]["target"] for _, verdict in maps]
    return {
        chain: [one["concat"] for family in (4, 6) for one in sets[chain.replace("tunnel", f"endpoint{family}")]]
        for chain in chains
    }


def test_the_link_is_born_in_the_one_and_lives_in_the_other(hops: Box) -> None:
    done = hops.nsguard("tunnel", "up", NAME)
    assert done.returncode == 0, done.stderr
    assert "+ ip -n entry link add nsg-1a2b3c4d netns vpn type wireguard" in done.stderr.splitlines()
    inside = ("ip", "netns", "exec", ENTRY)
    assert _pins(hops, *inside) == {"tunnel-vpn": [["198.51.100.7", 443]]}
    # No packet with the mark of the second tunnel may leave the host directly.
    assert _pins(hops) == {"tunnel-entry": [["203.0.113.1", 51820]], "tunnel-vpn": []}
    assert hops.nsguard("tunnel", "reload", NAME).returncode == 0
    assert _pins(hops, *inside) == {"tunnel-vpn": [["198.51.100.7", 443]]}
    assert hops.nsguard("tunnel", "down", NAME).returncode == 0
    assert _pins(hops, *inside) == {}
    assert _pins(hops) == {"tunnel-entry": [["203.0.113.1", 51820]]}


def test_down_when_the_first_is_gone_already(hops: Box) -> None:
    assert hops.nsguard("tunnel", "up", NAME).returncode == 0
    assert hops.nsguard("netns", "down", ENTRY).returncode == 0
    assert hops.nsguard("netns", "down", NAME).returncode == 0
    assert hops.traces() == []


def test_without_the_first_there_is_no_second(hops: Box) -> None:
    hops.nsguard("tunnel", "down", ENTRY)
    done = hops.nsguard("tunnel", "up", NAME)
    assert done.returncode == 1
    assert done.stderr == (
        "nsguard: tunnel mullvad goes through namespace entry, which has no tunnel now; run: nsguard tunnel up entry\n"
    )
    assert hops.traces_of_tunnel() == []


@pytest.mark.parametrize(
    ("endpoint", "wanted", "mtu"),
    [("198.51.100.7:443", None, 1360), ("[2001:db8::7]:443", None, 1340), ("198.51.100.7:443", 1300, 1300)],
)
def test_the_mtu_is_what_the_first_leaves(hops: Box, endpoint: str, wanted: int | None, mtu: int) -> None:
    hops.write("/run/tunnel.conf", config(endpoint=endpoint))
    hops.write_spec(spec(mtu=wanted) | {"outer": ENTRY})
    done = hops.nsguard("tunnel", "up", NAME)
    assert done.returncode == 0, done.stderr
    assert "warning" not in done.stderr
    assert _mtu(hops) == mtu


def test_a_larger_mtu_than_fits_is_said_and_follows_the_first(hops: Box) -> None:
    hops.write_spec(spec(mtu=1420) | {"outer": ENTRY})
    done = hops.nsguard("tunnel", "up", NAME)
    assert "nsguard: warning: MTU 1420 is too large for namespace entry; using 1360" in done.stderr
    assert _mtu(hops) == 1360
    hops.write(f"/etc/nsguard/{ENTRY}/spec.json", json.dumps(entry_spec(mtu=1300)))
    assert hops.nsguard("tunnel", "reload", ENTRY).returncode == 0
    done = hops.nsguard("tunnel", "reload", NAME)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "nsguard: tunnel mullvad: namespace entry leaves an MTU of 1240, and IPv6 needs 1280;"
        " raise the MTU there or use one tunnel less"
    )
    assert _mtu(hops) == 1360


def test_a_tunnel_that_shall_go_another_way_is_made_anew(hops: Box) -> None:
    assert hops.nsguard("tunnel", "up", NAME).returncode == 0
    hops.write_spec(spec())
    done = hops.nsguard("tunnel", "reload", NAME)
    assert done.returncode == 0
    assert "+ ip link add nsg-1a2b3c4d netns vpn type wireguard" in done.stderr.splitlines()
    assert _pins(hops, "ip", "netns", "exec", ENTRY) == {}
    assert _mtu(hops) == 1420


def test_names_are_asked_for_through_the_first(hops: Box) -> None:
    """The host's files and resolver are not used: the box's /etc/hosts has the name, but the namespace does not."""
    hops.write("/etc/hosts", "127.0.0.1 localhost\n192.0.2.1 second.example\n", 0o644)
    hops.write("/run/tunnel.conf", config(endpoint="second.example:443"))
    done = hops.nsguard("tunnel", "up", NAME)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("nsguard: endpoint second.example: ")
    hops.write_spec(spec())  # without an outer tunnel, the host's files are used
    assert hops.nsguard("tunnel", "up", NAME).returncode == 0


SIBLING = "third"


@pytest.fixture
def siblings(hops: Box) -> Box:
    """A box in which two tunnels go through the first."""
    directory = f"/etc/nsguard/{SIBLING}"
    value = spec(name="second", configFile="/run/third.conf") | {
        "namespace": SIBLING,
        "outer": ENTRY,
        "fwMark": "0x51820",
        "userspace": {"interface": "nsg-00000003", "unit": f"nsguard-userspace-{SIBLING}.service"},
        "rulesets": {"namespace": f"{directory}/namespace.nft", "host": f"{directory}/host.nft", "clients": None},
    }
    hops.write(f"{directory}/spec.json", json.dumps(value))
    for ruleset in ("namespace", "host"):
        text = (HERE / f"rulesets/{ruleset}.nft").read_text()
        hops.write(f"{directory}/{ruleset}.nft", text.replace(f"-{NAME}", f"-{SIBLING}"))
    hops.write("/run/third.conf", config("10.66.0.3/32", "198.51.100.9:443"))
    assert hops.nsguard("netns", "up", SIBLING).returncode == 0
    for name in (NAME, SIBLING):
        done = hops.nsguard("tunnel", "up", name)
        assert done.returncode == 0, done.stderr
    return hops


@pytest.mark.parametrize("places", [["host"], ["outer"], ["host", "outer"]])
@pytest.mark.parametrize(
    "lost",
    [
        "list table inet nsguard_pins",  # a control: nothing is lost
        f"flush chain inet nsguard_pins tunnel-{SIBLING}",
        "flush table inet nsguard_pins",
        f"flush chain inet nsguard_pins tunnel-{SIBLING}; flush map inet nsguard_pins pins",
    ],
)
def test_the_pin_of_a_sibling_stays_whatever_it_has_lost(siblings: Box, lost: str, places: list[str]) -> None:
    enter = {"host": (), "outer": ("ip", "netns", "exec", ENTRY)}
    for place in places:
        siblings.out(*enter[place], "nft", lost)
    done = siblings.nsguard("tunnel", "down", NAME)
    assert done.returncode == 0, done.stderr
    for place, prefix in enter.items():
        table = siblings.out(*prefix, "nft", "list", "table", "inet", "nsguard_pins")
        assert f"chain tunnel-{SIBLING} " in table, place
        assert f"-{NAME}" not in table, place
    assert siblings.nsguard("tunnel", "reload", SIBLING).returncode == 0
    assert _pins(siblings, *enter["outer"]) == {"tunnel-third": [["198.51.100.9", 443]]}
    for place in places:
        siblings.out(*enter[place], "nft", lost)
    done = siblings.nsguard("tunnel", "down", SIBLING)
    assert done.returncode == 0, done.stderr
    assert "nsguard_pins" not in siblings.out(*enter["outer"], "nft", "list", "tables")
    assert "-third" not in siblings.out("nft", "list", "ruleset")
    assert siblings.nsguard("tunnel", "down", ENTRY).returncode == 0
    assert siblings.out("nft", "list", "ruleset") == ""


@pytest.mark.parametrize("lost", ["list table inet nsguard_pins", "flush table inet nsguard_pins"])
def test_two_that_go_at_once_through_the_same_leave_nothing(siblings: Box, lost: str) -> None:
    inside = ("ip", "netns", "exec", ENTRY)
    for _ in range(3):
        for prefix in ((), inside):
            siblings.out(*prefix, "nft", lost)
        with ThreadPoolExecutor(2) as pool:
            for done in pool.map(lambda name: siblings.nsguard("tunnel", "down", name), (NAME, SIBLING)):
                assert done.returncode == 0, done.stderr
        assert "nsguard_pins" not in siblings.out(*inside, "nft", "list", "tables")
        assert _pins(siblings).keys() <= {"tunnel-entry"}
        for name in (ENTRY, NAME, SIBLING):
            assert siblings.nsguard("tunnel", "up", name).returncode == 0
