"""The container lab works: its machines, wire, capture and servers."""

from __future__ import annotations

import socket
import textwrap
from functools import partial
from pathlib import Path

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.l2 import Ether

from nsguard_harness.addresses import LAB
from nsguard_harness.attacks.terminals import PERSON
from nsguard_harness.capture import Capture, Captures, Tcpdump
from nsguard_harness.errors import CommandError, LabError
from nsguard_harness.inside import records
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import NSCD_RECORDS, TUNNEL_CONFIGURATION
from nsguard_harness.lab.image import image
from nsguard_harness.lab.system import System
from nsguard_harness.lab.wire import packet_socket

pytestmark = pytest.mark.lab
BAD_UNIT = "[Service]\nType=oneshot\nExecStart=sh -c 'echo because; exit 1'\n"
GET = "python3 -c 'import sys, urllib.request as u; print(u.urlopen(sys.argv[1], timeout=60).read().decode())'"


def test_commands(lab: ContainerLab) -> None:
    client = lab.client
    assert client.execute("echo out; echo err >&2; exit 3") == (3, "out\n")
    assert client.execute("echo x; exit 3", check_return=False) == (-1, "x\n")
    assert client.execute("sleep 60", check_output=False) == (-2, "")
    assert client.execute("sleep 60", timeout=0.2)[0] == 124
    assert client.succeed("echo a", "echo b") == "a\nb\n"
    assert client.fail("exit 1") == ""
    with pytest.raises(CommandError, match=r"client: `false \| true` ended with 1"):
        client.succeed("false | true")
    with pytest.raises(CommandError, match="`true` ended with 0"):
        client.fail("true")
    with pytest.raises(CommandError, match=r"still ended with 1 after 0\.5 s"):
        client.wait_until_succeeds("false", timeout=0.1)
    assert "HOME=/root" in client.succeed("env").splitlines()


def test_nothing_failed_while_booting(lab: ContainerLab) -> None:
    for machine in lab.machines.values():
        assert machine.succeed("systemctl is-system-running").strip() == "running"


def test_units_that_fail_are_told_with_their_log(lab: ContainerLab) -> None:
    lab.client.write_files({"/run/systemd/system/bad.service": BAD_UNIT})
    lab.client.execute("systemctl daemon-reload; systemctl start bad")
    with pytest.raises(CommandError, match=r"bad\.service is failed, not active: .*because"):
        lab.client.wait_for_unit("bad.service")
    lab.client.succeed("systemctl reset-failed")


def test_where_nobody_can_log_in_the_person_at_a_terminal_says_so() -> None:
    with ContainerLab() as lab:
        lab.client.write_files({"/etc/pam.d/login": "auth required pam_deny.so\naccount required pam_deny.so\n"})
        with pytest.raises(CommandError, match=r"root cannot log in at a terminal: \w"):
            lab.peer.start("person", PERSON, lab.client)


def test_files_go_in_as_roots(lab: ContainerLab, tmp_path: Path) -> None:
    (tmp_path / "tree/deep").mkdir(parents=True)
    (tmp_path / "tree/deep/file").write_text("content")
    lab.client.copy_from_host(tmp_path / "tree", "/srv/there/tree")
    assert lab.client.succeed("cat /srv/there/tree/deep/file; stat -c %U /srv/there/tree") == "contentroot\n"
    # an absolute link in the machine leads to a path in the machine, not on the host
    lab.client.succeed("mkdir /srv/aim; ln -s /srv/aim /srv/link")
    lab.client.write_files({"/srv/link/x": "inside"})
    assert lab.client.succeed("cat /srv/aim/x") == "inside"
    assert lab.client.succeed(f"stat -c %a {TUNNEL_CONFIGURATION}") == "600\n"


