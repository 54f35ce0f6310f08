"""A tunnel whose endpoint is a name: the server moves, the machine sleeps, or it boots without a network."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_address

import pytest

from awaited import until
from nsguard_harness import inspection, scenario
from nsguard_harness.addresses import LAB, Pair
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import TUNNEL_CONFIGURATION
from nsguard_harness.lab.peer import LIBRARY, STATE
from nsguard_harness.lab.wire import INTERFACE
from nsguard_harness.run.world import Observed
from nsguard_harness.target import wait_for_tunnel
from nsguard_harness.verdict.judge import Judgement, judge
from nsguard_harness.verdict.rules import Wire
from nsguard_harness.verdict.tokens import Tokens

pytestmark = pytest.mark.lab
NAME, TUNNEL = "endpoint.lab.test", "nsguard-tunnel-vpn.service"
# The server's address after it has moved.
ELSEWHERE = LAB.answer_uplink
DEMO = f"import {scenario.DEMO}"
SPECIFICATION = f"""let demo = {DEMO}; in demo // {{
  tunnels.lab = demo.tunnels.lab // {{ dynamicEndpointRefreshSeconds = 2; }};
}}
"""
# Seconds after which a peer that does not answer counts as silent (docs/tunnels.md).
PATIENCE = 15
# Makes one connection through the tunnel and counts the lines that come over it. It also sends, because a peer to which
# nothing is sent looks like a silent one.
READER = f"""
import socket, threading, time
def speak():
    while True:
        time.sleep(0.5)
        tcp.sendall(b"x")
