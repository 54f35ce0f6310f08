"""A confined service still works, and a service in the wrong network namespace does not start."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from nsguard_harness import scenario
from nsguard_harness.checkout import SCENARIOS
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.scenario import Plan, Unit
from service import PROGRAM

pytestmark = pytest.mark.lab

TIMER = "[Timer]\nOnActiveSec=1ms\nAccuracySec=1ms\n"


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with ContainerLab() as lab:
        lab.client.write_files(
            {
                "/opt/nsguard-test/service.py": PROGRAM,
                "/etc/nsguard-lab/secret": "a credential",
                "/etc/nsguard-lab/environment": "WORD=heard\n",
                "/etc/systemd/system/once.timer": TIMER,
            }
        )
        # systemd ID-maps a dynamic user's directories where the file system allows it: disks and tmpfs, no overlay
        private = "d=/var/$at/private; mkdir -p $d && mount -t tmpfs -o mode=700 tmpfs $d"
        lab.client.succeed(f"for at in lib cache log; do {private} || exit; done")
        scenario.install(lab.client, scenario.render(SCENARIOS / "services.nix"))
        yield lab


def found(lab: ContainerLab, name: str) -> dict[str, Any]:
    return dict(json.loads(lab.client.succeed(f"cat /var/lib/{name}/found.json")))


def log(lab: ContainerLab, unit: str) -> str:
    return lab.client.succeed(f"journalctl --sync; journalctl -o cat -u {unit}")


@contextmanager
def busy(lab: ContainerLab) -> Iterator[None]:
    """Keep the machine's processors busy for the body: four loops that never sleep."""
    lab.client.succeed("for i in 1 2 3 4; do systemd-run -q --collect --unit=busy-$i sh -c 'while :; do :; done'; done")
    try:
        yield
    finally:
        lab.client.succeed("systemctl stop 'busy-*'")


@contextmanager
def stopped_journal(lab: ContainerLab) -> Iterator[None]:
    lab.client.succeed("systemctl kill -s STOP systemd-journald")
    try:
        yield
    finally:
        lab.client.succeed("systemctl kill -s CONT systemd-journald")


@pytest.mark.parametrize("name", ["children-root", "children-user"])
def test_every_line_of_short_lived_children_is_found_by_the_unit(lab: ContainerLab, name: str) -> None:
    """Even if the machine is busy, and the journal reads the lines only after the unit has ended."""
    with busy(lab), stopped_journal(lab):
        # When the unit has ended, its output still waits in the buffer of the journal's socket.
        lab.client.succeed(f"systemctl start {name}")
    lines = log(lab, name).splitlines()
    assert [line for line in lines if line.startswith("child ")] == [f"child {number}" for number in range(1, 301)]
    identifiers = lab.client.succeed(f"journalctl -o json --output-fields=SYSLOG_IDENTIFIER -u {name}")
    assert {json.loads(line)["SYSLOG_IDENTIFIER"] for line in identifiers.splitlines()} == {"sh", "systemd"}


def test_a_journal_that_hangs_holds_up_no_service(lab: ContainerLab) -> None:
    with stopped_journal(lab):
        lab.client.succeed("timeout 30 systemctl start brief")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        (
            "dynamic",
            ["/run/dynamic", "/run/dynamic-too", "/var/lib/dynamic", "/var/cache/dynamic", "/var/log/dynamic"],
        ),
        ("ordinary", ["/run/ordinary", "/var/lib/ordinary"]),
        ("superuser", ["/run/superuser", "/var/lib/superuser"]),
    ],
)
def test_directories_notification_and_journal(lab: ContainerLab, name: str, written: list[str]) -> None:
    lab.client.succeed(f"systemctl start {name}")
    assert lab.client.get_unit_property(f"{name}.service", "StatusText") == "all found"
    what = found(lab, name)
    assert what["written"] == written
    assert what["credential"] == ("a credential" if name == "dynamic" else "")
    assert what["word"] == ("heard" if name == "ordinary" else "")
    # the runtime directory is on the host, not one that only the service sees
    assert lab.client.succeed(f"cat /run/{name}/written") == "RUNTIME"
    journal = log(lab, name)
    assert "spoken by stdout" in journal
    assert "spoken by syslog" in journal
    lab.client.succeed(f"systemctl restart {name}", f"systemctl stop {name}")
    assert lab.client.get_unit_property(f"{name}.service", "Result") == "success"


@pytest.mark.parametrize(("name", "uid"), [("forking", 33), ("forking-root", 0)])
def test_a_service_that_forks_away_has_its_main_process(lab: ContainerLab, name: str, uid: int) -> None:
    lab.client.succeed(f"systemctl start {name}")
    assert lab.client.get_unit_property(f"{name}.service", "ActiveState") == "active"
    assert found(lab, name)["uid"] == uid
    lab.client.succeed(f"systemctl stop {name}")
    assert lab.client.get_unit_property(f"{name}.service", "Result") == "success"


