"""`nsguard-leaktest live`, the suite on a user's own host: here on the lab's client."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from nsguard_harness import scenario
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import debian_client
from nsguard_harness.lab.image import image
from nsguard_harness.lab.peer import LIBRARY
from nsguard_harness.machine import Completed
from nsguard_harness.planted import NO_VETH, VETH
from nsguard_harness.run.subjects import subjects
from nsguard_harness.target import TUNNEL_UNIT, wait_for_tunnel
from nsguard_harness.verdict import frames

pytestmark = pytest.mark.lab

LIBRARIES = "/usr/lib/nsguard-live"
NEEDED = ("scapy", "pyroute2", "rich", "markdown_it", "mdurl", "pygments")
LEAKTEST = (
    f"env PYTHONPATH={LIBRARY}:{LIBRARIES} python3"
    ' -c "import sys; from nsguard_harness.cli import main; sys.exit(main())"'
)
CONFINED = ("app-root", "app-user")
# The documentation ranges that `live` may send to in this lab. LAB: the parts of IPv6's that the lab itself uses.
TARGETS = ip_network("192.0.2.0/24"), ip_network("2001:db8::/32")
LAB = ip_network("2001:db8:51::/64"), ip_network("2001:db8:113::/64")
LEFT = "ls -d /run/nsguard-leaktest* /run/systemd/system/nsguard-leaktest* /tmp/nsguard-leaktest* 2>/dev/null || true"
CONFIGURATION = (
    "ip -d address | grep -v valid_lft; ip route show table all; ip -6 route show table all; ip rule; nft list ruleset;"
    "sysctl -a --pattern '^net[.]' 2>/dev/null | grep -v '_count'; systemctl list-unit-files --no-pager;"
    "ip -n vpn route show table all; ip netns exec vpn nft list ruleset; find /etc /usr/local /var/lib | sort"
)


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    """A lab whose client runs the demo's scenario, and has the harness's libraries, as a user's host has."""
    files = {name: importlib.import_module(name).__file__ for name in NEEDED}
    binds = {Path(file).parent: f"{LIBRARIES}/{name}" for name, file in files.items() if file}
    with ContainerLab(replace(debian_client(image()), binds=binds)) as lab:
        scenario.apply(lab.client, scenario.DEMO)
        subjects(lab.client)
        yield lab


def run(lab: ContainerLab, arguments: str = "vpn", prefix: str = "") -> Completed:
    """Run `live` on the client."""
    return lab.client.run(f"{prefix} {LEAKTEST} live {arguments}", timeout=120)


def verdicts(lab: ContainerLab, arguments: str = "") -> dict[str, set[str]]:
    """Run `live vpn` on the client; the attacks by their verdicts."""
    done = run(lab, f"vpn --json /tmp/live.json {arguments}")
    told: dict[str, Any] = json.loads(lab.client.succeed("cat /tmp/live.json; rm /tmp/live.json"))
    assert done.status == told["status"], done.errors
    by_verdict: dict[str, set[str]] = {}
    for result in told["results"]:
        by_verdict.setdefault(result["verdict"], set()).add(result["attack"])
    return by_verdict


@contextmanager
def drop_in(lab: ContainerLab, text: str) -> Iterator[None]:
    """Add lines to the units of the confined services for the body."""
    names = [f"/run/systemd/system/{service}.service.d" for service in CONFINED]
    restart = f"systemctl daemon-reload && systemctl restart {' '.join(CONFINED)}"
    lab.client.write_files({f"{name}/hole.conf": f"[Service]\n{text}\n" for name in names})
    try:
        lab.client.succeed(restart)
        yield
    finally:
        lab.client.succeed(f"rm -r {' '.join(names)}; {restart}")


def test_a_healthy_guard_is_contained_whatever_else_the_host_does(lab: ContainerLab) -> None:
    """Meanwhile the host makes look-ups and sends pings from an address of its uplink."""
    at = lab.addresses
    noise = (
        f"while :; do getent hosts noise.leak.test; ping -c1 -W1 {at.web.v4}; ping -c1 -W1 {at.web.v6}; sleep 0.2; done"
    )
    before = lab.client.succeed(CONFIGURATION)
    lab.client.succeed(f"systemd-run -q --unit=noise bash -c '{noise}'")
    try:
        with lab.capture(lab.client) as capture:
            by_verdict = verdicts(lab)
    finally:
        lab.client.succeed("systemctl stop noise")
    assert set(by_verdict) <= {"contained", "cannot apply"}
    expected = {"udp-beyond", "tcp-beyond", "getaddrinfo", "nscd-socket", "sockets-in-sight", "processes-inside"}
    assert expected | {"setns-proc", "proc-net", "raw-spoofed"} <= by_verdict["contained"]
    assert len(by_verdict["contained"]) > 50
    assert lab.client.succeed(CONFIGURATION) == before
    assert lab.client.succeed(LEFT) == ""
    polite([frame.data for frame in capture.frames])


