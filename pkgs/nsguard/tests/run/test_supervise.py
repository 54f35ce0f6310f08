"""`nsguard run` with a real supervisor as process 1 of a PID namespace; systemd and the confinement are fakes."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from box import Box

HERE = Path(__file__).resolve().parents[1] / "support"
MEMBER = ["setpriv", "--reuid", "33", "--regid", "33", "--groups", "60"]
STRANGER = ["setpriv", "--reuid", "33", "--regid", "33", "--clear-groups"]
# This group has the same number on every Debian, and NixOS has a group of that name as well.
GROUP = "games"


@pytest.fixture
def served(box: Box) -> Iterator[Box]:
    """A box in which the namespace's socket serves the members of a group."""
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: becoming somebody else needs root")
    if f"{GROUP}:x:60:" not in Path("/etc/group").read_text():
        pytest.skip(f"NOT TESTED: there is no group {GROUP} of number 60 here")
    identity(box, namespace=own(box), host=1)
    with box.start("python3", f"{HERE}/activator.py", "/run/nsguard-run/vpn", GROUP, "660", Box.launcher) as activator:
        assert activator.stdout
        assert activator.stdout.readline() == "ready\n"
        yield box
        activator.kill()


def own(box: Box) -> int:
    return int(box.out("stat", "-Lc", "%i", "/proc/self/ns/net"))


def identity(box: Box, *, namespace: int, host: int) -> None:
    box.write("/run/nsguard/identity", f"namespace {namespace}\nhost {host}\n", mode=0o644)


def run(box: Box, *command: str, stdin: str = "", who: list[str] = MEMBER) -> subprocess.CompletedProcess[str]:
    return box.run("env", "-C", "/", *who, Box.launcher, "run", "vpn", "--", *command, stdin=stdin)


def test_a_command_runs_as_its_caller(served: Box) -> None:
    done = run(served, "sh", "-c", "id -u; id -G; echo $$; cat", stdin="given")
    # its process number is 2: its parent is process 1
    assert (done.returncode, done.stdout, done.stderr) == (0, "33\n33 60\n2\ngiven", "")


@pytest.mark.parametrize(
    ("command", "status"),
    [("exit 0", 0), ("exit 200", 200), ("kill -TERM $$", -signal.SIGTERM), ("kill -KILL $$", -signal.SIGKILL)],
)
def test_it_ends_as_the_command_does(served: Box, command: str, status: int) -> None:
    client = [*MEMBER, Box.launcher, "run", "vpn", "--", "sh", "-c", command]
    program = f"import subprocess; print(subprocess.run({client!r}, cwd='/').returncode)"
    assert served.out("python3", "-c", program) == f"{status}\n"


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("no-such-command", 127, "'no-such-command': command not found inside"),
        ("/no/such", 127, "'/no/such': no such file inside"),
        ("/etc/passwd", 126, "'/etc/passwd': permission denied"),
    ],
)
def test_what_does_not_start(served: Box, command: str, status: int, said: str) -> None:
    done = run(served, command)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", f"nsguard: vpn: {said}\n")


def test_a_script_without_a_first_line_runs(served: Box) -> None:
    served.write("/run/script", "echo ran with $1\n", mode=0o755)
    assert run(served, "/run/script", "this").stdout == "ran with this\n"


def test_strangers_and_root_stay_outside(served: Box) -> None:
    assert "denies you permission" in run(served, "true", who=STRANGER).stderr
    told = ["env", "NSGUARD_NAMESPACE=vpn"]
    assert "denies you permission" in run(served, "true", who=[*told, *STRANGER]).stderr
    served.out("chmod", "666", "/run/nsguard-run/vpn")
    assert "you are not in group games" in run(served, "true", who=STRANGER).stderr
    assert "commands do not run as root" in run(served, "true", who=["env"]).stderr


def test_nothing_runs_in_another_place(served: Box) -> None:
    here = own(served)
    for namespace, host in ((1, 2), (here, here), (2, here)):
        identity(served, namespace=namespace, host=host)
        done = run(served, "echo", "ran")
        assert (done.returncode, done.stdout) == (125, "")
        assert "the namespace failed its check" in done.stderr
    served.out("rm", "/run/nsguard/identity")
    assert run(served, "echo", "ran").returncode == 125


def test_nothing_stays_of_a_killed_client(served: Box) -> None:
    client = " ".join([*MEMBER, Box.launcher, "run", "vpn", "--"])
    leave = 'setsid sleep 4201 & (trap "" HUP TERM; sleep 4202) & sleep 4203'
    script = f"cd /; {client} sh -c '{leave}' & until pgrep -f '^sleep 4203$'; do sleep 0.02; done; kill -KILL $!"
    served.out("bash", "-c", script)
    deadline = time.monotonic() + 10
    while served.run("pgrep", "-f", "^sleep 420[123]$").returncode == 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_nothing_stays_of_what_a_command_left(served: Box) -> None:
    assert run(served, "sh", "-c", "setsid sleep 4204 >/dev/null 2>&1 & echo over").stdout == "over\n"
    deadline = time.monotonic() + 10
    while served.run("pgrep", "-f", "^sleep 4204$").returncode == 0:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_supervise_is_for_systemd(box: Box) -> None:
    done = box.run(Box.launcher, "supervise", "vpn", GROUP)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "nsguard: nsguard-run-NAME.socket starts supervise; use nsguard run\n"