tcp = socket.create_connection(("{LAB.web.v4}", {LAB.web_port}))
tcp.sendall(b"GET /stream HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
threading.Thread(target=speak, daemon=True).start()
for number, _ in enumerate(tcp.makefile("rb")):
    open("/run/reader", "w").write(str(number))
"""


class Moving(ContainerLab):
    """A lab whose server may be at its first addresses or at others."""

    def endpoints(self) -> set[tuple[str, int]]:
        return super().endpoints() | {(address, self.addresses.endpoint_port) for address in ELSEWHERE}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moving]:
    path = tmp_path_factory.mktemp("scenario") / "scenario.nix"
    path.write_text(SPECIFICATION)
    with Moving() as lab:
        lab.client.succeed(f"sed -i 's/^Endpoint = .*/Endpoint = {NAME}:{LAB.endpoint_port}/' {TUNNEL_CONFIGURATION}")
        named(lab, LAB.endpoint.v4)
        plan = scenario.render(path)
        scenario.install(lab.client, plan)
        scenario.start(lab.client, plan)
        wait_for_tunnel(lab)
        yield lab


def named(lab: ContainerLab, *where: str) -> None:
    """Resolve every name to these addresses from now on."""
    lab.server.succeed(
        "systemctl stop lab-dns names 2>/dev/null || true",
        f"systemd-run -q --collect --unit=names --service-type=notify --setenv=PYTHONPATH={LIBRARY}"
        f" python3 -m nsguard_harness.inside.dns {STATE}/dns.jsonl default={','.join(where)}",
    )


def serve_at(lab: ContainerLab, where: Pair) -> None:
    """Let the server receive and answer WireGuard's packets only at these addresses."""
    drop = "\n".join(
        f"chain {hook} {{ type filter hook {hook} priority 0; {match} {where.v4} udp {port} {LAB.endpoint_port} drop;"
        f" {match.replace('ip ', 'ip6 ')} {where.v6} udp {port} {LAB.endpoint_port} drop; }}"
        for hook, match, port in (("input", "ip daddr !=", "dport"), ("output", "ip saddr !=", "sport"))
    )
    lab.server.succeed(
        f"nft -f - <<< 'add table inet moved; delete table inet moved; table inet moved {{\n{drop}\n}}'",
        # wireguard-go answers from the route's address (see peer.wireguard_unit)
        f"ip route replace {LAB.lan.v4} dev {INTERFACE} src {where.v4}",
        f"ip route replace {LAB.lan.v6} dev {INTERFACE} src {where.v6} metric 256",
    )


@contextmanager
def moved(lab: ContainerLab, where: Pair, *names: str) -> Iterator[None]:
    """Move the server for the body, and resolve its name to `names`; move it back afterwards."""
    serve_at(lab, where)
    named(lab, *names)
    try:
        yield
    finally:
        serve_at(lab, LAB.endpoint)
        named(lab, LAB.endpoint.v4)
        endpoint_becomes(lab, LAB.endpoint.v4)
        wait_for_tunnel(lab)


def endpoints(lab: ContainerLab) -> list[str | None]:
    """The tunnel's endpoints; none while its process is being replaced."""
    try:
        return [peer.endpoint for peer in inspection.peers(lab.client, "vpn")]
    except OSError:
        return []


def endpoint_becomes(lab: ContainerLab, address: str, timeout: float = 40) -> float:
    """Wait until the tunnel's endpoint is at an address; return the seconds that this took."""
    start, host = time.monotonic(), f"[{address}]" if ":" in address else address
    endpoint = f"{host}:{LAB.endpoint_port}"
    until(lambda: endpoints(lab) == [endpoint], f"the endpoint does not become {endpoint}", timeout)
    return time.monotonic() - start


def process(lab: ContainerLab) -> str:
    """The PID of the process that runs the tunnel; 0 if the kernel does."""
    return lab.client.get_unit_property("nsguard-userspace-vpn.service", "MainPID")


@contextmanager
def reader(lab: ContainerLab) -> Iterator[Callable[[], int]]:
    """Hold a single connection through the tunnel for the body; gives a function that counts its lines so far."""
    inside = "-p NetworkNamespacePath=/run/netns/vpn"
    lab.client.write_files({"/run/reader.py": READER})
    lab.client.succeed(f"rm -f /run/reader; systemd-run -q --unit=reader {inside} python3 /run/reader.py")
    try:
        lab.client.wait_for_file("/run/reader", 10)
        yield lambda: int(lab.client.path("/run/reader").read_text() or 0)
    finally:
        lab.client.succeed("systemctl stop reader")


def goes_on(lab: ContainerLab, lines: Callable[[], int]) -> None:
    """Wait until more lines come over the same connection."""
    before = lines()

    def more() -> bool:
        assert lab.client.get_unit_property("reader.service", "ActiveState") == "active"
        return lines() > before + 5

    until(more, f"no more lines after {before}")


class Watched:
    """Captures the uplink for the body, and judges it afterwards; look-ups of the endpoint's name do not count.

    A capture ends when the wire is quiet, so a reader belongs into the body, not around it.
    """

    def __init__(self, lab: ContainerLab, *more: str) -> None:
        self._lab, self._capture, self._observed, self._more = lab, lab.capture(lab.client), Observed(lab), more

    def __enter__(self) -> Watched:
        self._capture.__enter__()
        return self

    def look(self) -> None:
        """Note the tunnel's port; needed after each step that may have made the tunnel anew, with another port."""
        self._observed.look()

    def __exit__(self, *error: object) -> None:
        self.look()
        self._capture.__exit__(None, None, None)

    def judged(self) -> Judgement:
        """The judgement on all frames but the host's look-ups of the endpoint's name."""
        world = self._observed.world
        ((wire, description),) = world.wires.items()
        own = replace(
            description.uplink, addresses=description.uplink.addresses | {ip_address(it) for it in self._more}
        )
        world = replace(world, wires={wire: Wire(own, description.neighbours)})
        label = b"\x08endpoint\x03lab\x04test\x00"
        assert b"\x08endpoint" in label
        frames = [frame for frame in self._capture.frames if label not in frame.data]
        judgement = judge(frames, world, Tokens({}), self._capture.dropped)
        assert not judgement.void
        assert judgement.frames > 20
        return judgement


def test_a_server_that_moves_during_a_transfer_is_followed(lab: Moving) -> None:
    with Watched(lab) as watched, reader(lab) as lines:
        goes_on(lab, lines)
        with moved(lab, ELSEWHERE, ELSEWHERE.v4):
            endpoint_becomes(lab, ELSEWHERE.v4)
            goes_on(lab, lines)
        goes_on(lab, lines)
    assert watched.judged().leaks == ()
    assert lab.client.get_unit_property(TUNNEL, "NRestarts") == "0"


def test_the_family_is_the_one_that_works(lab: Moving) -> None:
    """First the name has IPv6 alone; then it has both families, and nobody answers at the IPv6 address."""
    before = process(lab)
    with Watched(lab) as watched:
        with reader(lab) as lines:
            with moved(lab, LAB.endpoint, LAB.endpoint.v6):
                endpoint_becomes(lab, LAB.endpoint.v6)
                goes_on(lab, lines)
                watched.look()
                # wireguard-go is replaced: after IPv4, it might send to a part of the address (docs/tunnels.md)
                assert (process(lab) != before) == (before != "0")
            goes_on(lab, lines)
        with moved(lab, LAB.endpoint, ELSEWHERE.v6):
            endpoint_becomes(lab, ELSEWHERE.v6)
            watched.look()
            named(lab, LAB.endpoint.v4, ELSEWHERE.v6)
            took = endpoint_becomes(lab, LAB.endpoint.v4, 120)
            wait_for_tunnel(lab)
    # The change waits for silence: twice the time that a peer has for an answer, of which the first has already begun.
    assert took > PATIENCE or before == "0"
    assert watched.judged().leaks == ()


def test_of_two_addresses_of_a_family_the_other_is_taken_when_one_falls_silent(lab: Moving) -> None:
    """Only the program that looks for silence sees time pass (time_namespaces(7)); else it would take half a minute."""
    before, passed = process(lab), 0
    try:
        with Watched(lab) as watched, reader(lab) as lines:
            goes_on(lab, lines)
            named(lab, LAB.endpoint.v4, ELSEWHERE.v4)
            lab.peer.stop_wireguard()
            try:
                while endpoints(lab) == [f"{LAB.endpoint.v4}:{LAB.endpoint_port}"]:
                    passed += PATIENCE
                    assert passed < 10 * PATIENCE
                    lab.client.succeed(f"sleep 0.6; unshare --time --boottime {passed} nsguard tunnel refresh vpn")
            finally:  # only now the server answers at the other address, so that it does not send from there unasked
                serve_at(lab, ELSEWHERE)
                lab.peer.start_wireguard()
            assert passed >= 2 * PATIENCE
            assert endpoints(lab) == [f"{ELSEWHERE.v4}:{LAB.endpoint_port}"]
            goes_on(lab, lines)
        assert watched.judged().leaks == ()
        assert process(lab) == before
    finally:
        serve_at(lab, LAB.endpoint)
        named(lab, LAB.endpoint.v4)
        lab.client.succeed(f"systemctl restart {TUNNEL}")  # so that it knows no times of the future
        wait_for_tunnel(lab)


def test_a_machine_that_slept_and_woke_elsewhere_comes_back(lab: Moving) -> None:
    """A suspend is imitated: all processes are frozen, and they continue in another network."""
    other = Pair("198.51.100.77", "2001:db8:51::77")
    eth = INTERFACE

    def address(now: Pair, before: Pair) -> str:
        return (
            f"ip address del {before.v4}/24 dev {eth}; ip address del {before.v6}/64 dev {eth};"
            f" ip address add {now.v4}/24 dev {eth}; ip address add {now.v6}/64 dev {eth} nodad;"
            f" ip route replace default via {LAB.server.v4} dev {eth};"
            f" ip -6 route replace default via {LAB.server.v6} dev {eth}"
        )

    with Watched(lab, *other) as watched, reader(lab) as lines:
        goes_on(lab, lines)
        lab.client.freeze()
        try:
            stood = lines()
            serve_at(lab, ELSEWHERE)
            named(lab, ELSEWHERE.v4)
            lab.client.succeed(address(other, LAB.client))
            time.sleep(3)  # asleep: nothing may happen meanwhile
            assert lines() == stood
        finally:
            lab.client.freeze(frozen=False)
        endpoint_becomes(lab, ELSEWHERE.v4)
        goes_on(lab, lines)
        serve_at(lab, LAB.endpoint)
        named(lab, LAB.endpoint.v4)
        lab.client.succeed(address(LAB.client, other))
        endpoint_becomes(lab, LAB.endpoint.v4)
        goes_on(lab, lines)
    assert watched.judged().leaks == ()


def test_a_machine_that_boots_without_a_network_is_up_and_closed_and_comes_back(lab: Moving) -> None:
    """Neither the boot nor the service waits for a name that does not resolve."""
    lab.server.succeed("systemctl stop names lab-dns", f"ip link set {INTERFACE} down")
    try:
        start = time.monotonic()
        lab.client.reboot()
        took = time.monotonic() - start
        assert took < 15, took
        assert lab.client.get_unit_property("app-root.service", "ActiveState") == "active"
        assert inspection.namespace(lab.client, "vpn").links == {"lo"}
        assert inspection.namespace(lab.client, "vpn").routes == frozenset()
    finally:
        lab.server.succeed(
            f"ip link set {INTERFACE} up",
            f"ip address replace {LAB.server.v6}/64 dev {INTERFACE} nodad",
        )
        serve_at(lab, LAB.endpoint)
        named(lab, LAB.endpoint.v4)
    wait_for_tunnel(lab, 60)
    assert inspection.namespace(lab.client, "vpn").links == {"lo", "wg0"}
    journal = lab.client.succeed(f"journalctl --sync; journalctl -b -o cat -u {TUNNEL}")
    assert re.search(rf"nsguard: endpoint {NAME}: .*; check the host's resolver or give an address", journal)


def test_the_app_waits_for_no_name(lab: Moving) -> None:
    """If a tunnel's endpoints are addresses, systemd skips the timer's unit and starts no process."""
    unit = "nsguard-refresh-vpn.service"
    lab.client.succeed(f"cp -p {TUNNEL_CONFIGURATION} /run/kept")
    try:
        lab.client.succeed(
            f"sed -i 's/^Endpoint = .*/Endpoint = {LAB.endpoint.v4}:{LAB.endpoint_port}/' {TUNNEL_CONFIGURATION}",
            f"systemctl reload {TUNNEL}",
        )
        before = lab.client.get_unit_property(unit, "ConditionTimestampMonotonic")
        until(lambda: lab.client.get_unit_property(unit, "ConditionTimestampMonotonic") != before)
        assert lab.client.get_unit_property(unit, "ConditionResult") == "no"
    finally:
        lab.client.succeed(f"cp -p /run/kept {TUNNEL_CONFIGURATION}", f"systemctl reload {TUNNEL}")
