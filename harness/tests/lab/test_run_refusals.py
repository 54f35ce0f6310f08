"""Only members get into the namespace through `nsguard run`, and they can only run commands with it."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from labs import lab_of
from nsguard_harness import scenario
from nsguard_harness.lab.container import ContainerLab
from people import Person, storm

pytestmark = pytest.mark.lab

RUN = ["nsguard", "run", "vpn", "--"]
NOT_YOURS = (
    "nsguard: vpn: the namespace denies you permission; ask an administrator to add you to nsguard.namespaces.vpn.users"
)

# A client that sends arbitrary requests: {"fields", "length", "descriptors", "rest"} in JSON.
SAY = """
import json, os, socket, struct, sys
wish = json.loads(sys.argv[1])
def descriptor(kind):
    if kind == "udp":
        sent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sent.connect(("127.0.0.1", int(wish.get("port", 9))))
        return sent.detach()
    if kind == "unix":
        return socket.socketpair()[0].detach()
    if kind == "root":
        return os.open("/", os.O_RDONLY)
    if kind == "pty":
        return os.openpty()[1]
    return os.open(kind, os.O_RDWR if kind == "/dev/null" else os.O_RDONLY)
body = b"".join(os.fsencode(field) + b"\\0" for field in wish["fields"])
data = wish.get("length", len(body)).to_bytes(4, "big") + body
connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
connection.settimeout(30)
connection.connect("/run/nsguard-run/vpn")
sent = wish.get("sent", len(data))
socket.send_fds(connection, [data[:4]], [descriptor(kind) for kind in wish["descriptors"]])
answer = b""
try:
    connection.sendall(data[4:sent])
    while part := connection.recv(65536):
        answer += part
except OSError as error:
    answer += f" {error.strerror}".encode()
print(answer[:1].decode(), answer[2:].decode(errors="replace").strip())
"""
NULLS = ["/dev/null"] * 3


def fields(*command: str, directory: str = "/", **changes: str) -> list[str]:
    told = {"version": "1", "umask": "22", "foreground": "0", "directory": directory, "device": "0", "inode": "0"}
    return [*(told | changes).values(), str(len(command)), *command]


# A client with alice, who may run commands in the namespace, and bob, who may not.
lab = lab_of(scenario.RUN, connected=False, commands="useradd -m -s /bin/bash bob")


@pytest.fixture
def alice(lab: ContainerLab) -> Person:
    return Person(lab.client, "alice")


@pytest.fixture
def bob(lab: ContainerLab) -> Person:
    return Person(lab.client, "bob")


def say(person: Person, **wish: Any) -> str:
    """The supervisor's answer to an arbitrary request."""
    return person.out("python3", "-c", SAY, json.dumps({"descriptors": NULLS, **wish})).strip()


@pytest.mark.parametrize("what", [["run", "vpn", "--", "id"], ["shell", "vpn"]])
@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"PYTHONPATH": "/home/bob", "PYTHONSTARTUP": "/home/bob/x.py", "PYTHONHOME": "/home/bob"},
        {"LD_PRELOAD": "/home/bob/x.so", "LD_LIBRARY_PATH": "/home/bob"},
        {"USER": "alice", "LOGNAME": "alice", "HOME": "/home/alice"},
        {"LISTEN_FDS": "1", "LISTEN_PID": "1", "NSGUARD_NAMESPACE": "vpn"},
        {"NOTIFY_SOCKET": "/run/systemd/notify", "XDG_RUNTIME_DIR": "/run"},
    ],
    ids=["plain", "python", "loader", "names", "systemd", "runtime"],
)
def test_others_are_refused_in_a_line(bob: Person, what: list[str], environment: dict[str, Any]) -> None:
    done = bob.run("nsguard", *what, **environment)
    assert (done.status, done.output) == (125, "")
    lines = [line for line in done.errors.splitlines() if "ld.so" not in line]
    assert [line.startswith(NOT_YOURS) for line in lines] == [True]


@pytest.mark.parametrize("name", ["no-such", "vpn\n", "vpn\nx", "../vpn", "", "/run/nsguard-run/vpn", "-x", "v" * 40])
def test_names_that_are_none(alice: Person, name: str) -> None:
    done = alice.run("nsguard", "run", name, "--", "id")
    assert (done.status, done.output, done.errors.count("\n")) == (125, "", 1)


