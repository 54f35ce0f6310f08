"""The link between host and namespace."""

import pytest

from box import LINK, NAME, Box, spec
from undoing import undone_from_each_step


def _linked(box: Box) -> None:
    box.write_spec(spec() | {"hostLink": LINK})
    box.write(f"/etc/nsguard/{NAME}/host-link.nft", f"table inet nsguard_link-{NAME} {{\n}}\n")


def test_a_host_link_comes_stays_and_goes_with_the_spec(box: Box) -> None:
    _linked(box)
    assert box.nsguard("netns", "up", NAME).returncode == 0
    numbered = "ip", "-o", "link", "show", "dev", "vensg-1a2b3c4d"
    index = box.out(*numbered).split()[0]
    again = box.nsguard("netns", "up", NAME)
    assert "link add" not in again.stderr
    assert box.out(*numbered).split()[0] == index
    for family in ("-4", "-6"):  # the only routes are to the host's end, and for answers
        assert "default" not in box.out("ip", "-n", NAME, family, "route", "show")
        assert box.out("ip", "-n", NAME, family, "route", "show", "table", "1767").startswith("default dev host0")
    box.write_spec(spec() | {"hostLink": LINK | {"namespace": ["169.254.64.3", "fd00:6e67::2"]}})
    assert box.nsguard("netns", "up", NAME).returncode == 0
    rules = box.out("ip", "-n", NAME, "rule")
    assert "from 169.254.64.3 " in rules
    assert "169.254.64.1" not in rules
    box.write_spec(spec())
    assert box.nsguard("netns", "up", NAME).returncode == 0
    assert "vensg" not in box.out("ip", "-o", "link")
    assert box.out("nft", "list", "tables") == ""
    assert "1767" not in box.out("ip", "-n", NAME, "rule") + box.out("ip", "-n", NAME, "-6", "rule")


def test_a_link_without_a_group_is_known_by_its_other_end(box: Box) -> None:
    """As version 0.1.0 made it: a reload keeps it, and a stop removes it."""
    _linked(box)
    numbered = "ip", "-o", "link", "show", "dev", "vensg-1a2b3c4d"
    assert box.nsguard("netns", "up", NAME).returncode == 0
    box.out("ip", "link", "set", "dev", "vensg-1a2b3c4d", "group", "default")
    index = box.out(*numbered).split()[0]
    again = box.nsguard("netns", "up", NAME)
    assert again.returncode == 0, again.stderr
    assert box.out(*numbered).split()[0] == index
    box.write_spec(spec())
    done = box.nsguard("netns", "up", NAME)
    assert "ip link del dev vensg-1a2b3c4d" in done.stderr
    assert "vensg" not in box.out("ip", "-o", "link")


def test_a_link_to_another_end_inside_is_not_ours(box: Box) -> None:
    """A pair of somebody else, whose other end took the place and the address of ours."""
    _linked(box)
    assert box.nsguard("netns", "up", NAME).returncode == 0
    box.out("ip", "link", "del", "dev", "vensg-1a2b3c4d")
    address = "address", "02:6e:73:67:00:01"
    box.out("ip", "link", "add", "other", *address, "type", "veth", "peer", "name", "host0", "netns", NAME, *address)
    box.out("ip", "link", "add", "vensg-1a2b3c4d", *address, "type", "bridge")
    assert "has another link named" in box.nsguard("netns", "up", NAME).stderr


# A link of somebody else, made by ip(8) with these words: an ordinary one, and one that looks as nsguard's.
FOREIGN = [["type", "bridge"], ["address", "02:6e:73:67:00:01", "type", "bridge"]]


@pytest.mark.parametrize("foreign", FOREIGN, ids=["ordinary", "same-address"])
def test_another_link_of_its_name_is_refused_and_stays(box: Box, foreign: list[str]) -> None:
    _linked(box)
    box.out("ip", "link", "add", "vensg-1a2b3c4d", *foreign)
    done = box.nsguard("netns", "up", NAME)
    assert done.returncode == 1
    assert "hostLink: this host has another link named vensg-1a2b3c4d; rename that, or remove it" in done.stderr
    assert "bridge" in box.out("ip", "-d", "link", "show", "dev", "vensg-1a2b3c4d")
    assert (box.out("ip", "netns"), box.out("nft", "list", "tables")) == ("", "")


@pytest.mark.parametrize("foreign", FOREIGN, ids=["ordinary", "same-address"])
def test_another_link_that_took_its_name_meanwhile_stays(box: Box, foreign: list[str]) -> None:
    _linked(box)
    assert box.nsguard("netns", "up", NAME).returncode == 0
    box.out("ip", "link", "del", "dev", "vensg-1a2b3c4d")
    box.out("ip", "link", "add", "vensg-1a2b3c4d", *foreign)
    assert "has another link named" in box.nsguard("netns", "up", NAME).stderr
    assert box.nsguard("netns", "down", NAME).returncode == 0
    assert "bridge" in box.out("ip", "-d", "link", "show", "dev", "vensg-1a2b3c4d")


@pytest.mark.parametrize("redirects", ["0", "1"])
def test_the_host_accepts_redirects_as_before(box: Box, redirects: str) -> None:
    """The kernel resets this sysctl whenever forwarding is switched on or off."""
    published = {"name": "web", "protocol": "tcp", "listen": "198.51.100.1:80", "port": 80, "from": None}
    box.write_spec(spec() | {"hostLink": LINK | {"published": [published]}})
    rules = f"table inet nsguard_link-{NAME} {{\n set closed {{ type nf_proto; }}\n}}\n"
    box.write(f"/etc/nsguard/{NAME}/host-link.nft", rules)
    setting = "net.ipv4.conf.all.accept_redirects"
    box.out("sysctl", "-w", "net.ipv4.conf.all.forwarding=0", f"{setting}={redirects}")
    assert box.nsguard("netns", "up", NAME).returncode == 0
    assert box.out("sysctl", "-n", "net.ipv4.conf.all.forwarding", setting).split() == ["1", redirects]
    assert box.nsguard("netns", "down", NAME).returncode == 0
    assert box.out("sysctl", "-n", "net.ipv4.conf.all.forwarding", setting).split() == ["0", redirects]


@pytest.mark.parametrize("verb", ["up", "down"])
def test_while_another_namespace_comes_or_goes_its_link_waits(box: Box, verb: str) -> None:
    """Otherwise two namespaces that are removed at the same time would both leave the host's forwarding on."""
    _linked(box)
    if verb == "down":
        assert box.nsguard("netns", "up", NAME).returncode == 0
    box.run("mkdir", "-p", "/run/nsguard")
    with box.start("flock", "/run/nsguard", "sh", "-c", "echo held; sleep 1") as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        assert box.nsguard("netns", verb, NAME).returncode == 0
        assert other.poll() is not None


@pytest.mark.parametrize("mode", ["fail-before", "kill-after"])
def test_a_host_link_is_undone_from_wherever_it_failed(boxes: list[Box], mode: str) -> None:
    undone_from_each_step(boxes, mode, _linked)
