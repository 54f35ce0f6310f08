"""`netns up|down` on the real kernel."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from box import NAME, Box, at_each, spec

TERMINALS = "/run/nsguard/vpn/terminals"
# Opens as many terminals as there are, and says how many.
OPEN = """import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (2000, 2000))
opened = 0
try:
    while True:
        os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY)
        opened += 1
except OSError as error:
    print(opened, error.strerror)
"""
MODES = ["fail-before", "fail-after", "hang", "term-after", "kill-before", "kill-after"]


def test_up_makes_a_closed_namespace(box: Box) -> None:
    done = box.nsguard("netns", "up", NAME)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "+ ip netns add vpn",
        "+ ip netns exec vpn sysctl -w net.ipv4.ip_forward=0",
        "+ ip netns exec vpn sysctl -w net.ipv6.conf.default.addr_gen_mode=1",
        "+ ip netns exec vpn nft -f /etc/nsguard/vpn/namespace.nft",
        "+ ip -n vpn link set dev lo up",
    ]
    assert [link["ifname"] for link in json.loads(box.out("ip", "-n", NAME, "-j", "link", "show", "up"))] == ["lo"]
    assert box.out("ip", "-n", NAME, "route", "show", "table", "main") == ""
    assert "policy drop" in box.out("ip", "netns", "exec", NAME, "nft", "list", "ruleset")
    assert box.out("ip", "netns", "exec", NAME, "cat", "/proc/sys/net/ipv6/conf/default/addr_gen_mode") == "1\n"
    inode, host = (box.out("stat", "-Lc", "%i", path).strip() for path in ("/run/netns/vpn", "/proc/1/ns/net"))
    assert box.out("cat", "/run/nsguard/vpn/inside/identity") == f"namespace {inode}\nhost {host}\n"
    assert box.out("cat", "/run/nsguard/vpn/inside/resolv.conf").startswith("# nsguard: no tunnel")
    confext = "/run/nsguard/vpn/confext/etc"
    assert box.out("cat", f"{confext}/extension-release.d/extension-release.confext") == "ID=_any\n"
    assert box.out("cat", f"{confext}/nsswitch.conf") == "hosts: files dns\n"
    assert box.out("readlink", f"{confext}/resolv.conf") == "/run/nsguard/resolv.conf\n"


def test_its_terminals_are_few_and_for_those_who_may_run_commands(box: Box) -> None:
    def looks() -> str:
        return box.out("stat", "-c", "%a %G", TERMINALS) + box.out("stat", "-fc", "%T", f"{TERMINALS}/pts")

    assert box.nsguard("netns", "up", NAME).returncode == 0
    assert looks() == "700 root\ndevpts\n"
    assert box.out("python3", "-c", OPEN, f"{TERMINALS}/pts/ptmx") == "512 No space left on device\n"
    number = box.out("stat", "-c", "%d", f"{TERMINALS}/pts")
    for group, mode in (("tty", "710 tty"), ("nobody-has-it", "700 root"), ("tty", "710 tty"), (None, "700 root")):
        box.write_spec(spec() | {"commandGroup": group})
        assert box.nsguard("netns", "up", NAME).returncode == 0
        assert looks() == f"{mode}\ndevpts\n"
    assert box.out("stat", "-c", "%d", f"{TERMINALS}/pts") == number
    assert box.nsguard("netns", "down", NAME).returncode == 0
    assert box.run("stat", TERMINALS).returncode != 0


def test_up_and_down_leave_nothing_however_often(box: Box) -> None:
    for _ in range(3):
        assert box.nsguard("netns", "up", NAME).returncode == 0
        assert box.nsguard("netns", "down", NAME).returncode == 0
        assert box.traces() == []
    assert box.nsguard("netns", "down", NAME).returncode == 0


def test_up_again_keeps_the_namespace_and_lays_what_changed(box: Box) -> None:
    box.nsguard("netns", "up", NAME)
    identity = box.out("cat", "/run/nsguard/vpn/inside/identity")
    changed = spec()
    changed["etc"] = {"hosts": "::1 localhost\n"}
    changed["sysctls"] = {"net.ipv4.ip_forward": "1"}
    box.write_spec(changed)
    assert box.nsguard("netns", "up", NAME).returncode == 0
    assert box.out("cat", "/run/nsguard/vpn/inside/identity") == identity
    assert box.out("ip", "netns", "exec", NAME, "cat", "/proc/sys/net/ipv4/ip_forward") == "1\n"
    own = own_lines(box)
    for tree, links in (("confext", set()), ("confext-accounts", {"passwd", "group"})):
        assert box.out("cat", f"/run/nsguard/vpn/{tree}/etc/hosts") == "::1 localhost\n" + own
        laid = set(box.out("ls", f"/run/nsguard/vpn/{tree}/etc").split())
        assert laid == {"extension-release.d", "hosts", "resolv.conf", *links}


def own_lines(box: Box) -> str:
    """The lines of hosts(5) for the machine's own name."""
    names = dict.fromkeys((whole := box.out("uname", "-n").strip(), whole.partition(".")[0]))
    return "".join(f"{address} {name}\n" for name in names for address in ("127.0.0.1", "::1"))


