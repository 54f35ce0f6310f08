"""An app is launched by its person, gets what it should and nothing else, and ends in order."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from typing import Any

import pytest

from launched import PROGRAM, launch, person
from nsguard_harness import scenario
from nsguard_harness.attacks.granted import SessionActivation
from nsguard_harness.checkout import SCENARIOS
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.debian import debian_client
from nsguard_harness.lab.image import APPS, image
from people import storm

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module")
def lab() -> Iterator[ContainerLab]:
    with ContainerLab(debian_client(image(APPS))) as lab:
        lab.client.write_files({"/opt/nsguard-test/app.py": PROGRAM, "/etc/cookie": "an X cookie"})
        lab.client.succeed(
            "mkdir -p /srv/nsguard-test /run/user/33 /tmp/.X11-unix && chown www-data /srv/nsguard-test /run/user/33",
            "chown www-data /etc/cookie && chmod 0600 /etc/cookie",
        )
        for name in ("wayland-0", "pipewire-0"):
            lab.peer.start("served", f"/run/user/33/{name}", lab.client)
        SessionActivation().before(lab)  # gives www-data a session bus
        scenario.apply(lab.client, SCENARIOS / "launch.nix")
        yield lab


def found(lab: ContainerLab, app: str, which: str = "bare") -> dict[str, Any]:
    return dict(json.loads(lab.client.succeed(f"cat /var/lib/nsguard-app-{app}/found-{which}.json")))


def ends(lab: ContainerLab, app: str) -> None:
    lab.client.wait_until_fails(f"systemctl is-active -q nsguard-app-{app}.service", 15)


@pytest.mark.parametrize("app", ["bare", "bare-boxed"])
def test_arguments_arrive_as_they_are_and_the_status_comes_back(lab: ContainerLab, app: str) -> None:
    strange = ["exit", "7", "", "two words", "new\nline", "$HOME %n \\ \"'", "--help", "ü"]
    done = launch(lab, app, *strange)
    assert (done.status, done.errors) == (7, "")
    what = found(lab, app, "7")
    assert [argument.encode("latin-1").decode() for argument in what["arguments"]] == strange
    assert what["uid"] == 33
    assert what["links"] == ["lo", "wg0"]
    assert what["directory"] == what["environment"]["HOME"] == f"/var/lib/nsguard-app-{app}"
    assert what["homes"] == []
    assert what["host"] == ("localhost" if app == "bare-boxed" else "client")
    assert lab.client.succeed("cat /srv/nsguard-test/written; rm /srv/nsguard-test/written") == "here"
    journal = lab.client.succeed(f"journalctl --sync; journalctl -o cat -u nsguard-app-{app}.service")
    assert "spoken by exit 7" in journal
    ends(lab, app)
    lab.client.succeed(f"systemctl reset-failed nsguard-app-{app}.service 2>/dev/null || true")


def test_bytes_that_are_no_text_arrive(lab: ContainerLab) -> None:
    assert lab.client.run(person("bash -c \"bare exit 0 $'\\\\xff\\\\xfe'\"")).status == 0
    assert found(lab, "bare", "0")["arguments"][2] == "\xff\xfe"


@pytest.mark.parametrize("app", ["windowed", "windowed-boxed"])
def test_of_the_session_it_gets_what_it_was_granted(lab: ContainerLab, app: str) -> None:
    session = {
        "DISPLAY": ":7",
        "WAYLAND_DISPLAY": "/run/user/33/wayland-0",
        "XAUTHORITY": "/etc/cookie",
        "XDG_ACTIVATION_TOKEN": "token",
        "XDG_RUNTIME_DIR": "/run/user/33",
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/user/33/bus",
        "LD_PRELOAD": "",
        "http_proxy": "http://198.51.100.1",
        "SECRET": "secret",
    }
    assert launch(lab, app, "exit", "0", **session).status == 0
    what = found(lab, app, "0")
    environment = what["environment"]
    assert environment["DISPLAY"] == ":7"
    assert environment["WAYLAND_DISPLAY"] == "/run/nsguard-session/wayland-0"
    assert environment["XDG_ACTIVATION_TOKEN"] == "token"
    assert environment["XDG_RUNTIME_DIR"] == f"/run/nsguard-app-{app}"
    assert not {"DBUS_SESSION_BUS_ADDRESS", "http_proxy", "SECRET", "LISTEN_FDS", "NOTIFY_SOCKET"} & set(environment)
    assert what["cookie"] == "an X cookie"
    assert (what["wayland-0"], what["pipewire-0"]) == (True, True)
    listed = {"nsguard", f"nsguard-app-{app}", "nsguard-session"}
    assert set(what["run"]) == (listed if app.endswith("-boxed") else listed | {"nsguard-notify", "systemd", "user"})
    assert "unwritten" in what
    ends(lab, app)


@pytest.mark.parametrize("app", ["bare", "bare-boxed"])
def test_nothing_of_the_hosts_network_is_handed_to_it(lab: ContainerLab, app: str) -> None:
    """A socket from outside reveals the host's addresses; one of them is systemd's socket for the journal."""
    assert launch(lab, app, "exit", "0").status == 0
    what = found(lab, app, "0")
    assert set(what["handed"]) <= {"lo", "wg0"}
    assert set(what["taken"]) <= {"lo", "wg0"}


@pytest.mark.parametrize("app", ["bare", "bare-boxed"])
@pytest.mark.parametrize(
    ("path", "guard", "key"),
    [
        (f"{scenario.UNITS}/nsguard-app-APP.service", "--journal ", "handed"),
        ("/usr/lib/nsguard/src/nsguard/apps/serve.py", "    _keep_to_ourselves()\n", "taken"),
    ],
    ids=["handed", "taken"],
)
def test_without_a_guard_it_would_be(lab: ContainerLab, app: str, path: str, guard: str, key: str) -> None:
    path, guard = path.replace("APP", app), guard.replace("APP", app)
    text = lab.client.succeed(f"cat {path}")
    assert guard in text
    try:
        lab.client.write_files({path: text.replace(guard, "")})
        lab.client.succeed("systemctl daemon-reload")
        assert launch(lab, app, "exit", "0").status == 0
        assert "eth0" in found(lab, app, "0")[key]
    finally:
        lab.client.write_files({path: text})
        lab.client.succeed("systemctl daemon-reload")


@pytest.mark.parametrize("app", ["bare", "bare-boxed"])
def test_a_second_launch_joins_the_first(lab: ContainerLab, app: str) -> None:
    lab.client.execute(person(f"{app} stay first"), check_output=False)
    lab.client.wait_for_file(f"/var/lib/nsguard-app-{app}/found-first.json", 10)
    unit = f"nsguard-app-{app}.service"
    before = lab.client.get_unit_property(unit, "MainPID")
    assert launch(lab, app, "exit", "4", "second").status == 4
    assert lab.client.get_unit_property(unit, "MainPID") == before
    # both are in one sandbox: the second saw the first
    assert found(lab, app, "4")["processes"] > found(lab, app, "first")["processes"]
    lab.client.succeed(f"rm -f /var/lib/nsguard-app-{app}/ended; systemctl stop {unit}")
    assert lab.client.get_unit_property(unit, "Result") == "success"
    lab.client.succeed(f"test -e /var/lib/nsguard-app-{app}/ended")  # it was asked to end, not killed


def called(lab: ContainerLab, app: str, user: str, *words: str) -> str:
    assert lab.client.run(person(shlex.join([app, "call", *words]), user=user), timeout=120).status == 0
    return str(json.loads(lab.client.succeed(f"cat /var/lib/nsguard-app-{app}/called.json"))[1])


def test_it_talks_to_what_it_was_granted_on_the_session_bus_and_to_nothing_else(lab: ContainerLab) -> None:
    start = ["--user", "call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "StartServiceByName", "su"]
    # it was started, and ended because nobody told it what to send
    assert "exited with status 1" in called(lab, "talking", "www-data", *start, "org.nsguard.Leaktest", "0")
    assert "exited" not in called(lab, "talking", "www-data", *start, "org.nsguard.Other", "0")
    names = called(lab, "talking", "www-data", "--user", "list", "--acquired")
    assert "org.freedesktop.DBus" in names


def test_the_same_on_the_system_bus(lab: ContainerLab) -> None:
    name, path = "org.freedesktop.hostname1", "/org/freedesktop/hostname1"
    assert '"client"' in called(lab, "talking-boxed", "www-data", "get-property", name, path, name, "Hostname")
    name, path = "org.freedesktop.resolve1", "/org/freedesktop/resolve1"
    output = called(lab, "talking-boxed", "www-data", "get-property", name, path, f"{name}.Manager", "DNS")
    assert "ServiceUnknown" in output


def test_a_unit_that_cannot_start_says_so_and_is_not_tried_for_ever(lab: ContainerLab) -> None:
    done = launch(lab, "broken")
    assert done.status == 1
    assert "ended before it answered" in done.errors
    ends(lab, "broken")
    tried = "journalctl --sync; journalctl -o cat -u nsguard-app-broken.service | grep -c ^Starting"
    assert int(lab.client.succeed(tried)) <= 2
    # the socket still listens, so that the app can be launched once it is repaired
    assert lab.client.get_unit_property("nsguard-app-broken.socket", "ActiveState") == "active"


def test_a_launch_whose_unit_is_stopped_is_not_made_again(lab: ContainerLab) -> None:
    lab.client.execute(
        person("bash -c 'bare stay stopped 2>/srv/nsguard-test/said; echo $? >>/srv/nsguard-test/said'"),
        check_output=False,
    )
    lab.client.wait_for_file("/var/lib/nsguard-app-bare/found-stopped.json", 10)
    lab.client.succeed("systemctl stop nsguard-app-bare.service")
    line = lab.client.wait_until_succeeds("tail -n 1 /srv/nsguard-test/said | grep .", 10)
    assert line.strip() in ("0", "1")  # the launcher may have learnt the program's own status in time
    assert lab.client.get_unit_property("nsguard-app-bare.service", "ActiveState") == "inactive"


def test_what_a_program_leaves_behind_goes_on(lab: ContainerLab) -> None:
    lab.client.succeed("rm -f /var/lib/nsguard-app-bare/left")
    assert launch(lab, "bare", "leave").status == 0
    lab.client.wait_for_file("/var/lib/nsguard-app-bare/left", 10)
    ends(lab, "bare")


def test_a_restarted_app_is_in_the_session_it_was_launched_from(lab: ContainerLab) -> None:
    app, unit = "restarted", "nsguard-app-restarted.service"
    assert launch(lab, app, "exit", "3", DISPLAY=":9", XAUTHORITY="/etc/cookie").status == 3
    lab.client.wait_for_file(f"/var/lib/nsguard-app-{app}/found-bare.json", 15)
    what = found(lab, app)
    assert what["arguments"] == []
    assert what["environment"]["DISPLAY"] == ":9"
    assert what["cookie"] == "an X cookie"
    ends(lab, app)
    assert lab.client.get_unit_property(unit, "NRestarts") == "1"


def test_an_app_with_a_user_of_its_own_starts_by_itself(lab: ContainerLab) -> None:
    what = found(lab, "own")
    assert 61184 <= what["uid"] <= 65519  # systemd's dynamic users (systemd.exec(5))
    assert what["links"] == ["lo", "wg0"]


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("nsguard launch windowed", "windowed: only its own user can launch it; see nsguard.apps.windowed.user"),
        ("windowed", "windowed: only its own user can launch it; see nsguard.apps.windowed.user"),
        ("nsguard launch none", "no such app: none; define nsguard.apps.none"),
        ("nsguard launch ../x", "'../x' is not the name of an app; nsguard.apps lists them"),
        ("nsguard launch $'a\\nb'", "'a\\nb' is not the name of an app; nsguard.apps lists them"),
    ],
)
def test_others_are_refused_in_one_line(lab: ContainerLab, command: str, message: str) -> None:
    done = lab.client.run(person(f"bash -c {shlex.quote(command)}", user="games"))
    assert done.status in (1, 2)
    assert done.errors == f"nsguard: {message}\n"


# Sends good and bad requests as a user who may connect, and prints the answers by name.
SPEAK = r"""
import json, os, socket, sys
def speak(data, wait=True):
    with socket.socket(socket.AF_UNIX) as one:
        one.settimeout(60)
        one.connect("/run/nsguard-apps/bare")
        try:
            one.sendall(data)
            return one.makefile().read().splitlines()[-1] if wait else ""
        except OSError as error:
            return error.strerror
