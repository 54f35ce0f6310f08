"""Homes outside /home: those of accounts as which a service can act, and those that a bind mount shows once more."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from becoming import agent
from nsguard_harness import scenario
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import Suite, Verdict, cells_for
from nsguard_harness.run.trial import switch
from nsguard_harness.target import wait_for_tunnel

pytestmark = pytest.mark.lab

GUARD = "property:hidden-homes:elsewhere"
HOME = "/var/www"  # of www-data, in passwd(5) of the lab's machines
# With nothing hidden the home is still read-only: the service starts as root.
WAYS = {"left-in-own-home": Verdict.CONTAINED, "socket-in-own-home": Verdict.LEAKED}
# systemd before 258 denies setgroups(2), so root's groups stay.
BECOME = "/usr/bin/setpriv --reuid=www-data --regid=www-data --keep-groups"
# A socket in a home, which only the home's user may use. A service finds its path in a program, not in its unit.
SOCKET = "nsguard-test-socket"
PROGRAMS = "/usr/local/lib/nsguard-test"
LISTEN = "import os, signal, socket, sys; os.umask(0o177); s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]);"
LISTEN += " s.listen(); signal.pause()"
AGENT, OWN = f"{HOME}/.gnupg", f"{HOME}/.cache/dotted"
PERSON, NUMBER = "nsguard-person", 1500
EXPORT = "/export/home"  # shows /home


def connecting(program: str, capabilities: Sequence[str] = (), **more: object) -> dict[str, object]:
    """A service that ends well if it reaches a socket."""
    command = f"/usr/bin/python3 {PROGRAMS}/{program}.py"
    return {
        "namespace": "vpn",
        "capabilities": capabilities,
        "serviceConfig": {"Type": "oneshot", "ExecStart": command, **more},
    }


def program(home: str) -> str:
    return f"import socket\nsocket.socket(socket.AF_UNIX).connect('{home}/{SOCKET}')\n"


SPECIFICATION = {
    "accounts": {
        "www-data": {"home": HOME},
        PERSON: {"home": f"/home/{PERSON}", "uid": NUMBER, "person": True},
    },
    "binds": [{"device": "/home", "mountPoint": EXPORT}],
    "tunnels": {"lab": {"configFile": "/etc/nsguard-lab/client.conf"}},
    "namespaces": {"vpn": {"tunnel": "lab"}},
    "services": {
        "app-user": {
            "namespace": "vpn",
            "capabilities": ["CAP_SETUID", "CAP_SETGID"],
            "serviceConfig": agent("app-user", BECOME),
            "wantedBy": ["multi-user.target"],
        },
        "free-user": {"serviceConfig": agent("free-user", BECOME), "wantedBy": ["multi-user.target"]},
        "overrides": connecting("elsewhere", ["CAP_DAC_OVERRIDE"]),
        "names": connecting("elsewhere", ["CAP_DAC_OVERRIDE"], ReadWritePaths=HOME),
        "shown": connecting("shown", User=PERSON),
        "dotted": connecting(
            "agent", User="www-data", ReadWritePaths=[f"-{AGENT}", OWN], ExecStartPre=f"/usr/bin/touch {OWN}/left"
        ),
    },
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("becoming") / "scenario.nix"
    path.with_name("data.json").write_text(json.dumps(SPECIFICATION))
    path.write_text("builtins.fromJSON (builtins.readFile ./data.json)\n")
    return path


@pytest.fixture(scope="module")
def lab(path: Path) -> Iterator[ContainerLab]:
    with ContainerLab() as lab:
        lab.client.succeed(f"useradd -m -u {NUMBER} {PERSON}", f"mkdir -p {EXPORT} && mount --bind /home {EXPORT}")
        homes = {"elsewhere": HOME, "shown": f"{EXPORT}/{PERSON}", "agent": AGENT}
        lab.client.write_files({f"{PROGRAMS}/{name}.py": program(home) for name, home in homes.items()})
        scenario.apply(lab.client, path)
        wait_for_tunnel(lab)
        lab.client.succeed(f"mkdir -p {AGENT} {OWN} && chmod 0700 {HOME} && chown -R www-data: {HOME}")
        for user, home in (("www-data", HOME), ("www-data", AGENT), (PERSON, f"/home/{PERSON}")):
            listening = f"/usr/bin/python3 -c {shlex.quote(LISTEN)} {home}/{SOCKET}"
            lab.client.succeed(f"systemd-run -q -p User={user} -p Type=exec {listening}")
            lab.client.wait_until_succeeds(f"test -S {home}/{SOCKET}")
        yield lab


@pytest.fixture(params=[True, False], ids=["protected", "unprotected"])
def protected(request: pytest.FixtureRequest, lab: ContainerLab, path: Path) -> bool:
    without: Sequence[str] = () if request.param else (GUARD,)
    switch(lab.client, scenario.render(path, without))
    wait_for_tunnel(lab)
    return bool(request.param)


def test_a_service_that_becomes_a_user_finds_the_users_home_hidden(lab: ContainerLab, protected: bool) -> None:
    report = Suite(lab, cells_for(tuple(WAYS), subjects(lab.client))).run()
    expected = dict.fromkeys(WAYS, Verdict.CONTAINED) if protected else WAYS
    assert {result.attack: result.verdict for result in report.results} == expected


@pytest.mark.parametrize("service", ["overrides", "shown"])
def test_no_socket_in_a_home_elsewhere_is_reached(lab: ContainerLab, protected: bool, service: str) -> None:
    status, _ = lab.client.execute(f"systemctl start {service}")
    said = lab.client.succeed(f"journalctl --sync; journalctl -o cat -n 20 -u {service}")
    assert (status == 0) is not protected, said
    assert ("FileNotFoundError" in said.rpartition("Starting")[2]) is protected, said


def test_of_two_directories_with_a_dot_the_one_for_agents_stays_hidden(lab: ContainerLab, protected: bool) -> None:
    """The unit names both, and writes into the other."""
    status, _ = lab.client.execute(f"rm -f {OWN}/left; systemctl start dotted")
    said = lab.client.succeed(f"journalctl --sync; journalctl -o cat -n 20 -u dotted; test -e {OWN}/left")
    assert (status == 0) is not protected, said
    assert ("FileNotFoundError" in said.rpartition("Starting")[2]) is protected, said


def test_a_home_that_the_unit_names_stays_open_to_it(lab: ContainerLab) -> None:
    lab.client.succeed("systemctl start names")
