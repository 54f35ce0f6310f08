"""Namespaces that nsguard did not make, and the mounts of names."""

import stat
from pathlib import Path

import pytest

from box import NAME, Box
from nsguard import paths
from nsguard.net import namespace
from nsguard.system import kernel

PLACES = f"grep -c ' /run/netns/{NAME} ' /proc/self/mountinfo"


def test_a_namespace_of_someone_else_is_refused_and_left(box: Box) -> None:
    box.out("ip", "netns", "add", NAME)
    done = box.nsguard("netns", "up", NAME)
    assert done.returncode == 1
    assert done.stderr == (
        "nsguard: namespace vpn exists and was not made by nsguard; remove it with: ip netns del vpn\n"
    )
    assert box.nsguard("netns", "down", NAME).returncode == 0
    assert box.out("ip", "netns", "list").split() == [NAME]
    assert box.run("test", "-e", "/run/nsguard").returncode != 0


def test_a_namespace_remade_by_someone_else_is_not_ours_any_more(box: Box) -> None:
    box.nsguard("netns", "up", NAME)
    box.out("ip", "netns", "del", NAME)
    box.out("ip", "netns", "add", NAME)
    assert box.nsguard("netns", "up", NAME).returncode == 1
    assert box.nsguard("netns", "down", NAME).returncode == 0
    assert box.out("ip", "netns", "list").split() == [NAME]


def test_a_tunnel_goes_with_a_namespace_that_somebody_removed(any_box: Box) -> None:
    box = any_box
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    box.out("ip", "netns", "del", NAME)
    held = f"/run/nsguard/{NAME}/namespace"
    assert " wg0" in box.out("nsenter", f"--net={held}", "ip", "-o", "link", "show", "wg0")
    assert box.nsguard("tunnel", "down", NAME).returncode == 0
    assert box.run("mountpoint", "-q", held).returncode != 0
    assert box.run("test", "-e", f"/run/nsguard/{NAME}/inside/identity").returncode != 0
    assert box.nsguard("netns", "down", NAME).returncode == 0
    assert box.traces() == []


def test_a_plain_file_under_the_name_is_refused(box: Box) -> None:
    box.write("/run/netns/vpn", "")
    done = box.nsguard("netns", "up", NAME)
    assert done.returncode == 1
    assert "was not made by nsguard" in done.stderr


def test_the_directory_of_names_is_closed_before_anything_is_mounted_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []
    monkeypatch.setattr(paths, "NETNS", str(tmp_path / "netns"))
    monkeypatch.setattr(kernel, "mount", lambda _, path, *__: modes.append(stat.S_IMODE(Path(path).stat().st_mode)))
    namespace.make_directory()
    assert modes == [0o711]


def test_a_name_is_one_mount(box: Box) -> None:
    box.out("mount", "--make-shared", "/run")  # as on a host: a bind mount in it appears in both places
    assert box.nsguard("netns", "up", NAME).returncode == 0
    assert box.out("sh", "-c", PLACES) == "1\n"
    box.out("ip", "netns", "add", "other")
    assert box.out("ip", "netns", "list").split() == ["other", NAME]
    assert box.out("stat", "-c", "%a %U %G", "/run/netns") == "711 root root\n"
    assert box.nsguard("netns", "down", NAME).returncode == 0
    assert box.out("ip", "netns", "list").split() == ["other"]
    box.out("ip", "netns", "del", "other")


@pytest.mark.parametrize("before", ["ip netns add other", "mkdir /run/netns; touch /run/netns/other"])
def test_names_of_other_programs_stay(box: Box, before: str) -> None:
    box.out("sh", "-c", f"mount --make-shared /run; {before}")
    assert box.nsguard("netns", "up", NAME).returncode == 0
    assert box.out("ls", "/run/netns").split() == ["other", NAME]
    assert box.nsguard("netns", "down", NAME).returncode == 0
    assert box.out("ls", "/run/netns") == "other\n"
    box.out("sh", "-c", "umount /run/netns/other 2>/dev/null; rm /run/netns/other")
