"""Exceptions that the configuration lets out beside the tunnel: each works, the report names it, no more leaves."""

from __future__ import annotations

import json
import shlex

import pytest

from labs import lab_of
from nsguard_harness import scenario
from nsguard_harness.addresses import LAB
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.output.report import classes_rows
from nsguard_harness.plugin import Observer
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict, cells_for
from nsguard_harness.run.trial import attack, switch
from nsguard_harness.target import wait_for_tunnel

pytestmark = pytest.mark.lab

lab = lab_of(scenario.EXCEPTIONS)


def fetched(lab: ContainerLab, family: int, path: str) -> str:
    """Fetch a page from the exception's host, inside the namespace; the address that the server saw, or nothing."""
    host = {4: LAB.granted.v4, 6: f"[{LAB.granted.v6}]"}[family]
    get = f"import urllib.request as u; print(u.urlopen('http://{host}/{path}', timeout=60).read().decode())"
    status, output = lab.client.execute(f'ip netns exec vpn python3 -c "{get}" 2>/dev/null')
    return str(json.loads(output)["peer"]) if status == 0 else ""


@pytest.mark.parametrize(("family", "name"), [(4, "nas"), (6, "nas6")])
def test_an_exception_is_reached_from_the_hosts_address_and_named(lab: ContainerLab, family: int, name: str) -> None:
    with Observer(lab).watch() as watched:
        assert fetched(lab, family, "named") == LAB.client.of(family)
    assert watched.leaks == ()
    assert watched.judgement is not None
    rows = {kind: (count, why) for kind, count, why in classes_rows(watched.judgement)}
    count, why = rows[f"allowed-egress:{name}"]
    assert count >= 8 and why == "an exception of the configuration"


def test_it_needs_no_tunnel_and_comes_back_with_the_namespace(lab: ContainerLab) -> None:
    lab.client.succeed("systemctl stop nsguard-tunnel-vpn")
    assert fetched(lab, 4, "untunnelled") == LAB.client.v4
    lab.client.succeed("systemctl stop app-root app-user && systemctl restart nsguard-netns-vpn")
    lab.client.succeed("systemctl start nsguard-tunnel-vpn app-root app-user")
    wait_for_tunnel(lab)
    assert fetched(lab, 4, "again") == LAB.client.v4


def answered_by_the_host(lab: ContainerLab, address: str, port: int) -> bool:
    """Whether a connection to a port at a loopback address, made inside, gets the bytes of the host's service."""
    ask = f"import socket; print(socket.create_connection(('{address}', {port}), 20).recv(8))"
    status, output = lab.client.execute(f'ip netns exec vpn python3 -c "{ask}" 2>/dev/null')
    return status == 0 and "library" in output


def test_a_service_of_the_host_is_reached_at_its_one_port_and_no_other_is(lab: ContainerLab) -> None:
    serve = """
import socket, sys, threading
def answer(listener):
    while True:
        listener.accept()[0].sendall(b'library')
for port in (8989, 8990):
    threading.Thread(target=answer, args=(socket.create_server(('127.0.0.1', port)),)).start()
import subprocess
subprocess.run(['systemd-notify', '--ready'], check=True)
"""
    lab.client.succeed(f"printf %s {shlex.quote(serve)} >/run/library.py")
    lab.client.succeed("systemd-run -u library -p Type=notify -p NotifyAccess=all python3 /run/library.py", timeout=60)
    ask = "import socket; print(socket.create_connection(('127.0.0.1', 8990), 60).recv(8))"
    assert "library" in lab.client.succeed(f'python3 -c "{ask}"')  # control: the other port answers on the host
    with Observer(lab).watch() as watched:
        for address in ("127.0.0.1", "::1"):
            assert answered_by_the_host(lab, address, 18989)
            for port in (8989, 8990):
                assert not answered_by_the_host(lab, address, port)
    assert watched.leaks == ()
    lab.client.succeed("systemctl stop library")


def test_the_core_attacks_are_contained(lab: ContainerLab) -> None:
    report = Suite(lab, cells_for("*", subjects(lab.client), quick=True)).run()
    bad = [result for result in report.results if result.verdict not in (Verdict.CONTAINED, Verdict.CANNOT)]
    assert (bad, report.confined.judgement.unowned, report.status) == ([], (), 0)


DOCTOR = "vpn: hostservices: host service library should answer at 127.0.0.1 port 8989, "
OPTION = "nsguard.namespaces.vpn.hostServices.library"
REMEDIES = {
    "": f"where nothing listens on this host; start it, or set {OPTION}.port to the port on which it listens",
    "127.0.0.2": "but listens only at 127.0.0.2; make it listen at 127.0.0.1, or at all addresses; "
    f"for another loopback address, set {OPTION}.address",
    "127.0.0.1": None,
    "0.0.0.0": None,
}


@pytest.mark.parametrize(("address", "remedy"), REMEDIES.items(), ids=lambda it: it or "nobody")
def test_doctor_says_where_a_service_of_the_host_listens_instead(
    lab: ContainerLab, address: str, remedy: str | None
) -> None:
    if address:
        lab.client.succeed(f"systemd-run -q --collect -u library python3 -m http.server 8989 --bind {address}")
        lab.client.wait_until_succeeds(f"ss -Hltn | grep -q {address}:8989")
    try:
        status, output = lab.client.execute("nsguard doctor vpn")
        shown = lab.client.execute("nsguard status vpn")[1]
    finally:
        lab.client.succeed("systemctl stop library 2>/dev/null || [ $? = 5 ]")
    lines = [line for line in output.splitlines() if "hostservices" in line]
    assert lines == ([DOCTOR + remedy] if remedy else [])
    assert status == (1 if remedy else 0), output
    assert ("nobody answers on the host" in shown) == bool(remedy)


def test_without_the_namespace_every_port_of_the_host_is_reached(lab: ContainerLab) -> None:
    """The protection that closes these ports, and the attack that notices when it is missing."""
    cells = cells_for("beside-host-service", subjects(lab.client))
    assert attack(lab, cells) == []
    switch(lab.client, scenario.render(scenario.EXCEPTIONS, ["property:network-namespace", "property:namespace-check"]))
    try:
        cells = cells_for("beside-host-service", subjects(lab.client))
        assert {(red.attack, red.verdict) for red in attack(lab, cells)} == {("beside-host-service", Verdict.LEAKED)}
    finally:
        switch(lab.client, scenario.render(scenario.EXCEPTIONS))
        wait_for_tunnel(lab)


def test_what_is_no_exception_any_more_goes_by_the_tunnel(lab: ContainerLab) -> None:
    """The last test, because it changes the scenario."""
    lab.client.exceptions = ()
    with Observer(lab).watch() as watched:
        assert fetched(lab, 4, "not-told") == LAB.client.v4
    assert {leak.kind for leak in watched.leaks} == {"http"}  # a judge that does not know the exception calls it a leak
    units = [name for name in scenario.render(scenario.EXCEPTIONS).units if "-egress-" in name or "-host-" in name]
    links = "*.wants/nsguard-egress-* *.wants/nsguard-host-*"
    lab.client.succeed(f"systemctl stop {' '.join(units)}; cd {scenario.UNITS} && rm {' '.join(units)} {links}")
    scenario.install(lab.client, scenario.render(scenario.DEMO))
    lab.client.succeed("systemctl reload nsguard-netns-vpn")
    with Observer(lab).watch() as watched:
        assert fetched(lab, 4, "tunnelled") == LAB.tunnel_client.v4
    assert watched.leaks == ()