@pytest.mark.parametrize("family", [4, 6])
def test_the_wire_carries_and_the_capture_sees(lab: ContainerLab, family: int) -> None:
    token = f"6e73677561726420{family:02d}"
    with lab.capture(lab.client) as capture:
        for address in (LAB.server.of(family), LAB.web.of(family)):
            lab.client.succeed(f"ping -n -c 1 -W 2 -p {token} {address}")
    carrying = [frame for frame in capture.frames if bytes.fromhex(token) in frame.data]
    assert len(carrying) == 4  # two requests, two replies
    assert [frame.wire for frame in carrying] == ["client"] * 4
    assert capture.dropped == 0
    assert carrying == sorted(carrying, key=lambda frame: frame.time)
    uplink = lab.client.uplinks[0]
    assert Ether(carrying[0].data).src == uplink.mac


@pytest.mark.parametrize("family", [4, 6])
def test_the_server_refuses_as_often_as_it_is_asked(lab: ContainerLab, family: int) -> None:
    domain, closed = "AF_INET6" if family == 6 else "AF_INET", 4444
    program = f"""
        import socket
        udp = socket.socket(socket.{domain}, socket.SOCK_DGRAM)
        udp.settimeout(20)
        udp.connect(("{LAB.web.of(family)}", {closed}))
        for _ in range(20):
            udp.send(b"anybody?")
            try:
                udp.recv(1)
            except ConnectionRefusedError:
                print("refused")
    """
    lab.client.write_files({"/run/refused.py": textwrap.dedent(program)})
    assert lab.client.succeed("python3 /run/refused.py").splitlines() == ["refused"] * 20


def test_the_capture_is_armed_before_it_is_entered_and_whole_after(lab: ContainerLab) -> None:
    with lab.capture(lab.client) as capture, packet_socket(lab.wire.switch, "client") as port:
        port.send(b"\xff" * 6 + b"\x02\0\0\0\0\x01\x88\xb6" + b"first".ljust(46, b"\0"))
        port.send(b"\xff" * 6 + b"\x02\0\0\0\0\x01\x88\xb6" + b"last".ljust(46, b"\0"))
    own = [frame.data[14:19].rstrip(b"\0") for frame in capture.frames if frame.data[12:14] == b"\x88\xb6"]
    assert own == [b"first", b"last"]
    assert not any(b"nsguard sentinel" in frame.data for frame in capture.frames)


def test_an_idle_machine_says_nothing(lab: ContainerLab) -> None:
    for machine in (lab.client, lab.server):
        machine.succeed("ip neigh flush all")  # else the kernel asks for a neighbour some seconds after the last packet
    with lab.capture(lab.client) as capture:
        lab.client.succeed("sleep 2")
    assert [frame.data.hex() for frame in capture.frames] == []


def test_frames_are_as_long_as_on_a_real_wire(lab: ContainerLab) -> None:
    program = f"""
        import socket, threading
        echo = socket.create_connection(("{LAB.web.v4}", {LAB.echo_port}), 60)
        size = 20_000_000
        threading.Thread(target=echo.sendall, args=(bytes(size),)).start()
        while size:
            size -= len(echo.recv(1 << 20))
    """
    lab.client.write_files({"/run/bulk.py": textwrap.dedent(program)})
    with lab.capture(lab.client) as capture:
        lab.client.succeed("python3 /run/bulk.py", timeout=300)
    carried = sum(len(Ether(frame.data)[TCP].payload) for frame in capture.frames[:200] if frame.data[23] == 6)
    assert carried > 100_000
    assert sum(len(frame.data) for frame in capture.frames) > 40_000_000
    assert max(len(frame.data) for frame in capture.frames) == 1514
    assert capture.dropped == 0


def test_a_capture_that_cannot_run_says_so(lab: ContainerLab, tmp_path: Path) -> None:
    recorder = Tcpdump(lab.wire.switch, "nowhere")
    capture = Capture("nowhere", tmp_path / "x.pcap", recorder, partial(lab.wire.send, "nowhere"))
    with pytest.raises(LabError, match=r"has no interface nowhere"):
        Captures([capture]).__enter__()


