"""nsguard-init on the real kernel: what it checks, what it keeps from the command, and how it ends."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from box import NAME, Box
from in_front import ENVIRONMENT, SYSTEMD, build

SANITIZED = ("env", *(f"{name}={value}" for name, value in ENVIRONMENT.items()))
PROCESS_ONE = ("unshare", "--pid", "--fork", "--mount-proc")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("init"))


@pytest.fixture
def init(box: Box, built: Path) -> str:
    """Where every user of the box may run it."""
    box.out("install", "-m", "0755", str(built), "/run/nsguard-init")
    return "/run/nsguard-init"


def run(box: Box, *argv: str) -> subprocess.CompletedProcess[str]:
    return box.run(*SANITIZED, *argv)


def between(box: Box, init: str, command: str, *options: str, first: bool = True) -> dict[str, Any]:
    """What journal and manager got of a command; first: whether nsguard-init is process 1."""
    enter = PROCESS_ONE if first else ()
    done = run(box, "python3", "-IS", "-c", SYSTEMD, *_entered(box, init, enter), command, *options)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def _entered(box: Box, init: str, enter: tuple[str, ...]) -> tuple[str, ...]:
    if not enter:
        return (init,)
    # systemd writes the number that the process has in there
    own = "export LISTEN_PID=$$ WATCHDOG_PID=$$ SYSTEMD_EXEC_PID=$$; exec"
    box.write("/run/first", f'#!/bin/sh\nexec {" ".join(enter)} sh -c \'{own} {init} "$@"\' sh "$@"\n', 0o755)
    return ("/run/first",)


def test_it_runs_nothing_outside_of_the_namespace(box: Box, init: str) -> None:
    def verify(*enter: str) -> tuple[int, str, str]:
        done = run(box, *enter, init, f"--netns={NAME}", "echo", "ran")
        return done.returncode, done.stdout, done.stderr

    status, said, error = verify()
    assert (status, said) == (255, "")
    assert error == (
        "nsguard: vpn: cannot tell where this process is: No such file or directory; is nsguard-netns-vpn.service up?\n"
    )
    box.nsguard("netns", "up", NAME)
    assert verify() == (
        255,
        "",
        "nsguard: vpn: this process is in the host's network namespace; its unit needs NetworkNamespacePath=\n",
    )
    assert verify("ip", "netns", "exec", NAME) == (0, "ran\n", "")
    status, said, error = verify("unshare", "--net")
    assert (status, said) == (255, "")
    assert error.endswith("; restart it after nsguard-netns-vpn.service\n")
    # As a confined unit sees it: only the inside of the state.
    bound = ("unshare", "--mount", "sh", "-c", 'mount --bind /run/nsguard/vpn/inside /run/nsguard && exec "$@"', "sh")
    assert verify(*bound, "ip", "netns", "exec", NAME) == (0, "ran\n", "")
    assert verify(*bound)[0] == 255
    # alone, as before commands that are not in sight
    assert run(box, "ip", "netns", "exec", NAME, init, f"--netns={NAME}").returncode == 0
    assert run(box, init, f"--netns={NAME}").returncode == 255


@pytest.mark.parametrize(
    "text",
    [
        *("", "namespace", "namespace x\nhost 1\n", "host 1\n", "namespace 1\nhost 1\nmore 2\n", "namespace 1 host"),
        "x" * 1000,
    ],
)
def test_a_broken_identity_is_a_no(box: Box, init: str, text: str) -> None:
    box.nsguard("netns", "up", NAME)
    box.write("/run/nsguard/vpn/inside/identity", text)
    done = run(box, "ip", "netns", "exec", NAME, init, f"--netns={NAME}", "echo", "ran")
    assert (done.returncode, done.stdout) == (255, "")
    assert done.stderr == (
        "nsguard: vpn: cannot tell where this process is: the identity file is malformed; "
        "reload nsguard-netns-vpn.service\n"
    )


@pytest.mark.parametrize("name", ["", "../vpn", "a/b", "x" * 33, "-x", "vpn\n"])
def test_odd_names_are_no_namespace(box: Box, init: str, name: str) -> None:
    done = run(box, init, f"--netns={name}", "echo", "ran")
    assert (done.returncode, done.stdout) == (255, "")
    assert done.stderr == ("nsguard: cannot tell where this process is: its unit names no namespace; render it anew\n")


@pytest.mark.parametrize("option", ["--nope", "--notify=some", "--forward=SIGNONE", "--netns", "-x"])
def test_what_is_no_option(box: Box, init: str, option: str) -> None:
    done = run(box, init, option)
    assert done.returncode == 255
    assert done.stderr == (
        f"nsguard: {option}: not an option of nsguard-init, which units start; render the unit anew\n"
    )


ACCOUNTS = "/run/nsguard-accounts"


def place(box: Box) -> None:
    """The directory as a unit has it before nsguard-init runs."""
    box.out("rm", "-rf", ACCOUNTS)
    box.out("install", "-d", "-m", "1777", ACCOUNTS)
    box.write(f"{ACCOUNTS}/host/passwd", "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh", 0o644)
    box.write(f"{ACCOUNTS}/host/group", "root:x:0:\nmedia:x:4710:alice\n", 0o644)


def write(
    box: Box, init: str, names: str, *environment: str, ids: tuple[int, int] = (4711, 4712)
) -> subprocess.CompletedProcess[str]:
    """nsguard-init for a user with these numbers; it says when the command runs."""
    identity = ("setpriv", f"--reuid={ids[0]}", f"--regid={ids[1]}", "--clear-groups")
    command = (init, f"--accounts={names}", "echo", "ran")
    return run(box, *identity, "env", "-u", "HOME", "-u", "SHELL", *environment, *command)


def written(box: Box, init: str, names: str, *environment: str, ids: tuple[int, int] = (4711, 4712)) -> list[str]:
    """The last lines of passwd and group, as nsguard-init writes them for a user with these numbers."""
    place(box)
    done = write(box, init, names, *environment, ids=ids)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")
    return [box.out("tail", "-n1", f"{ACCOUNTS}/{name}").rstrip("\n") for name in ("passwd", "group")]


def test_a_user_that_is_in_no_file_gets_its_lines(box: Box, init: str) -> None:
    assert written(box, init, "torrent:torrent") == ["torrent:x:4711:4712::/:/bin/sh", "torrent:x:4712:"]
    assert box.out("cat", f"{ACCOUNTS}/passwd").splitlines()[:2] == [
        "root:x:0:0:root:/root:/bin/sh",
        "alice:x:1000:1000::/home/alice:/bin/sh",
    ]
    assert box.out("stat", "-c", "%a", f"{ACCOUNTS}/passwd", f"{ACCOUNTS}/group").split() == ["444", "444"]
    at_home = ("HOME=/var/lib/torrent", "SHELL=/bin/bash")
    assert written(box, init, "torrent:arr", *at_home) == [
        "torrent:x:4711:4712::/var/lib/torrent:/bin/bash",
        "arr:x:4712:",
    ]


def test_a_user_of_the_host_keeps_its_lines(box: Box, init: str) -> None:
    assert written(box, init, "torrent:torrent", ids=(1000, 4710)) == [
        "alice:x:1000:1000::/home/alice:/bin/sh",
        "media:x:4710:alice",
    ]


@pytest.mark.parametrize(
    ("names", "environment", "user"),
    [
        ("9lives:9lives", ("USER=_du0123456789abcdef",), "_du0123456789abcdef"),
        ("9lives:9lives", (), "nsguard-4711"),
        (":", ("USER=root:x:0:0",), "nsguard-4711"),
        ("x" * 32, ("USER=two\nlines",), "nsguard-4711"),
        ("fine:fine", ("HOME=/a:/b", "SHELL=/bin/sh\nroot::0:0::/:"), "fine"),
        ("fine:fine", ("HOME=relative", "SHELL=/" + "x" * 2000), "fine"),
    ],
)
def test_what_can_be_no_field_is_left_out(
    box: Box, init: str, names: str, environment: tuple[str, ...], user: str
) -> None:
    clean = ("-u", "USER", *environment)
    assert written(box, init, names, *clean) == [f"{user}:x:4711:4712::/:/bin/sh", f"{user}:x:4712:"]


def test_a_name_of_the_hosts_is_not_given_twice(box: Box, init: str) -> None:
    assert written(box, init, "alice:media") == ["nsguard-4711:x:4711:4712::/:/bin/sh", "nsguard-4712:x:4712:"]
    assert written(box, init, "alic:medi") == ["alic:x:4711:4712::/:/bin/sh", "medi:x:4712:"]


def test_a_host_without_such_files_is_no_fault(box: Box, init: str) -> None:
    place(box)
    box.out("rm", "-r", f"{ACCOUNTS}/host")
    assert write(box, init, "torrent:torrent").returncode == 0
    assert box.out("cat", f"{ACCOUNTS}/passwd", f"{ACCOUNTS}/group") == (
        "torrent:x:4711:4712::/:/bin/sh\ntorrent:x:4712:\n"
    )


FULL = "yes long:x:1:1::/:/bin/sh | head -c 65536"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            f"rm -rf {ACCOUNTS}",
            "write /run/nsguard-accounts/passwd: No such file or directory; "
            "regenerate the unit with nixos-rebuild switch",
        ),
        (
            f"touch {ACCOUNTS}/passwd",
            "write /run/nsguard-accounts/passwd: File exists; "
            "remove what the unit itself binds to /run/nsguard-accounts",
        ),
        (
            f"ln -s /run/elsewhere {ACCOUNTS}/group",
            "write /run/nsguard-accounts/group: File exists; "
            "remove what the unit itself binds to /run/nsguard-accounts",
        ),
        (
            f"mount -t tmpfs -o size=16k,mode=1777 none {ACCOUNTS}; mkdir {ACCOUNTS}/host; "
            f"mount -t tmpfs none {ACCOUNTS}/host; {FULL} > {ACCOUNTS}/host/passwd",
            "write /run/nsguard-accounts/passwd: No space left on device; "
            "the unit's memory must leave room for the host's /etc/passwd and /etc/group, 16 MB at most",
        ),
        (
            f"chmod 0600 {ACCOUNTS}/host/passwd",
            "read the host's /etc/passwd: Permission denied; make it a file that all users may read",
        ),
        (
            f"rm {ACCOUNTS}/host/group; mkdir {ACCOUNTS}/host/group",
            "read the host's /etc/group: Is a directory; make it a file that all users may read",
        ),
    ],
)
def test_without_all_of_its_names_nothing_runs(box: Box, init: str, fault: str, said: str) -> None:
    place(box)
    box.out("sh", "-c", fault)
    done = write(box, init, "torrent:torrent")
    assert (done.returncode, done.stdout, done.stderr) == (255, "", f"nsguard: cannot {said}\n")


@pytest.mark.parametrize("enter", [(), PROCESS_ONE])
def test_it_ends_as_the_command(box: Box, init: str, enter: tuple[str, ...]) -> None:
    for command, status in (("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -SEGV $$", 139)):
        done = run(box, *enter, init, "--argv0=shell", "sh", "-c", command)
        if enter:
            assert done.returncode == status
            assert done.stderr.split(",")[0].rstrip() == (
                "nsguard: sh was killed by signal SEGV" if status == 139 else ""
            )
        else:
            assert done.returncode in (status, 128 - status)
    done = run(box, *enter, init, "/nowhere/program")
    assert done.returncode == 203
    assert done.stderr == "nsguard: cannot execute /nowhere/program: No such file or directory\n"
    assert run(box, *enter, init, "--argv0=another", "sh", "-c", "echo $0").stdout == "another\n"


def test_what_the_command_leaves_behind_ends_with_it(box: Box, init: str) -> None:
    left = "(trap 'echo told; exit' TERM; sleep 600 & wait) & (trap '' TERM; sleep 601) & sleep 0.2"
    done = run(box, *PROCESS_ONE, init, "sh", "-c", left)
    assert (done.returncode, done.stdout) == (0, "told\n")
    assert box.run("pgrep", "-f", "sleep 60[01]").returncode == 1


def test_one_that_catches_nothing_ends_by_a_signal_to_all_of_the_unit(box: Box, init: str) -> None:
    with box.start(*SANITIZED, *PROCESS_ONE, "--kill-child", init, "--forward=USR1", "sleep", "602") as running:
        # that of nsguard-init and its command, but not of unshare(1) before them
        box.run("kill", "-TERM", *_until(box, f"^({init} --forward=USR1 )?sleep 602", 2))
        assert running.wait(20) == 143


def test_it_hands_on_the_signals_that_it_is_told_to(box: Box, init: str) -> None:
    command = "trap 'echo user; exit 3' USR1; trap 'echo term; exit 4' TERM; echo ready; while :; do sleep 0.05; done"
    with box.start(
        *SANITIZED, *PROCESS_ONE, "--kill-child", init, "--forward=SIGUSR1,HUP", "sh", "-c", command
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == "ready\n"
        (first,) = box.run("pgrep", "-o", "-f", f"^{init}").stdout.split()
        box.run("kill", "-TERM", first)  # which systemd sends to the command, too
        box.run("kill", "-USR1", first)
        assert running.stdout.read() == "user\n"
        assert running.wait(20) == 3


def _until(box: Box, pattern: str, count: int) -> list[str]:
    for _ in range(400):
        found = box.run("pgrep", "-f", f"{pattern}$").stdout.split()
        if len(found) >= count:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{pattern}: not {count} processes")


TELLS = """
import json, os, socket, stat, sys
address = os.environ["NOTIFY_SOCKET"]
def kind(descriptor):
    try:
        mode = os.fstat(descriptor).st_mode
    except OSError:
        return ""
    return "socket" if stat.S_ISSOCK(mode) else "pipe" if stat.S_ISFIFO(mode) else "other"
