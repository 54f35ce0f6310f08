"""A lab sends nothing outside, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyroute2 import IPRoute
from scapy.layers.inet import ICMP, IP
from scapy.layers.l2 import Ether

from nsguard_harness.addresses import LAB
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.wire import in_namespace, packet_socket

pytestmark = pytest.mark.lab
HOST = Path("/proc/self/ns/net")
SECONDS = 10
# from the tunnel's private prefixes only its two hosts, because a real network may use the other addresses
OURS = " or ".join(
    [f"net {address}" for pair in (LAB.lan, LAB.beyond) for address in pair]
    + [f"host {address}" for pair in (LAB.tunnel_server, LAB.tunnel_client) for address in pair]
)


def links() -> set[str]:
    """The interfaces in this thread's network namespace."""
    with IPRoute() as ip:
        return {link.get_attr("IFLA_IFNAME") for link in ip.get_links()}


def traces(identity: str) -> list[str]:
    """The mounts, control groups, processes and files whose name contains a lab's identity."""
    remains = [line for line in Path("/proc/self/mounts").read_text().splitlines() if identity in line]
    for top in ("/tmp", "/run", "/run/netns", "/run/systemd/nspawn", "/run/systemd/nspawn/propagate", "/dev/shm"):
        remains += [str(path) for path in Path(top).glob(f"*{identity}*")]
    # unlike rglob, walk raises no error if a control group disappears meanwhile
    remains += [path for path, _, _ in os.walk("/sys/fs/cgroup") if identity in path]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes() + (process / "cgroup").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if identity.encode() in words:
            remains.append(f"{process}: {words!r}")
    return remains


def wait_until_gone(identity: str) -> list[str]:
    """Wait until no traces of a lab remain; return those that still do after SECONDS."""
    deadline = time.monotonic() + SECONDS
    while (left := traces(identity)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


@pytest.fixture
def way_out() -> Iterator[str]:
    """A veth pair in the host's namespace, which looks there as a way out of the lab would."""
    name = f"nsg{os.getpid() % 10**6}"
    with IPRoute() as ip:
        ip.link("add", ifname=f"{name}a", kind="veth", peer={"ifname": f"{name}b"})
        try:
            for end in ("a", "b"):
                Path(f"/proc/sys/net/ipv6/conf/{name}{end}/disable_ipv6").write_text("1")
                ip.link("set", index=ip.link_lookup(ifname=name + end)[0], state="up")
            yield f"{name}a"
        finally:
            ip.link("del", index=ip.link_lookup(ifname=f"{name}a")[0])


class Observer:
    """tcpdump on all interfaces of the host, for frames with an address of the lab."""

    def __init__(self, way_out: str, log: Path) -> None:
        """way_out: the interface for control frames, which the observer must see."""
        self.log, self._way_out = log, way_out
        command = ["tcpdump", "-n", "-l", "--immediate-mode", "-Z", "root", "-i", "any", OURS]
        with log.open("wb") as out:
            self.tcpdump = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.PIPE)

    def control(self, number: int) -> None:
        """Send a frame with the lab's addresses through the way out until the observer sees it."""
        frame = Ether(src="02:53:00:00:00:fe", dst="02:53:00:00:00:fd")
        packet = frame / IP(src=LAB.client.v4, dst=LAB.web.v4) / ICMP(id=number)
        deadline = time.monotonic() + SECONDS
        with packet_socket(HOST, self._way_out) as port:
            while f"id {number}," not in self.log.read_text():
                assert time.monotonic() < deadline, "the observer does not see it"
                port.send(bytes(packet))
                time.sleep(0.05)

    def close(self) -> list[str]:
        """The observed lines, without those of the control frames."""
        self.tcpdump.send_signal(signal.SIGINT)
        _, output = self.tcpdump.communicate(timeout=SECONDS)
        assert b"\n0 packets dropped by kernel" in output
        return [line for line in self.log.read_text().splitlines() if line and self._way_out[:-1] not in line]


def test_nothing_of_the_lab_passes_the_hosts_interfaces(way_out: str, tmp_path: Path) -> None:
    before = links()
    observer = Observer(way_out, tmp_path / "seen")
    try:
        observer.control(1)
        with ContainerLab() as lab:
            lab.client.succeed(*(f"ping -n -c 1 -W 2 {address}" for pair in (LAB.server, LAB.web) for address in pair))
            lab.client.succeed("getent hosts isolation.test")
            lab.client.execute("ping -n -c 1 -W 1 -b 198.51.100.255; ping -n -c 1 -W 1 203.0.113.200")
            assert links() == before
        observer.control(2)
    finally:
        others = observer.close()
    assert others == []


def test_the_switch_has_no_way_out(lab: ContainerLab) -> None:
    def routes() -> int:
        with IPRoute() as ip:
            return len(ip.get_default_routes())

    assert in_namespace(lab.wire.switch, links) == {"lo", "bridge", "server", "client"}
    assert in_namespace(lab.wire.switch, routes) == 0
    assert in_namespace(lab.wire.namespace("server"), routes) == 0
    assert in_namespace(lab.wire.namespace("client"), routes) == 2  # one for each family, to the server


def test_the_servers_peer_answers_for_no_one_else(lab: ContainerLab) -> None:
    assert lab.client.execute("ping -n -c 1 -W 1 203.0.113.200")[0] != 0
    assert lab.server.succeed("cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding") == "0\n0\n"


def test_nothing_stays_of_a_closed_lab() -> None:
    with ContainerLab() as own:
        assert len(traces(own.identity)) > 10  # control: the search finds the traces of a running lab
        own.client.execute("sleep 1000", check_output=False)
    assert traces(own.identity) == []
    own.close()


def test_nothing_stays_of_a_lab_that_failed_half_way(monkeypatch: pytest.MonkeyPatch) -> None:
    own = ContainerLab()
    monkeypatch.setattr("nsguard_harness.lab.wired.debian_client", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        own.__enter__()
    assert traces(own.identity) == []


PROGRAM = """
from nsguard_harness.lab.container import ContainerLab
with ContainerLab() as lab:
    print(lab.identity, flush=True)
    lab.client.succeed("sleep 1000")
"""


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, -signal.SIGINT)]
)
def test_nothing_stays_of_a_lab_whose_process_is_ended(number: signal.Signals, status: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        identity = process.stdout.readline().strip()
        assert traces(identity)
        process.send_signal(number)
        assert process.wait(SECONDS) == status
    assert traces(identity) == []


def test_nothing_stays_of_a_lab_whose_process_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        identity = process.stdout.readline().strip()
        process.kill()
    assert wait_until_gone(identity) == []
