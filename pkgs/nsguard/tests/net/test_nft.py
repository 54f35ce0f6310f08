"""The pins of several tunnels in one table, on the real kernel: which packets pass, and when the table goes."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from box import HERE, MARK, NAME, Box, config, spec

PINS = "inet nsguard_pins"
OTHERS = [f"other-{number}" for number in range(24)]
# A link that swallows packets, so that a packet that no rule drops can be sent.
UPLINK = (
    "ip link add up0 type bridge && ip link set up0 up && ip address add 192.0.2.1/24 dev up0 &&"
    " ip route add default via 192.0.2.2 && ip neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev up0"
)
# Prints whether the kernel took a datagram with this mark to this address and port; a rule that drops it refuses it.
SEND = """
import socket, sys
mark, host, port = sys.argv[1:]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, int(mark, 0))
    try:
        sender.sendto(b"packet", (host, int(port)))
    except PermissionError:
        print("refused")
    else:
        print("sent")
"""
# Stands for nft, and removes the other's record when a pin goes.
WRAPPER = f"""#!/bin/sh
text=$(cat)
case $text in *nsguard_pins*) rm -rf /run/nsguard/other ;; esac
printf '%s\\n' "$text" | exec {HERE}/shims/nft "$@"
"""


def _other(box: Box, name: str, mark: str) -> None:
    """Configure one more namespace, with a tunnel of this mark."""
    directory = f"/etc/nsguard/{name}"
    number = OTHERS.index(name)
    value = spec(name=f"of-{name}") | {
        "namespace": name,
        "fwMark": mark,
        "userspace": {"interface": f"nsg-{number:08x}", "unit": f"nsguard-userspace-{name}.service"},
        "rulesets": {"namespace": f"{directory}/namespace.nft", "host": f"{directory}/host.nft", "clients": None},
    }
    box.write(f"{directory}/spec.json", json.dumps(value))
    for ruleset in ("namespace", "host"):
        text = (HERE / f"rulesets/{ruleset}.nft").read_text()
        box.write(f"{directory}/{ruleset}.nft", text.replace(f"-{NAME}", f"-{name}"))


def _up(box: Box, *names: str) -> None:
    for name in names:
        for what in ("netns", "tunnel"):
            done = box.nsguard(what, "up", name)
            assert done.returncode == 0, done.stderr


def _sent(box: Box, mark: str, host: str = "198.51.100.7", port: int = 51820) -> str:
    return box.out(shutil.which("python3") or "python3", "-c", SEND, mark, host, str(port)).strip()


def test_a_packet_with_a_mark_goes_to_its_own_endpoint_or_nowhere(box: Box) -> None:
    box.kernel_wireguard()
    box.out("sh", "-c", UPLINK)
    _other(box, OTHERS[0], "0x51820")
    box.write("/run/tunnel.conf", config(endpoint="203.0.113.4:99"))
    _up(box, OTHERS[0])
    box.write("/run/tunnel.conf", config())
    _up(box, NAME)
    marks = ("0x6e7abcde", "0x51820", "0x6e700001", "0x6f700001", "0")
    assert {
        mark: (_sent(box, mark), _sent(box, mark, "203.0.113.4", 99), _sent(box, mark, port=53)) for mark in marks
    } == {
        "0x6e7abcde": ("sent", "refused", "refused"),
        "0x51820": ("refused", "sent", "refused"),
        "0x6e700001": ("refused", "refused", "refused"),
        "0x6f700001": ("sent", "sent", "sent"),
        "0": ("sent", "sent", "sent"),
    }


CHOSEN = "0x51820"  # a mark outside the range from which nsguard takes its own
LOSSES = {
    "map": (f"flush map {PINS} pins", "refused"),
    "chain": (f"flush chain {PINS} tunnel-{NAME}", "refused"),
    "set of marks": (f"flush set {PINS} marks", "sent"),
    "endpoints": (f"flush set {PINS} endpoint4-{NAME}", "refused"),
    "map and chain": (f"flush map {PINS} pins; flush chain {PINS} tunnel-{NAME}", "refused"),
}


@pytest.mark.parametrize("mark", ["0x6e7abcde", CHOSEN])
@pytest.mark.parametrize("loss", LOSSES)
def test_a_pin_that_has_lost_a_part_lets_nothing_past(box: Box, mark: str, loss: str) -> None:
    lost, endpoint = LOSSES[loss]
    box.kernel_wireguard()
    box.out("sh", "-c", UPLINK)
    box.write_spec(spec() | {"fwMark": mark})
    _up(box, NAME)
    assert (_sent(box, mark), _sent(box, mark, port=53)) == ("sent", "refused")
    box.out("nft", lost)
    assert (_sent(box, mark), _sent(box, mark, port=53)) == (endpoint, "refused")
    assert _sent(box, "0", port=53) == _sent(box, "0x6f700001", port=53) == "sent"
    assert box.nsguard("tunnel", "reload", NAME).returncode == 0
    assert (_sent(box, mark), _sent(box, mark, port=53)) == ("sent", "refused")
    assert box.nsguard("tunnel", "down", NAME).returncode == 0
    assert box.out("nft", "list", "ruleset") == ""
    assert _sent(box, mark, port=53) == "sent"  # without the rules, such a packet passes


def test_a_mark_of_nsguards_range_goes_nowhere_without_map_and_set(box: Box) -> None:
    box.kernel_wireguard()
    box.out("sh", "-c", UPLINK)
    _up(box, NAME)
    box.out("nft", f"flush map {PINS} pins; flush set {PINS} marks")
    assert (_sent(box, "0x6e7abcde"), _sent(box, "0x6e7abcde", port=53)) == ("refused", "refused")


def test_many_that_come_and_go_at_once_leave_no_table(box: Box) -> None:
    box.kernel_wireguard()
    for number, name in enumerate(OTHERS):
        _other(box, name, f"{0x6E700001 + number:#x}")

    def at_once(*verbs: tuple[str, str]) -> None:
        with ThreadPoolExecutor(len(OTHERS)) as pool:
            for what, verb in verbs:
                for done in pool.map(lambda name: box.nsguard(what, verb, name), OTHERS):  # noqa: B023 (used at once)
                    assert done.returncode == 0, done.stderr

    at_once(("netns", "up"))
    for _ in range(3):
        at_once(("tunnel", "up"))
        rules = box.out("nft", "list", "ruleset")
        assert (rules.count("jump counted"), rules.count("vmap @pins"), rules.count("table")) == (len(OTHERS), 1, 1)
        (pins,) = [line for line in box.elements() if line.startswith("pins ")]
        assert len(json.loads(pins.removeprefix("pins "))) == len(OTHERS)
        at_once(("tunnel", "down"))
        assert box.out("nft", "list", "ruleset") == ""


def test_the_last_that_goes_takes_the_table_with_it(box: Box) -> None:
    box.kernel_wireguard()
    _other(box, OTHERS[0], "0x51820")
    _up(box, NAME, OTHERS[0])
    assert box.nsguard("tunnel", "down", OTHERS[0]).returncode == 0
    assert box.elements() == ['endpoint4-vpn [{"concat": ["198.51.100.7", 51820]}]', *MARK]
    assert box.nsguard("tunnel", "down", NAME).returncode == 0
    assert box.out("nft", "list", "ruleset") == ""


def test_of_two_that_go_together_one_takes_the_table(box: Box) -> None:
    """The record of the other is there while this tunnel removes its pin, and is gone afterwards."""
    box.kernel_wireguard()
    _up(box, NAME)
    box.write("/run/nsguard/other/tunnel.json", "{}")
    box.write("/run/wrapped/nft", WRAPPER, 0o755)
    path = f"/run/wrapped:{HERE}/shims:{os.environ['PATH']}"
    done = box.run(box.launcher, "tunnel", "down", NAME, SHIM=str(box.shim), PATH=path, REAL_PATH=os.environ["PATH"])
    assert done.returncode == 0, done.stderr
    assert box.out("ls", "/run/nsguard") == f"{NAME}\n"
    assert box.out("nft", "list", "ruleset") == ""


@pytest.mark.parametrize("verb", ["up", "reload"])
def test_a_mark_of_another_tunnel_is_refused_and_stays_the_others(box: Box, verb: str) -> None:
    box.kernel_wireguard()
    _other(box, OTHERS[0], "0x51820")
    _up(box, NAME, *(OTHERS[:1] if verb == "reload" else []))
    before = box.elements()
    box.nsguard("netns", "up", OTHERS[0])
    _other(box, OTHERS[0], "0x6e7abcde")
    done = box.nsguard("tunnel", verb, OTHERS[0])
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "nsguard: tunnel of-other-0: another tunnel has the mark 0x6e7abcde; set fwMark to a number that no other has; "
        "if that one has another mark now, stop both tunnels first"
    )
    assert box.elements() == before
    _other(box, OTHERS[0], "0x51821")
    assert box.nsguard("tunnel", verb, OTHERS[0]).returncode == 0
    assert '[1853537502, {"jump": {"target": "tunnel-vpn"}}]' in box.elements()[-1]
    assert box.nsguard("tunnel", "down", OTHERS[0]).returncode == 0
    assert box.elements()[-2:] == MARK


# What another program may have in its table. nft's versions have different reasons why that takes no pin.
FOREIGN = [
    "chain output { type filter hook input priority 0; }",
    "chain output { type filter hook output priority 7; }",
    "chain output { }",
    "map pins { type ipv4_addr : verdict; }",
    "flags dormant",
]


def _refused(box: Box, message: str) -> None:
    """A tunnel does not come up, with one line that matches `message`, and changes nothing."""
    before = box.out("nft", "list", "ruleset")
    done = box.nsguard("tunnel", "up", NAME)
    assert done.returncode == 1
    assert re.fullmatch(f"nsguard: {message}", done.stderr.splitlines()[-1])
    assert [line for line in done.stderr.splitlines() if "Error: " in line or "failed" in line] == []
    assert box.out("nft", "list", "ruleset") == before
    assert box.out("ls", f"/run/nsguard/{NAME}").split().count("tunnel.json") == 0


@pytest.mark.parametrize("content", FOREIGN)
def test_a_table_of_another_program_is_one_line(box: Box, content: str) -> None:
    box.kernel_wireguard()
    assert box.nsguard("netns", "up", NAME).returncode == 0
    box.run("nft", "-f", "-", stdin=f"table {PINS} {{\n{content}\n}}\n")
    _refused(
        box,
        rf"table {PINS} on the host is not as nsguard made it, and takes no pin \([^;]+\); run systemctl "
        rf"stop 'nsguard-tunnel-\*', then nft delete table {PINS}, and start the tunnels again",
    )
    box.out("nft", "delete", "table", *PINS.split())
    _up(box, NAME)


def test_a_table_that_another_program_owns_is_one_line_and_keeps_nothing_from_going_down(box: Box) -> None:
    box.kernel_wireguard()
    assert box.nsguard("netns", "up", NAME).returncode == 0
    message = (
        f"table {PINS} on the host belongs to another program (flags owner); "
        f"end that program, which `nft list table {PINS}` names"
    )
    with _owned(box):
        _refused(box, re.escape(message))
    _up(box, NAME)
    box.out("nft", "flush", "ruleset")
    record = f"/run/nsguard/{NAME}/tunnel.json"
    before = box.out("cat", record)
    box.write("/run/tunnel.conf", config(endpoint="203.0.113.4:99"))
    with _owned(box):
        done = box.nsguard("tunnel", "reload", NAME)
        assert box.out("cat", record) == before
        assert (done.returncode, done.stderr.splitlines()[-1]) == (1, f"nsguard: {message}")
        done = box.nsguard("tunnel", "down", NAME)
        assert done.returncode == 0, done.stderr
        assert box.out("nft", "list", "tables") == f"table {PINS}\n"


@contextmanager
def _owned(box: Box) -> Iterator[None]:
    """Within the body, another program owns the table."""
    command = f"echo 'add table {PINS} {{ flags owner; }}'; echo list tables; read -r _ </run/end"
    box.out("mkfifo", "/run/end")
    owner = box.start("sh", "-c", f"{{ {command}; }} | nft -i")
    assert owner.stdout
    while PINS not in owner.stdout.readline():
        assert owner.poll() is None
    try:
        yield
    finally:
        box.out("sh", "-c", "echo >/run/end; rm /run/end")
        owner.communicate()


def test_a_table_of_the_name_in_another_family_or_without_anything_is_no_hindrance(box: Box) -> None:
    box.kernel_wireguard()
    box.out("sh", "-c", UPLINK)
    box.out("nft", f"add table ip nsguard_pins; add table {PINS}")
    _up(box, NAME)
    assert (_sent(box, "0x6e7abcde"), _sent(box, "0x6e7abcde", port=53)) == ("sent", "refused")
    assert box.nsguard("tunnel", "down", NAME).returncode == 0
    assert box.out("nft", "list", "tables") == "table ip nsguard_pins\n"


def test_a_mark_that_changes_takes_the_pin_along(box: Box) -> None:
    box.kernel_wireguard()
    _up(box, NAME)
    box.write_spec(spec() | {"fwMark": "0x51820"})
    assert box.nsguard("tunnel", "reload", NAME).returncode == 0
    assert box.elements()[-2:] == ["marks [333856]", 'pins [[333856, {"jump": {"target": "tunnel-vpn"}}]]']
    box.write_spec(spec())  # the record has the mark, not the spec
    assert box.nsguard("tunnel", "down", NAME).returncode == 0
    assert box.traces_of_tunnel() == []


@pytest.mark.parametrize(
    "lost",
    [
        f"flush map {PINS} pins",
        f"flush set {PINS} marks",
        f"flush chain {PINS} output; delete set {PINS} marks",
        f"flush chain {PINS} tunnel-{NAME}",
        f"flush map {PINS} pins; delete chain {PINS} tunnel-{NAME}",
        f"flush chain {PINS} output",
        "flush ruleset",
    ],
)
def test_lost_parts_of_a_pin_come_back_and_keep_nothing_from_going_down(box: Box, lost: str) -> None:
    box.kernel_wireguard()
    _other(box, OTHERS[0], "0x51820")
    _up(box, OTHERS[0], NAME)
    before = sorted(box.out("nft", "list", "ruleset").splitlines())
    box.out("nft", lost)
    for name in (NAME, OTHERS[0]):
        assert box.nsguard("tunnel", "reload", name).returncode == 0
    assert sorted(box.out("nft", "list", "ruleset").splitlines()) == before
    box.out("nft", lost)
    for name in (NAME, OTHERS[0]):
        done = box.nsguard("tunnel", "down", name)
        assert done.returncode == 0, done.stderr
    assert box.traces_of_tunnel() == []


def test_the_table_of_version_0_1_goes(box: Box) -> None:
    box.kernel_wireguard()
    _up(box, NAME)
    record = box.state()
    del record["marks"]
    box.write(f"/run/nsguard/{NAME}/tunnel.json", json.dumps(record))
    box.out("nft", "delete table inet nsguard_pins; add table inet nsguard-vpn")
    assert box.nsguard("tunnel", "reload", NAME).returncode == 0
    assert box.out("nft", "list", "tables") == f"table {PINS}\n"