def polite(captured: list[bytes]) -> None:
    """Check what `live` sends in clear on purpose: little, to documentation addresses, dropped by the first router."""
    sent = 0
    for packet in map(frames.decode, captured):
        to = packet.destination
        if to is None or not any(to in network for network in TARGETS) or any(to in network for network in LAB):
            continue
        sent += 1
        assert packet.hops == 1, packet.summary()
    assert 80 < sent < 400


def test_a_resolver_bound_back_is_leaked_by_name(lab: ContainerLab) -> None:
    with drop_in(lab, "BindPaths=/run/systemd/resolve /run/nscd /run/dbus"):
        by_verdict = verdicts(lab)
    assert {"getaddrinfo", "resolved-varlink", "resolved-dbus", "nscd-socket", "bus-names"} <= by_verdict["LEAKED"]
    assert {"udp-beyond", "tcp-beyond", "setns-proc", "proc-net"} <= by_verdict["contained"]


def test_a_veth_is_leaked_by_name(lab: ContainerLab) -> None:
    """A connection is recognised by its destination, because its first packet holds no token."""
    lab.client.succeed(*VETH, "ip -n vpn route add 192.0.2.0/24 via 10.99.0.1 metric 1")
    try:
        by_verdict = verdicts(lab, "--attack '*beyond'")
    finally:
        lab.client.succeed(*NO_VETH, "systemctl restart nsguard-netns-vpn")
        subjects(lab.client)
    assert {"udp-beyond", "tcp-beyond", "icmp-ping-beyond"} <= by_verdict["LEAKED"]


def test_a_process_outside_is_found(lab: ContainerLab) -> None:
    """An administrator moved a process of the host into the service's control group."""
    lab.client.succeed("systemd-run -q --unit=stray sleep 300")
    pid = lab.client.get_unit_property("stray", "MainPID")
    group = lab.client.get_unit_property(CONFINED[0], "ControlGroup")
    lab.client.succeed(f"echo {pid} | tee $(ls -d /sys/fs/cgroup/{{systemd,unified,}}{group}/cgroup.procs) || true")
    try:
        by_verdict = verdicts(lab, "--attack udp-beyond")
    finally:
        lab.client.succeed(f"kill {pid}")
    assert by_verdict["LEAKED"] == {"processes-inside"}


@pytest.mark.parametrize(
    ("prefix", "arguments", "line"),
    [
        ("setpriv --bounding-set=-net_raw", "vpn", "live: eth0 can't be captured, so nothing can be proved: tcpdump"),
        ("setpriv --reuid=65534 --clear-groups", "vpn", "live: to capture and to enter a namespace needs root"),
        ("", "nope", "live: there is no namespace nope; nsguard has made: vpn"),
        ("", "vpn --unit nope", "live: --unit nope: there is no such unit"),
        ("", "vpn --unit free", "live: --unit free: it is not confined to namespace vpn"),
        ("unshare --net", "vpn", "live: no uplink of this host is up"),
    ],
)
def test_what_can_not_be_done_is_told_in_one_line(lab: ContainerLab, prefix: str, arguments: str, line: str) -> None:
    done = run(lab, arguments, prefix)
    assert done.status == 3
    assert done.errors.startswith(f"nsguard-leaktest: {line}")
    assert done.errors.count("\n") == 1
    assert lab.client.succeed(LEFT) == ""


def test_a_tunnel_that_is_down_is_told_in_one_line_without_a_file_of_nsguards(lab: ContainerLab) -> None:
    lab.client.succeed(f"systemctl stop {TUNNEL_UNIT}")
    try:
        done = run(lab)
    finally:
        lab.client.succeed(f"systemctl start {TUNNEL_UNIT}")
        wait_for_tunnel(lab)
    line = f"live: namespace vpn has no tunnel that is up; see `nsguard status vpn`, then start {TUNNEL_UNIT}"
    assert (done.status, done.errors) == (3, f"nsguard-leaktest: {line}\n")


@pytest.mark.parametrize("signal", ["INT", "TERM", "KILL"])
def test_it_can_be_ended_at_any_time(lab: ContainerLab, signal: str) -> None:
    """After SIGKILL a probe remains, which would end by itself; the test removes it."""
    client = lab.client
    client.succeed(f"systemd-run -q --collect --unit=trial {LEAKTEST} live vpn")
    client.wait_until_succeeds("systemctl -q is-active 'nsguard-leaktest-*-as-user.service'", 30)
    client.succeed(f"systemctl kill -s {signal} trial")
    client.wait_until_fails("systemctl -q is-active trial", 30)
    if signal == "KILL":
        shown = client.succeed("systemctl show -p RuntimeMaxUSec 'nsguard-leaktest-*'")
        assert set(re.findall("RuntimeMaxUSec=(.*)", shown)) == {"5min"}
        client.succeed("systemctl stop 'nsguard-leaktest-*'; rm -f /run/systemd/system/nsguard-leaktest-*")
        client.succeed("rm -rf /run/nsguard-leaktest-* /tmp/nsguard-leaktest-*")
    assert client.execute("systemctl -q is-active 'nsguard-leaktest-*'")[0]
    assert client.succeed(LEFT) == ""