pipe = os.fstat(1)
print(json.dumps({
    "kinds": [kind(number) for number in range(1, 40)],
    "mine": [os.environ[name] == str(os.getpid()) for name in ("LISTEN_PID", "WATCHDOG_PID", "SYSTEMD_EXEC_PID")],
    "pid": os.getpid(),
    "passed": [os.environ.get(name) for name in ("LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID")],
    "stream": os.environ["JOURNAL_STREAM"] == f"{pipe.st_dev}:{pipe.st_ino}",
    "same": pipe.st_ino == os.fstat(2).st_ino,
}), flush=True)
"""


@pytest.mark.parametrize("first", [True, False])
def test_the_command_holds_nothing_of_the_hosts(box: Box, init: str, *, first: bool) -> None:
    found = between(box, init, TELLS, "--journal", "--notify=main", first=first)
    assert found["status"] == 0, found["said"]
    told = json.loads(found["said"])
    assert told["kinds"][:5] == ["pipe", "pipe", "socket", "socket", ""]
    assert set(told["kinds"][4:]) == {""}
    assert told["mine"] == [True] * 3
    assert told["passed"] == ["2", "first:last", None if first else "7"]
    assert (told["stream"], told["same"]) == (True, True)
    assert (told["pid"] == 1) is False


SENDS = """
import os, socket
one = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
one.connect(os.environ["NOTIFY_SOCKET"])
inner, outer = os.pipe()
def send(text):
    socket.send_fds(one, [text.encode()], [outer])
