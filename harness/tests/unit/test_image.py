"""Where the image comes from and what its name depends on. No image is built."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nsguard_harness.errors import LabError
from nsguard_harness.lab import apt, image
from nsguard_harness.lab.apt import Source

SOURCES = """\
# a comment
Types: deb deb-src
URIs: https://one.example/debian
  https://two.example/debian
Suites: bookworm bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Enabled: no
Types: deb
URIs: https://off.example/debian
Suites: bookworm
Components: main

Types: deb-src
URIs: https://source.example/debian
Suites: bookworm
Components: main
"""


def test_deb822_sources() -> None:
    both = ("main", "contrib")
    assert list(apt.parse_sources(SOURCES)) == [
        Source(f"https://{host}.example/debian", suite, both)
        for host in ("one", "two")
        for suite in ("bookworm", "bookworm-updates")
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("deb http://a.example/debian trixie main", [Source("http://a.example/debian", "trixie", ("main",))]),
        (
            "deb [ arch=amd64 signed-by=/x.gpg ] http://a.example/d trixie main non-free # why",
            [Source("http://a.example/d", "trixie", ("main", "non-free"))],
        ),
        ("deb [arch=amd64] file:/srv/d ./", [Source("file:/srv/d", "./", ())]),
        ("deb-src http://a.example/debian trixie main", []),
        ("# deb http://a.example/debian trixie main", []),
        ("deb [arch=amd64", []),
        ("", []),
    ],
)
def test_one_line_sources(line: str, expected: list[Source]) -> None:
    assert list(apt.parse_list(line)) == expected


def system(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_the_mirror_is_the_one_of_the_hosts_own_suite(tmp_path: Path) -> None:
    root = system(
        tmp_path,
        {
            "etc/os-release": 'ID=debian\nVERSION_CODENAME="bookworm"\n',
            "etc/apt/sources.list.d/a-vendor.list": "deb https://vendor.example/apt bookworm stable\n",
            "etc/apt/sources.list.d/b-security.list": "deb https://s.example/ bookworm-security main\n",
            "etc/apt/sources.list.d/c-off.sources.disabled": SOURCES.replace("one", "disabled"),
            "etc/apt/sources.list.d/debian.sources": SOURCES,
        },
    )
    assert apt.debian_mirror(root) == "https://one.example/debian"


def test_elsewhere_there_is_no_mirror(tmp_path: Path) -> None:
    files = {
        "etc/os-release": "ID=ubuntu\nVERSION_CODENAME=noble\n",
        "etc/apt/sources.list": "deb http://u/ noble main",
    }
    assert apt.debian_mirror(system(tmp_path / "ubuntu", files)) is None
    assert apt.debian_mirror(system(tmp_path / "bare", {"etc/os-release": "ID=debian\n"})) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("PACKAGES", ("systemd",)), ("FILES", {"etc/hosts": ""}), ("LINKS", {}), ("DPKG_OPTIONS", ())],
)
def test_the_key_names_the_whole_recipe(name: str, value: object, monkeypatch: pytest.MonkeyPatch) -> None:
    before = image.BASE.key
    assert image.Recipe().key == before
    monkeypatch.setattr(image, name, value)
    assert image.BASE.key != before


def test_another_suite_or_more_packages_make_another_image() -> None:
    assert len({image.Recipe().key, image.Recipe("sid").key, image.Recipe(more=("chromium",)).key}) == 3


def program(directory: Path, name: str, script: str) -> None:
    path = directory / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


def test_a_failed_build_leaves_nothing_that_looks_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "mmdebstrap", 'for last; do :; done; echo "E: no such suite" >&2; exit 25')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with pytest.raises(LabError, match=r"mmdebstrap ended with 25: E: no such suite"):
        image.image()
    assert [path.name for path in (tmp_path / "cache/nsguard").iterdir()] == [f"image-{image.BASE.key}.lock"]


def test_two_that_want_it_at_once_build_it_once(tmp_path: Path) -> None:
    # the tree is the last argument or, if a mirror follows it, the last but one
    script = 'echo built >>"$LOG"; sleep 0.3; for tree; do case $tree in */made) mkdir -p "$tree/etc";; esac; done'
    program(tmp_path, "mmdebstrap", script)
    log = tmp_path / "log"
    environment = os.environ | {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "LOG": str(log),
        "PYTHONPATH": str(Path(image.__file__).parents[2]),
    }
    command = [sys.executable, "-m", "nsguard_harness.lab.image"]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    paths = {process.communicate()[0].strip() for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert log.read_text() == "built\n"
    assert paths == {str(tmp_path / f"cache/nsguard/image-{image.BASE.key}")}
    assert (Path(paths.pop()) / "etc/nsswitch.conf").read_text() == image.FILES["etc/nsswitch.conf"]