@pytest.mark.parametrize(
    ("host", "lines"),
    [
        ("tower", "127.0.0.1 tower\n::1 tower\n"),
        (
            "tower.example.org",
            "".join(f"{a} {n}\n" for n in ("tower.example.org", "tower") for a in ("127.0.0.1", "::1")),
        ),
        ("localhost", ""),  # it is named already
        ("nas", ""),  # an option has put it elsewhere
        ("NAS", ""),  # host names have no case (RFC 4343)
        ("10.0.0.1", ""),
        ("two words", ""),
    ],
)
def test_the_machine_has_its_own_name_inside(box: Box, host: str, lines: str) -> None:
    wanted = spec()
    wanted["etc"] = {"hosts": "127.0.0.1 localhost\n10.66.0.5 nas\n"}
    box.write_spec(wanted)
    up_on(box, host)
    assert box.out("cat", "/run/nsguard/vpn/confext/etc/hosts") == "127.0.0.1 localhost\n10.66.0.5 nas\n" + lines


def up_on(box: Box, host: str) -> None:
    """`nsguard netns up` on a machine of that name."""
    named = f"echo '{host}' > /proc/sys/kernel/hostname; exec \"$@\""
    done = box.run("unshare", "--uts", "sh", "-c", named, "sh", box.launcher, "netns", "up", NAME)
    assert done.returncode == 0, done.stderr


def test_another_host_name_is_laid_by_a_reload(box: Box) -> None:
    box.write_spec(spec() | {"etc": {"hosts": "127.0.0.1 localhost\n"}})
    for host in ("tower", "castle"):
        up_on(box, host)
        for tree in ("confext", "confext-accounts"):
            assert box.out("cat", f"/run/nsguard/vpn/{tree}/etc/hosts") == (
                f"127.0.0.1 localhost\n127.0.0.1 {host}\n::1 {host}\n"
            )


def test_the_files_of_a_unit_are_not_those_of_a_namespace(box: Box) -> None:
    wanted = spec()
    wanted["etc"] = {"passwd": "root::0:0::/:\n"}
    box.write_spec(wanted)
    done = box.nsguard("netns", "up", NAME)
    assert done.returncode == 2
    assert done.stderr == (
        "nsguard: /etc/nsguard/vpn/spec.json: etc: passwd is nsguard's own; regenerate it with nixos-rebuild switch\n"
    )


def test_a_namespace_of_someone_else_is_refused_and_left(box: Box) -> None:
    box.out("ip", "netns", "add", NAME)
    done = box.nsguard("netns", "up", NAME)
    assert done.returncode == 1
    assert done.stderr == (
        "nsguard: namespace vpn exists and was not made by nsguard; remove it with: ip netns del vpn\n"
    )
    assert box.nsguard("netns", "down", NAME).returncode == 0
    assert box.out("ip", "netns", "list").split() == [NAME]
    assert box.run("test", "-e", "/run/nsguard").returncode != 0