send("READY=1\\nMAINPID=1\\nSTATUS=well")
send("EXTEND_TIMEOUT_USEC=1000000")
send("FDSTORE=1\\nFDNAME=x")
if os.fork() == 0:
    one.send(b"STATUS=of a child")
    os._exit(0)
os.wait()
send("BARRIER=1")
os.close(outer)
os.read(inner, 1)  # until nobody has it any more
one.send(b"STOPPING=1")
"""


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("senders", ["main", "all"])
def test_of_what_is_told_to_systemd_some_passes_and_no_descriptor(
    box: Box, init: str, senders: str, *, first: bool
) -> None:
    found = between(box, init, SENDS, f"--notify={senders}", first=first)
    assert (found["status"], found["said"]) == (0, "")
    child = ["STATUS=of a child\n"] if senders == "all" else []
    assert [text for text, _ in found["messages"]] == ["READY=1\nSTATUS=well\n", *child, "STOPPING=1\n"]
    # credentials, and nothing beside them
    assert len({control for _, control in found["messages"]}) == 1
    assert found["messages"][0][1] == 1


def test_a_flood_reaches_systemd_drop_by_drop(box: Box, init: str) -> None:
    flood = (
        "import os, socket\none = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
        "one.connect(os.environ['NOTIFY_SOCKET'])\none.setblocking(False)\n"
        "for number in range(20000):\n"
        "    try:\n        one.send(b'STATUS=%d' % number)\n    except BlockingIOError:\n        pass\n"
    )
    found = between(box, init, flood, "--notify=main")
    assert found["status"] == 0
    assert 1 <= len(found["messages"]) < 1000


def test_no_other_process_may_look_into_it(box: Box, init: str) -> None:
    looks = "for file in environ maps; do cat /proc/1/$file >/dev/null && echo $file; done; ls /proc/1/fd; :"
    drop = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    done = run(box, *PROCESS_ONE, *drop, init, "sh", "-c", looks)
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.count("Permission denied") == 3
    # the eye: into another process 1 of the same user it may
    done = run(box, *PROCESS_ONE, *drop, "sh", "-c", f"sh -c '{looks}'; :")
    assert done.stdout.split()[:3] == ["environ", "maps", "0"]


def test_no_room_for_a_second_process_is_said(box: Box, init: str) -> None:
    drop = ("setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "prlimit", "--nproc=1:1")
    done = run(box, *PROCESS_ONE, *drop, init, "true")
    assert done.returncode == 255
    assert done.stderr == (
        "nsguard: no second process: Resource temporarily unavailable; "
        "LimitNPROC= and TasksMax= of the unit must leave room for one more\n"
    )


def test_systemd_that_passes_nothing_is_said(box: Box, init: str) -> None:
    done = run(box, init, "--notify=main", "true")
    assert done.returncode == 255
    assert done.stderr == "nsguard: systemd passed no descriptor nsguard-notify; render the unit anew\n"


def test_no_place_for_the_socket_is_said(box: Box, init: str) -> None:
    found = between(box, init, "pass", "--notify=main", first=False)
    assert found["status"] == 0
    hidden = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs -o ro none /run/nsguard-notify && exec "$@"', "sh")
    script = f"export LISTEN_FDS=1 LISTEN_FDNAMES=nsguard-notify; exec {init} --notify=main true 3</dev/null"
    done = run(box, *hidden, "sh", "-c", script)
    assert done.returncode == 255
    assert "Read-only file system; the unit cannot tell systemd that it is ready\n" in done.stderr
