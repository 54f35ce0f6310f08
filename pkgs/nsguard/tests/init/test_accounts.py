"""The lines in passwd and group that nsguard-init writes for a user that systemd makes when the unit starts."""

import subprocess

import pytest

from box import Box
from in_front import run

ACCOUNTS = "/run/nsguard-accounts"


def place(box: Box) -> None:
    """Make the directory as a unit has it before nsguard-init runs."""
    box.out("rm", "-rf", ACCOUNTS)
    box.out("install", "-d", "-m", "1777", ACCOUNTS)
    box.write(f"{ACCOUNTS}/host/passwd", "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh", 0o644)
    box.write(f"{ACCOUNTS}/host/group", "root:x:0:\nmedia:x:4710:alice\n", 0o644)


def write(
    box: Box, init: str, names: str, *environment: str, ids: tuple[int, int] = (4711, 4712)
) -> subprocess.CompletedProcess[str]:
    """Run nsguard-init for a user with these numbers; the command prints "ran"."""
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