def test_a_namespace_remade_by_someone_else_is_not_ours_any_more(box: Box) -> None:
    box.nsguard("netns", "up", NAME)
    box.write("/run/old", "")
    box.out("mount", "--bind", f"/run/netns/{NAME}", "/run/old")  # holds the old one's inode
    box.out("ip", "netns", "del", NAME)
    box.out("ip", "netns", "add", NAME)
    assert box.nsguard("netns", "up", NAME).returncode == 1
    assert box.nsguard("netns", "down", NAME).returncode == 0
    assert box.out("ip", "netns", "list").split() == [NAME]


def test_a_plain_file_under_the_name_is_refused(box: Box) -> None:
    box.write("/run/netns/vpn", "")
    done = box.nsguard("netns", "up", NAME)
    assert done.returncode == 1
    assert "was not made by nsguard" in done.stderr


def test_down_is_refused_while_a_process_lives_inside(box: Box) -> None:
    box.nsguard("netns", "up", NAME)
    box.out("sh", "-c", f"ip netns exec {NAME} sleep infinity >/dev/null 2>&1 </dev/null & echo")
    pid = _eventually(box, "sleep")
    done = box.nsguard("netns", "down", NAME)
    assert done.returncode == 1
    assert done.stderr == f"nsguard: namespace vpn is in use by PID {pid}; stop them first\n"
    assert box.nsguard("netns", "up", NAME).returncode == 0
    box.out("kill", "-KILL", pid)
    assert _until_down(box)
    assert box.traces() == []


def _eventually(box: Box, program: str) -> str:
    for _ in range(200):
        for pid in box.run("ip", "netns", "pids", NAME).stdout.split():
            if box.run("cat", f"/proc/{pid}/comm").stdout.strip() == program:
                return pid
    raise AssertionError(f"{program} did not start")


def _until_down(box: Box) -> bool:
    return any(box.nsguard("netns", "down", NAME).returncode == 0 for _ in range(50))


@pytest.mark.parametrize("name", ["../vpn", "", "a/b", "x" * 33, "-x", "vpn\n", "vpn;reboot"])
@pytest.mark.parametrize("command", ["netns up", "netns down", "tunnel up", "tunnel down", "tunnel reload"])
def test_odd_names_are_refused(box: Box, command: str, name: str) -> None:
    done = box.nsguard(*command.split(), name)
    assert done.returncode == 2
    assert done.stderr == (
        f"nsguard: {name!a} is not the name of a namespace; use 1 to 32 letters, digits, - and _, "
        "a letter or digit first\n"
    )