@pytest.mark.parametrize(
    "words",
    [[], ["vpn"], ["vpn", "--"], ["--", "id"], ["vpn", "-E"], ["vpn", "-E", "=x", "--", "id"], ["vpn", "-x", "id"]],
    ids=" ".join,
)
def test_bad_usage_is_told_in_a_line(alice: Person, words: list[str]) -> None:
    done = alice.run("nsguard", "run", *words)
    assert (done.status, done.output, done.errors.count("\n")) == (125, "", 1)
    assert done.errors.startswith("nsguard: ")


ROUTES = {
    "connecting": "python3 -c 'import socket; socket.socket(socket.AF_UNIX).connect(\"/run/nsguard-run/vpn\")'",
    "the socket's mode": "chmod 666 /run/nsguard-run/vpn",
    "another socket in its place": "mv /run/nsguard-run/vpn /run/nsguard-run/old",
    "a link to it": "ln /run/nsguard-run/vpn /home/bob/vpn",
    "entering by name": "nsenter --net=/run/netns/vpn true",
    "entering by ip": "ip netns exec vpn true",
    "entering a process": "nsenter --net --target $(pgrep -of 'supervise nsguard-vpn') true",
    "a process's files": "ls /proc/$(pgrep -of 'supervise nsguard-vpn')/root/",
    "a process's descriptors": "ls /proc/$(pgrep -of 'supervise nsguard-vpn')/fd/",
    "starting its unit": "systemctl start nsguard-run-vpn@x.service",
    "a unit of one's own": "systemd-run --property=NetworkNamespacePath=/run/netns/vpn true",
    "supervising oneself": "LISTEN_FDS=1 nsguard supervise bob 3</dev/null",
    "becoming a member": "sg nsguard-vpn true </dev/null",
    "becoming a member by newgrp": "newgrp nsguard-vpn </dev/null 2>&1 | grep -q vpn && id -nG | grep -q nsguard",
    "users and mounts of one's own": "unshare -Ur nsenter --net=/run/netns/vpn true",
}


@pytest.mark.parametrize("route", ROUTES)
def test_no_other_way_in(lab: ContainerLab, alice: Person, bob: Person, route: str) -> None:
    """A command runs inside meanwhile, so that there is a process to follow inside."""
    lab.client.execute(f"exec {' '.join(alice.words(*RUN, 'sleep', '30'))}", check_output=False)
    lab.client.wait_until_succeeds("pgrep -f '^sleep 30$'", 20)
    before = lab.client.succeed("stat -c '%a %U %G %i' /run/nsguard-run/vpn")
    assert bob.run("bash", "-c", f"set -o pipefail; {ROUTES[route]}").status != 0
    assert lab.client.succeed("stat -c '%a %U %G %i' /run/nsguard-run/vpn") == before
    assert before.startswith("660 root nsguard-vpn ")
    lab.client.succeed("pkill -f '^sleep 30$'")


def test_the_second_lock_holds_by_itself(lab: ContainerLab, bob: Person) -> None:
    """Even if the socket's mode lets everybody in, the supervisor checks who connects."""
    lab.client.succeed("chmod 666 /run/nsguard-run/vpn")
    try:
        done = bob.run(*RUN, "id")
    finally:
        lab.client.succeed("chmod 660 /run/nsguard-run/vpn")
    assert (done.status, done.output) == (125, "")
    assert done.errors == (
        "nsguard: vpn: you are not in group nsguard-vpn; "
        "ask an administrator to add you to nsguard.namespaces.vpn.users, then log in again\n"
    )


def test_root_is_told_to_be_somebody_else(lab: ContainerLab) -> None:
    done = lab.client.run("cd /; nsguard run vpn -- id")
    assert (done.status, done.output) == (125, "")
    assert "commands do not run as root" in done.errors


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("udp", "is a socket"),
        ("unix", "is a socket"),
        ("root", "is a directory"),
        ("/proc/self/ns/net", "is a namespace"),
        ("/proc/self/mem", "is a file of the kernel, not a data file"),
        ("/sys/kernel/uevent_seqnum", "is a file of the kernel, not a data file"),
        ("/dev/ptmx", "is another terminal"),
        ("pty", "is another terminal"),
    ],
)
@pytest.mark.parametrize("number", [0, 1, 2])
def test_descriptors_that_lead_out_are_refused(alice: Person, kind: str, reason: str, number: int) -> None:
    descriptors = [*NULLS]
    descriptors[number] = kind
    assert f"R descriptor {number} {reason}" in say(alice, fields=fields("true"), descriptors=descriptors)


def test_a_file_of_the_kernels_is_read_and_handed_on_as_its_content(alice: Person) -> None:
    assert "MemTotal" in alice.run("bash", "-c", "nsguard run vpn -- cat </proc/meminfo").output