@pytest.mark.parametrize("family", [4, 6])
def test_the_web_server_tells_who_asks(lab: ContainerLab, family: int) -> None:
    address = LAB.web.of(family)
    url = f"http://{f'[{address}]' if family == 6 else address}/x"
    assert f'"peer": "{LAB.client.of(family)}", "local": "{address}", "path": "/x"' in lab.client.succeed(
        f"{GET} {url}"
    )


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("kind", ["SOCK_DGRAM", "SOCK_STREAM"])
def test_the_echo_server_answers_from_where_it_was_asked(lab: ContainerLab, family: int, kind: str) -> None:
    domain = "AF_INET6" if family == 6 else "AF_INET"
    program = (
        f"import socket; s = socket.socket(socket.{domain}, socket.{kind}); s.settimeout(30); "
        f's.connect(("{LAB.web.of(family)}", {LAB.echo_port})); s.send(b"echo-{family}-{kind}"); print(s.recv(99))'
    )
    # the socket is connected, so it receives no answer from another address
    assert lab.client.succeed(f"python3 -c '{program}'") == f"b'echo-{family}-{kind}'\n"
    seen = [record for record in lab.peer.records("echo") if record["data"] == f"echo-{family}-{kind}"]
    assert [(record["source"], record["local"]) for record in seen] == [(LAB.client.of(family), LAB.web.of(family))]


def test_look_ups_go_through_the_nscd_stand_in(lab: ContainerLab) -> None:
    lab.client.wait_for_unit("nscd.service")
    assert LAB.answer_uplink.v4 in lab.client.succeed("getent ahosts one.nscd.test")
    assert lab.client.succeed("getent hosts two.nscd.test").split() == [LAB.answer_uplink.v6, "two.nscd.test"]
    requests = records.parse(lab.client.read(NSCD_RECORDS))
    assert [(record["request"], record["name"]) for record in requests if record["name"].endswith(".nscd.test")] == [
        ("GETAI", "one.nscd.test"),
        ("GETHOSTBYNAMEv6", "two.nscd.test"),
    ]
    seen = [record for record in lab.peer.records("dns") if record.get("name", "").endswith(".nscd.test")]
    assert {(record["source"], record["local"]) for record in seen} == {(LAB.client.v4, LAB.server.v4)}


def test_look_ups_go_through_resolved_without_it(lab: ContainerLab) -> None:
    lab.client.succeed("systemctl stop nscd")
    try:
        assert LAB.answer_uplink.v4 in lab.client.succeed("getent ahosts three.test")
        assert "three.test" not in [record["name"] for record in records.parse(lab.client.read(NSCD_RECORDS))]
        assert "three.test" in [record.get("name") for record in lab.peer.records("dns")]
    finally:
        lab.client.succeed("systemctl start nscd")


def test_a_killed_nscd_makes_its_directory_anew(lab: ContainerLab) -> None:
    inode = "stat -c %i /run/nscd"
    before = lab.client.succeed(inode, "systemctl show -p MainPID --value nscd")
    lab.client.succeed("systemctl kill -s KILL nscd")
    lab.client.wait_until_succeeds('test "$(systemctl show -p MainPID --value nscd)" -gt 0 && test -S /run/nscd/socket')
    assert lab.client.succeed(inode, "systemctl show -p MainPID --value nscd") != before


def test_dns_over_tcp_is_recorded_as_such(lab: ContainerLab) -> None:
    program = (
        "import socket; from nsguard_harness.inside.dnswire import *; "
        f's = socket.create_connection(("{LAB.server.v6}", 53), 3); q = encode_query(Query(7, "tcp.test", "AAAA")); '
        's.sendall(len(q).to_bytes(2, "big") + q); n = int.from_bytes(s.recv(2), "big"); '
        "print(decode_addresses(s.recv(n), 7))"
    )
    output = lab.client.succeed(f"PYTHONPATH=/usr/lib/nsguard-harness python3 -c '{program}'")
    assert output == f"['{LAB.answer_uplink.v6}']\n"
    (seen,) = [record for record in lab.peer.records("dns") if record.get("name") == "tcp.test"]
    assert (seen["transport"], seen["type"], seen["local"]) == ("tcp", "AAAA", LAB.server.v6)