def names(lab: ContainerLab, unit: str) -> dict[str, Any]:
    """A service's report: the names of its user and group, its /etc/passwd and /run, and addresses of host names."""
    lab.client.succeed(f"systemctl start {unit}")
    return dict(json.loads([line for line in log(lab, unit).splitlines() if line.startswith("{")][-1]))


def test_a_user_that_systemd_makes_has_its_name_inside(lab: ContainerLab) -> None:
    lab.client.succeed("systemctl start dynamic")  # another dynamic user, whose name must not be shown
    host = lab.client.succeed("cat /etc/passwd")
    shown = names(lab, "named")
    assert (shown["user"][:2], shown["group"], shown["id"]) == (["named", "/var/lib/named"], "named", "named")
    assert (shown["user"][3], shown["back"]) == ("named", True)
    more = shown["passwd"].removeprefix(host)
    assert more == f"named:x:{shown['user'][2]}:{shown['user'][2]}::/var/lib/named:/bin/sh\n"
    assert "dynamic" not in shown["passwd"]
    assert not {"nscd", "userdb", "dbus"} & set(shown["run"])
    # the name of this unit cannot be a user's name, and its group is one of the host's
    shown = names(lab, "9lives@one")
    assert shown["user"][0] == shown["id"]
    assert shown["user"][0].startswith("_du")
    assert shown["group"] == "www-data"
    shown = names(lab, "named-static")
    assert (shown["id"], shown["passwd"]) == ("www-data", host)


@pytest.mark.parametrize("kind", ["privileged", "outside"])
def test_root_keeps_its_name_in_a_command_with_full_privileges(lab: ContainerLab, kind: str) -> None:
    """Commands with `!` or `+` in a unit with a dynamic user: both see the unit's /etc and its /run."""
    host = lab.client.succeed("cat /etc/passwd")
    shown = names(lab, f"named-{kind}")
    assert (shown["user"][0], shown["group"], shown["id"]) == ("root", "root", "root")
    assert shown["passwd"] == host
    assert "nsguard-accounts" in shown["run"]


def test_without_its_own_files_the_user_would_have_no_name(lab: ContainerLab) -> None:
    made = scenario.render(SCENARIOS / "services.nix")
    text = made.units["named.service"].text
    assert "/confext-accounts\n" in text
    scenario.install(
        lab.client, replace(made, units={"unnamed.service": Unit(text.replace("/confext-accounts", "/confext"))})
    )
    assert lab.client.execute("systemctl start unnamed")[0] != 0
    assert "KeyError: 'getpwuid(): uid not found: " in log(lab, "unnamed")


def test_host_names_of_ones_own(lab: ContainerLab) -> None:
    own = lab.client.succeed("uname -n").strip()
    made = scenario.render(SCENARIOS / "services.nix")
    text = made.units["named.service"].text.replace(" names\n", f" names {own} localhost nas.example.org\n")
    scenario.install(lab.client, replace(made, units={"named.service": Unit(text)}))
    loopback = ["127.0.0.1", "::1"]
    assert names(lab, "named")["hosts"] == {
        own: loopback,
        "localhost": loopback,
        "nas.example.org": ["10.66.0.5"],
    }


def test_a_oneshot_by_a_timer(lab: ContainerLab) -> None:
    lab.client.succeed("systemctl start once.timer")
    lab.client.wait_for_file("/var/lib/once/found.json", 10)
    assert lab.client.get_unit_property("once.service", "Result") == "success"


def test_a_service_that_owns_files_of_several_users(lab: ContainerLab) -> None:
    lab.client.succeed("systemctl start owner")
    owners = lab.client.succeed("stat -c '%U %s' /var/lib/owner/www-data /var/lib/owner/games").splitlines()
    assert owners == ["www-data 0", "games 8"]


CONNECT = "import socket; print(socket.create_connection(('127.0.0.1', {port}), 60).makefile().read())"


def sent(lab: ContainerLab, port: int, namespace: str = "") -> list[str]:
    """The lines that the commands of a socket-activated service send to a connection, from the host without a name."""
    inside = f"ip netns exec {namespace} " if namespace else ""
    text = lab.client.succeed(f'{inside}python3 -c "{CONNECT.format(port=port)}"')
    return [line for line in text.splitlines() if line]


def values(lines: list[str]) -> list[Any]:
    return [json.loads(line) for line in lines]