def test_what_a_passed_socket_would_do(lab: ContainerLab, alice: Person) -> None:
    """The control: the same program with the same descriptor, started directly, reaches the host's loopback."""
    send = "import socket; socket.socket(fileno=0).send(b'out')"
    script = f"""
import os, socket, subprocess, sys
ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ear.bind(("127.0.0.1", 0))
ear.settimeout(2)
mouth = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
mouth.connect(ear.getsockname())
for before in ([], {RUN!r}):
    subprocess.run([*before, "python3", "-c", {send!r}], stdin=mouth, stderr=subprocess.DEVNULL)
    try:
        print("heard", ear.recv(10))
    except TimeoutError:
        print("silence")
"""
    assert alice.out("python3", "-c", script).splitlines() == ["heard b'out'", "silence"]


@pytest.mark.parametrize(
    ("wish", "answer"),
    [
        ({"fields": fields("true"), "descriptors": []}, "R 0 descriptors came with the request"),
        ({"fields": fields("true"), "descriptors": NULLS * 2}, "R 6 descriptors came with the request"),
        ({"fields": [], "length": 2**32 - 1}, "R the request is larger than"),
        ({"fields": ["x"] * 100}, "R the request is of another version"),
        ({"fields": fields("true", umask="9")}, "R the request is malformed"),
        ({"fields": fields("true", directory="home")}, "R the request is malformed"),
        ({"fields": fields("true"), "sent": 20}, "R the request was incomplete after 5 s"),
        ({"fields": fields("true")}, "R '/' is a different directory inside"),
    ],
    ids=["none", "six", "huge", "version", "umask", "relative", "half", "elsewhere"],
)
def test_requests_that_no_client_sends(alice: Person, wish: dict[str, Any], answer: str) -> None:
    assert answer in say(alice, **wish)


def test_what_a_caller_brings_does_not_run_as_root(lab: ContainerLab, alice: Person) -> None:
    """The caller plants modules, start-up files and programs wherever the supervisor might look."""
    tell = "import os; open(f'/home/alice/ran-{os.getuid()}', 'w')"
    names = " ".join(f"{name}.py" for name in ("sitecustomize", "usercustomize", "grp", "signal", "termios"))
    plant = (
        f'umask 0; mkdir -p bait && cd bait && for name in {names} x.py; do echo "{tell}" > $name; done; '
        "printf '#!/bin/sh\\ntouch /home/alice/ran-$(id -u)\\n' > sh; cp sh python3; cp sh ip; chmod +x sh python3 ip"
    )
    alice.out("bash", "-c", plant, directory="/home/alice")
    bait = "/home/alice/bait"
    out = alice.out(
        *("nsguard", "run", "vpn", "-E", "PYTHONPATH", "-E", "PATH", "--", "/usr/bin/id", "-u"),
        directory=bait,
        PYTHONPATH=bait,
        PATH=f"{bait}:/usr/bin",
        PYTHONSTARTUP=f"{bait}/x.py",
    )
    assert out == f"{alice.out('id', '-u')}"
    assert lab.client.succeed("ls /home/alice | grep -c ran-0 || true") == "0\n"
    # control: the bait runs in a Python of the caller's own
    alice.run("python3", "-c", "pass", PYTHONPATH=bait)
    lab.client.succeed("ls /home/alice/ran-$(id -u alice)")


def test_ten_thousand_connections_by_others(lab: ContainerLab, alice: Person, bob: Person) -> None:
    before = lab.client.get_unit_property("nsguard-run-vpn.socket", "NAccepted")
    assert bob.out("python3", "-c", storm("/run/nsguard-run/vpn")) == "10000\n"
    assert lab.client.get_unit_property("nsguard-run-vpn.socket", "NAccepted") == before
    assert alice.out(*RUN, "id", "-un") == "alice\n"


def test_ten_thousand_connections_by_a_member(lab: ContainerLab, alice: Person) -> None:
    """None sends a whole request. The machine stays up, and serves again when they are gone."""
    storming = shlex.join(alice.words("python3", "-c", storm("/run/nsguard-run/vpn")))
    lab.client.succeed(f"prlimit --nofile=12000:12000 --pid $$; exec {storming}")
    lab.client.wait_until_succeeds(f"{shlex.join(alice.words(*RUN, 'id', '-un'))} 2>&1 | grep -qx alice", 30)
    assert lab.client.get_unit_property("nsguard-run-vpn.socket", "ActiveState") == "active"
    lab.client.wait_until_fails("systemctl --no-legend list-units 'nsguard-run-vpn@*' | grep .", 30)
    assert lab.client.succeed("systemctl --no-legend --failed") == ""