@pytest.mark.parametrize("command", ["netns up", "netns down", "tunnel up", "tunnel down", "tunnel reload", "status"])
def test_unknown_names_are_bad_input(box: Box, command: str) -> None:
    done = box.nsguard(*command.split(), "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr
    assert done.stderr.count("\n") == 1
    assert box.traces() == []


def _steps(box: Box) -> int:
    box.behave()
    assert box.nsguard("netns", "up", NAME).returncode == 0
    steps = len(box.calls())
    assert box.nsguard("netns", "down", NAME).returncode == 0
    return steps


@pytest.mark.parametrize("mode", MODES)
def test_whatever_goes_wrong_at_whichever_step_nothing_is_left(boxes: list[Box], mode: str) -> None:
    def check(box: Box, step: int) -> None:
        box.misbehave(mode, step)
        done = box.nsguard("netns", "up", NAME)
        box.behave()
        if mode.startswith("kill"):
            assert done.returncode == -9
            assert box.nsguard("netns", "up", NAME).returncode == 0, f"step {step}"
            assert box.nsguard("netns", "down", NAME).returncode == 0
        else:
            assert done.returncode == 1, f"step {step}"
        assert box.traces() == [], f"step {step}"

    at_each(_steps(boxes[0]), boxes, check)


@pytest.mark.parametrize("mode", ["kill-before", "kill-after"])
def test_down_after_a_killed_up_leaves_nothing(boxes: list[Box], mode: str) -> None:
    def check(box: Box, step: int) -> None:
        box.misbehave(mode, step)
        assert box.nsguard("netns", "up", NAME).returncode == -9
        box.behave()
        assert box.nsguard("netns", "down", NAME).returncode == 0
        assert box.traces() == [], f"step {step}"

    at_each(_steps(boxes[0]), boxes, check)


def test_addresses_of_exceptions_stand_on_the_loopback_interface(box: Box) -> None:
    wanted = spec() | {"loopback": ["192.168.1.10", "fd00::10"]}
    box.write_spec(wanted)
    done = box.nsguard("netns", "up", NAME)
    assert done.stderr.splitlines()[-3:] == [
        "+ ip -n vpn link set dev lo up",
        "+ ip -n vpn address add 192.168.1.10/32 dev lo",
        "+ ip -n vpn address add fd00::10/128 dev lo nodad",
    ]
    box.write_spec(wanted | {"loopback": ["fd00::10", "192.168.1.11"]})
    changed = box.nsguard("netns", "up", NAME).stderr
    assert [line for line in changed.splitlines() if "address" in line] == [
        "+ ip -n vpn address add 192.168.1.11/32 dev lo",
        "+ ip -n vpn address del 192.168.1.10/32 dev lo",
    ]
    box.write_spec(spec())
    box.nsguard("netns", "up", NAME)
    (lo,) = json.loads(box.out("ip", "-n", NAME, "-j", "address", "show", "dev", "lo"))
    assert {info["local"] for info in lo["addr_info"]} == {"127.0.0.1", "::1"}


LINK = {
    "interface": "vensg-1a2b3c4d",
    "inside": "host0",
    "ruleset": f"/etc/nsguard/{NAME}/host-link.nft",
    "host": ["169.254.64.0", "fd00:6e67::1"],
    "namespace": ["169.254.64.1", "fd00:6e67::2"],
    "published": [],
}


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
    for family in ("-4", "-6"):  # no route but to the host's end, and for answers
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


CLIENTS = f"/etc/nsguard/{NAME}/clients.nft"


def _narrowed() -> dict[str, Any]:
    return spec() | {"rulesets": spec()["rulesets"] | {"clients": CLIENTS}}


def test_rules_for_clients_come_change_and_go_with_the_spec(box: Box) -> None:
    box.write_spec(_narrowed())
    for chain in ("one", "other"):
        box.write(CLIENTS, f"table inet nsguard_from-{NAME} {{\nchain {chain} {{\n}}\n}}\n")
        assert box.nsguard("netns", "up", NAME).returncode == 0
        assert re.findall(r"chain (\w+)", box.out("nft", "list", "table", "inet", f"nsguard_from-{NAME}")) == [chain]
    box.write(CLIENTS, "wrong\n")  # what cannot be laid leaves the old rules
    assert box.nsguard("netns", "up", NAME).returncode != 0
    assert "chain other" in box.out("nft", "list", "table", "inet", f"nsguard_from-{NAME}")
    box.write_spec(spec())
    assert box.nsguard("netns", "up", NAME).returncode == 0
    assert box.out("nft", "list", "tables") == ""
    assert box.nsguard("netns", "down", NAME).returncode == 0


@pytest.mark.parametrize("mode", ["fail-before", "kill-after"])
def test_rules_for_clients_are_undone_from_wherever_it_failed(boxes: list[Box], mode: str) -> None:
    def prepare(box: Box) -> None:
        box.write_spec(_narrowed())
        box.write(CLIENTS, f"table inet nsguard_from-{NAME} {{\n}}\n")

    _undone_from_each_step(boxes, mode, prepare)


def _undone_from_each_step(boxes: list[Box], mode: str, prepare: Callable[[Box], None]) -> None:
    """What `up` leaves where it fails, or where it is killed and then repeated and taken down: nothing."""

    def check(box: Box, step: int) -> None:
        prepare(box)
        box.misbehave(mode, step)
        assert box.nsguard("netns", "up", NAME).returncode != 0, f"step {step}"
        box.behave()
        if mode == "kill-after":
            assert box.nsguard("netns", "up", NAME).returncode == 0, f"step {step}"
            assert box.nsguard("netns", "down", NAME).returncode == 0, f"step {step}"
        assert box.traces() == [], f"step {step}"

    prepare(boxes[0])
    at_each(_steps(boxes[0]), boxes, check)


@pytest.mark.parametrize("verb", ["up", "down"])
def test_while_another_namespace_comes_or_goes_its_link_waits(box: Box, verb: str) -> None:
    """Who forwards for whom is looked at by one at a time: two that went at once would leave the host forwarding."""
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
    _undone_from_each_step(boxes, mode, _linked)