def test_what_systemd_listens_on_for_a_service_is_the_namespaces(lab: ContainerLab) -> None:
    lab.client.succeed("systemctl start listening.socket each.socket")
    (shown,) = values(sent(lab, 7001, "vpn"))
    for links in shown:
        assert "lo" in links
        assert "eth0" not in links
    commands = values(sent(lab, 7002, "vpn"))
    assert len(commands) == 2
    for who, links in commands:
        assert who > 60000  # a dynamic user
        assert "lo" in links
        assert "eth0" not in links
    assert ":700" not in lab.client.succeed("ss -Hltn")
    lab.client.succeed("systemctl stop nsguard-netns-vpn")
    assert lab.client.execute("systemctl is-active listening.socket each.socket")[0] != 0


def test_such_a_socket_starts_with_the_machine(lab: ContainerLab) -> None:
    lab.client.reboot()
    lab.client.wait_for_unit("listening.socket")
    assert "ordering cycle" not in lab.client.succeed("journalctl -b -o cat _PID=1")


@contextmanager
def made_on_the_host(lab: ContainerLab, socket: str, service: str, *, refused: bool) -> Iterator[None]:
    """Install a service with a socket that systemd makes on the host, and start that; afterwards install all anew."""
    made = scenario.render(SCENARIOS / "services.nix")
    unrefused = scenario.render(SCENARIOS / "services.nix", ["property:own-sockets"])
    text = made.units[socket].text
    assert "NetworkNamespacePath=/run/netns/vpn\n" in text
    exposed = Unit(re.sub("NetworkNamespacePath=.*\n|ExecStartPre=.*\n", "", text))
    rendered = made if refused else unrefused
    scenario.install(lab.client, replace(made, units={socket: exposed, service: rendered.units[service]}))
    lab.client.succeed(f"systemctl restart {socket}")
    try:
        yield
    finally:
        lab.client.succeed(f"systemctl stop {socket} {service.replace('@', '@*')}")
        scenario.install(lab.client, made)


def test_a_socket_that_is_made_on_the_host_starts_nothing_and_would_tell_its_links(lab: ContainerLab) -> None:
    with made_on_the_host(lab, "listening.socket", "listening.service", refused=True):
        lab.client.execute("systemctl start listening.service")
        lab.client.wait_until_succeeds(
            "journalctl -b -u listening.service -o cat | grep -q '(listening.socket) is a socket of another'"
        )
    with made_on_the_host(lab, "listening.socket", "listening.service", refused=False):
        ((listener, _),) = values(sent(lab, 7001))
        assert "eth0" in listener


def test_no_command_gets_a_connection_of_the_host_as_its_stream(lab: ContainerLab) -> None:
    with made_on_the_host(lab, "each.socket", "each@.service", refused=True):
        (line,) = sent(lab, 7002)  # its standard error is the connection as well
        assert line.startswith("nsguard: descriptor 0 (without a name) is a socket of another network namespace")
    with made_on_the_host(lab, "each.socket", "each@.service", refused=False):
        assert ["eth0" in links for _, links in values(sent(lab, 7002))] == [True, True]


def test_instances_of_a_template(lab: ContainerLab) -> None:
    lab.client.succeed("systemctl start instance@one instance@two")
    for name in ("one", "two"):
        assert lab.client.get_unit_property(f"instance@{name}.service", "StatusText") == "all found"
        what = found(lab, f"instance-{name}")
        assert what["written"] == [f"/{directory}/instance-{name}" for directory in ("run", "var/lib", "var/cache")]
        pid = lab.client.get_unit_property(f"instance@{name}.service", "MainPID")
        assert lab.client.succeed(f"ip netns identify {pid}").strip() == "vpn"
    lab.client.succeed("systemctl stop instance@one instance@two")


def test_a_service_sees_what_it_is_let_in_and_no_more(lab: ContainerLab) -> None:
    lab.client.succeed(
        "install -d -o www-data /run/shared /home/alice/Music; chmod 0711 /home/alice", "systemctl start visitor"
    )
    assert lab.client.succeed("cat /run/shared/visited /home/alice/Music/visited") == "/var/lib/visitor" * 2
    assert "['music']" in log(lab, "visitor")


@pytest.mark.parametrize("name", ["heedless", "heedless-root"])
def test_a_program_that_catches_no_signal_ends_by_sigterm(lab: ContainerLab, name: str) -> None:
    lab.client.succeed(f"systemctl start {name}")
    # A signal is lost if it arrives before process 1 of the PID namespace handles signals (pid_namespaces(7)).
    lab.client.wait_until_succeeds(f"systemctl status {name} | grep -q '[0-9] /usr/bin/sleep infinity'")
    lab.client.succeed(f"systemctl stop {name}")
    assert_stopped(lab, name)