@pytest.fixture
def tunnel(lab: ContainerLab) -> None:
    """WireGuard, set up by hand in the client's namespace `hand`, with the kernel or wireguard-go."""
    lab.client.succeed(
        "ip netns add hand",
        "ip link add hand0 type wireguard 2>/dev/null || wireguard-go hand0 2>/dev/null",
        f"wg setconf hand0 <(grep -vE '^(Address|DNS)' {TUNNEL_CONFIGURATION})",
        "ip link set hand0 netns hand",
        f"ip -n hand address add {LAB.tunnel_client.v4}/32 dev hand0",
        f"ip -n hand address add {LAB.tunnel_client.v6}/128 dev hand0 nodad",
        "ip -n hand link set hand0 up",
        "ip -n hand route add default dev hand0",
        "ip -n hand -6 route add default dev hand0",
    )


@pytest.mark.usefixtures("tunnel")
def test_a_tunnel_by_hand(lab: ContainerLab) -> None:
    inside = "ip netns exec hand"
    try:
        with lab.capture(lab.client) as capture:
            for family in (4, 6):
                address = LAB.web.of(family)
                url = f"http://{f'[{address}]' if family == 6 else address}/"
                assert f'"peer": "{LAB.tunnel_client.of(family)}"' in lab.client.succeed(f"{inside} {GET} {url}")
        packets = [Ether(frame.data) for frame in capture.frames]
        ports = {(packet[UDP].sport, packet[UDP].dport) for packet in packets if UDP in packet}
        assert all(LAB.endpoint_port in pair for pair in ports)
        assert ports
        assert not any(ICMP in packet or TCP in packet for packet in packets)
        assert {packet[IP].dst for packet in packets if IP in packet and packet[IP].src == LAB.client.v4} == {
            LAB.endpoint.v4
        }
        assert lab.peer.received() > 0

        lab.peer.stop_wireguard()
        lab.client.fail(f"{inside} ping -n -c 1 -W 1 {LAB.tunnel_server.v4}")
        lab.peer.start_wireguard()
        lab.client.wait_until_succeeds(f"{inside} ping -n -c 1 -W 1 {LAB.tunnel_server.v4}", timeout=15)
    finally:
        lab.client.succeed(f"{inside} ip link delete hand0; ip netns delete hand")


def test_the_machine_is_not_the_host(lab: ContainerLab) -> None:
    assert lab.client.succeed("hostname") == "client\n"
    assert socket.gethostname() != "client"
    assert lab.client.path("/etc/hostname").parent != Path("/etc")
    assert lab.client.succeed("ls /sys/class/net").split() == ["eth0", "lo"]


def test_the_disk_stays_over_crash_and_reboot() -> None:
    with ContainerLab() as own:
        client = own.client
        client.succeed("echo kept > /root/kept; echo gone > /run/gone; systemctl disable -q nscd")
        client.crash()
        assert not client.is_up()
        with pytest.raises(LabError, match="client: is not up"):
            client.succeed("true")
        client.start()
        assert client.succeed("cat /root/kept") == "kept\n"
        client.fail("test -e /run/gone")
        client.reboot()
        assert client.succeed("cat /root/kept; systemctl is-enabled nscd || true") == "kept\ndisabled\n"
        # the machine has its uplink after every start
        client.succeed(f"ping -n -c 1 -W 2 {LAB.web.v4}")
        client.execute("systemctl poweroff", check_output=False)
        client.wait_for_shutdown()
        assert not client.is_up()


def test_a_machine_that_does_not_boot_shows_its_console() -> None:
    with pytest.raises(LabError, match=r"client: did not boot, nspawn ended with 0: .*container_uuid="):
        ContainerLab(System(image(), init="/usr/bin/env")).__enter__()
