"""`netns up|down` on the real kernel."""

import json

import pytest

from box import NAME, Box, at_each, spec
from undoing import steps

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


def test_no_later_namespace_passes_for_one_that_somebody_removed(box: Box) -> None:
    """The kernel gives the inode of a namespace that is gone to a later one."""
    box.nsguard("netns", "up", NAME)
    own = box.out("stat", "-Lc", "%i", f"/run/netns/{NAME}").strip()
    box.out("ip", "-n", NAME, "link", "add", "mark", "type", "bridge")
    box.out("ip", "netns", "del", NAME)
    assert box.out("stat", "-Lc", "%i", f"/run/nsguard/{NAME}/namespace").strip() == own
    others = [f"/run/netns/other{number}" for number in range(16)]
    for other in others:
        box.out("ip", "netns", "add", other.rpartition("/")[2])
    assert own not in box.out("stat", "-Lc", "%i", *others).split()
    assert box.nsguard("netns", "up", NAME).returncode == 0
    # a new one; it may get the inode, which nothing holds from here on
    assert "mark" not in box.out("ip", "-n", NAME, "-br", "link")
    for other in others:
        box.out("ip", "netns", "del", other.rpartition("/")[2])
    assert box.nsguard("netns", "down", NAME).returncode == 0
    assert box.traces() == []


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


EARLIER = (
    "mkdir -p -m 755 /run/nsguard/vpn /run/netns",
    "mount -t tmpfs -o mode=755,nosuid,nodev,noexec,size=1m nsguard /run/netns",
)


@pytest.mark.parametrize("before", ["", "; ".join(EARLIER)], ids=["", "of an earlier version"])
def test_nobody_but_root_can_hold_a_lock_that_a_start_waits_for(box: Box, before: str) -> None:
    box.out("sh", "-c", before)
    assert box.nsguard("netns", "up", NAME).returncode == 0
    for directory in ("/run/netns", "/run/nsguard", f"/run/nsguard/{NAME}"):
        box.out("flock", "-n", directory, "true")
        done = box.run("setpriv", "--reuid=65534", "--clear-groups", "flock", "-n", directory, "true")
        assert "Permission denied" in done.stderr, directory
    box.out("setpriv", "--reuid=65534", "--clear-groups", "test", "-r", f"/run/nsguard/{NAME}/inside/resolv.conf")


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

    at_each(steps(boxes[0]), boxes, check)


@pytest.mark.parametrize("mode", ["kill-before", "kill-after"])
def test_down_after_a_killed_up_leaves_nothing(boxes: list[Box], mode: str) -> None:
    def check(box: Box, step: int) -> None:
        box.misbehave(mode, step)
        assert box.nsguard("netns", "up", NAME).returncode == -9
        box.behave()
        assert box.nsguard("netns", "down", NAME).returncode == 0
        assert box.traces() == [], f"step {step}"

    at_each(steps(boxes[0]), boxes, check)


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