def assert_stopped(lab: ContainerLab, name: str) -> None:
    journal = log(lab, name)
    assert f"Stopped {name}.service" in journal
    assert "timed out" not in journal
    assert "SIGKILL" not in journal
    assert lab.client.get_unit_property(f"{name}.service", "Result") == "success"


def test_a_service_whose_main_process_alone_is_told_to_stop_is_never_killed(lab: ContainerLab) -> None:
    """Twenty times, because systemd only sometimes takes the main process for nobody's child and kills it."""
    for _ in range(20):
        lab.client.succeed("systemctl start mixed-root")
        lab.client.wait_until_succeeds("systemctl status mixed-root | grep -q '[0-9] /usr/bin/sleep infinity'")
        lab.client.succeed("systemctl stop mixed-root")
        assert_stopped(lab, "mixed-root")


def test_the_last_words_of_such_a_service_are_in_the_journal(lab: ContainerLab) -> None:
    for ends in range(1, 11):
        for begun, command, word in ((2 * ends - 1, "stop", "told"), (2 * ends, "reload", "reason")):
            lab.client.succeed("systemctl start last-words")
            lab.client.wait_until_succeeds(f"journalctl -o cat -u last-words | grep -cx ready | grep -qx {begun}")
            # the service ends with 7 by this reload: where that comes before the end of `kill`, the reload has failed
            lab.client.execute(f"systemctl {command} last-words")
            lab.client.wait_until_succeeds("systemctl show -P ActiveState last-words | grep -qxE 'inactive|failed'")
            assert log(lab, "last-words").splitlines().count(word) == ends


@pytest.mark.parametrize("name", ["told-root", "told-user"])
def test_other_commands_of_a_service_signal_its_main_process(lab: ContainerLab, name: str) -> None:
    lab.client.succeed(f"systemctl start {name}")
    lab.client.wait_until_succeeds(f"journalctl -o cat -u {name} | grep -qx ready")
    lab.client.succeed(f"systemctl reload {name}")
    lab.client.wait_until_succeeds(f"journalctl -o cat -u {name} | grep -qx 'heard HUP'")
    lab.client.succeed(f"systemctl stop {name}")
    journal = log(lab, name)
    assert "about to reload" in journal
    assert "heard INT" in journal
    assert lab.client.get_unit_property(f"{name}.service", "Result") == "success"


@pytest.mark.parametrize("name", ["killed-root", "killed-user"])
def test_a_signal_that_is_no_clean_end_is_a_failure(lab: ContainerLab, name: str) -> None:
    lab.client.execute(f"systemctl start {name}")
    lab.client.wait_until_succeeds(f"systemctl show -P ActiveState {name} | grep -qx failed")
    journal = log(lab, name)
    assert "sh was killed by signal ABRT" in journal
    assert "Scheduled restart job" in journal


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("NetworkNamespacePath=/run/netns/vpn\n", ""), "this process is in the host's network namespace"),
        (("=/run/netns/vpn\n", "=/proc/1/ns/net\n"), "this process is in the host's network namespace"),
        (("=/run/netns/vpn\n", "=/run/netns/other\n"), "this process is in network namespace"),
        (("TemporaryFileSystem=/run:mode=0755,nosuid,nodev\n", ""), ""),
    ],
    ids=["no-namespace", "the-hosts", "another", "run-of-the-host"],
)
def test_a_service_in_the_wrong_place_does_not_start(lab: ContainerLab, change: tuple[str, str], message: str) -> None:
    """As happens by mistake in systemd: where it may not enter the namespace, it goes on without it."""
    made = scenario.render(SCENARIOS / "services.nix")
    text = made.units["ordinary.service"].text
    assert change[0] in text
    units = {"misplaced.service": Unit(text.replace(*change))}
    scenario.install(lab.client, replace(made, units=units))
    lab.client.succeed("ip netns add other", "systemctl start nsguard-netns-vpn")
    status = lab.client.execute("systemctl start misplaced")[0]
    journal = log(lab, "misplaced")
    lab.client.succeed("systemctl stop misplaced; systemctl reset-failed; ip netns delete other")
    if message:
        assert status != 0
        assert message in journal
        assert "spoken by stdout" not in journal
    else:
        # control: without the private /run the service starts, and only the leak suite notices
        assert status == 0


def test_nothing_of_a_plan_is_needed_twice(lab: ContainerLab) -> None:
    """`systemd-analyze verify` reports nothing about any unit of the scenario."""
    made: Plan = scenario.render(SCENARIOS / "services.nix")
    verdict = lab.client.run(f"systemd-analyze verify {' '.join(f'/etc/systemd/system/{name}' for name in made.units)}")
    assert (verdict.status, verdict.errors) == (0, "")