launch = {"arguments": [], "environment": {}, "xauthority": None}
said = {
    "garbage": speak(b"\xff\xfe\n"),
    "shape": speak(b'{"arguments": "x"}\n'),
    "deep": speak(b"[" * 100000 + b"\n"),
    "variable": speak(json.dumps(launch | {"environment": {"LD_PRELOAD": "/x"}}).encode() + b"\n"),
    "nul": speak(json.dumps(launch | {"arguments": ["a\0b"]}).encode() + b"\n"),
    "surrogate": speak(json.dumps(launch | {"arguments": ["\ud800"]}).encode() + b"\n"),
    "large": speak(b"x" * 3000000),
    "half": speak(b'{"arguments": ['),
}
for _ in range(3000):
    speak(b"", wait=False)
said["after"] = speak(json.dumps(launch | {"arguments": ["exit", "5"]}).encode() + b"\n")
print(json.dumps(said))
"""


def test_whatever_is_said_it_answers_and_goes_on(lab: ContainerLab) -> None:
    lab.client.write_files({"/opt/nsguard-test/speak.py": SPEAK})
    lab.client.execute(person("bare stay busy"), check_output=False)
    lab.client.wait_for_file("/var/lib/nsguard-app-bare/found-busy.json", 10)
    answers = json.loads(lab.client.succeed(person("python3 /opt/nsguard-test/speak.py"), timeout=120))
    refused = '{"error": "a launch is one line of JSON"}'
    assert answers.pop("large") in (refused, "Broken pipe", "Connection reset by peer")
    answers = {name: json.loads(text) for name, text in answers.items()}
    assert "recursion" in answers.pop("deep")["error"]
    assert answers == {
        "garbage": {"error": "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"},
        "shape": {"error": """malformed launch: TypeError("'x' is not a list")"""},
        "variable": {"error": "the app does not accept the variable 'LD_PRELOAD'"},
        "nul": {"error": "a NUL byte in an argument or variable"},
        "surrogate": {"error": r"'utf-8' codec can't encode character '\ud800' in position 0: surrogates not allowed"},
        "half": {"error": "no launch arrived in time"},
        "after": {"status": 5},
    }
    assert lab.client.get_unit_property("nsguard-app-bare.service", "ActiveState") == "active"
    lab.client.succeed("systemctl stop nsguard-app-bare.service")


def test_ten_thousand_connections(lab: ContainerLab) -> None:
    """Connections of other users are refused; those of the owner block the app only as long as they last."""
    taken = "nsguard-app-bare.socket", "NAccepted"
    before = lab.client.get_unit_property(*taken)
    program = f"python3 -c {shlex.quote(storm('/run/nsguard-apps/bare'))}"
    raised = "prlimit --nofile=12000:12000 --pid $$; "
    assert lab.client.succeed(raised + person(program, user="games")) == "10000\n"
    assert lab.client.get_unit_property(*taken) == before
    lab.client.succeed(raised + person(program))
    lab.client.wait_until_succeeds(person("bare exit 0"), 30)
    assert lab.client.get_unit_property("nsguard-app-bare.socket", "ActiveState") == "active"
    lab.client.succeed("systemctl stop nsguard-app-bare.service")


def test_who_connects_is_looked_at_twice(lab: ContainerLab) -> None:
    """The socket's mode keeps other users out; if the mode is changed, the starter refuses them."""
    speak = "import socket as s; one = s.socket(s.AF_UNIX); one.connect('/run/nsguard-apps/bare'); "
    speak += "print(one.recv(99).decode())"
    attempt = person(f"python3 -c {shlex.quote(speak)}", user="games")
    assert "PermissionError" in lab.client.run(attempt).errors
    try:
        lab.client.succeed("chmod 0666 /run/nsguard-apps/bare")
        assert lab.client.run(attempt).output.strip() == '{"error": "only its own user can launch it"}'
    finally:
        lab.client.succeed("systemctl stop nsguard-app-bare.service; systemctl restart nsguard-app-bare.socket")


def test_systemd_has_nothing_to_say_against_any_unit(lab: ContainerLab) -> None:
    made = scenario.render(SCENARIOS / "launch.nix")
    verdict = lab.client.run(f"systemd-analyze verify {' '.join(f'/etc/systemd/system/{name}' for name in made.units)}")
    assert (verdict.status, verdict.errors) == (0, "")
