"""The code that runs in machines is compiled once, by the Python of their image."""

from __future__ import annotations

from pathlib import Path

import pytest

from nsguard_harness.errors import LabError
from nsguard_harness.lab.bytecode import compiled
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.lab.image import image

pytestmark = pytest.mark.lab


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The image's directory. Compiled code goes into a cache of the test's own."""
    path = image()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return path


def source(directory: Path, text: str) -> Path:
    directory.mkdir(exist_ok=True)
    (directory / "one.py").write_text(text)
    return directory


def test_a_machine_uses_it_and_not_that_of_a_source_that_was_changed(lab: ContainerLab) -> None:
    look = "PYTHONPATH={} python3 -v -c 'import {}' 2>&1 | grep '^# code object from'"
    library, there = "/usr/lib/nsguard-harness", "nsguard_harness.attack"
    output = lab.client.succeed(look.format(library, there))
    assert f"'{library}/nsguard_harness/__pycache__/attack.cpython-" in output
    lab.client.succeed(f"cp -r {library} /run/copied; echo '# changed' >>/run/copied/nsguard_harness/attack.py")
    try:
        output = lab.client.succeed(look.format("/run/copied", there))
        assert "# code object from /run/copied/nsguard_harness/attack.py" in output
    finally:
        lab.client.succeed("rm -r /run/copied")


def test_it_is_made_once_and_names_the_place_where_it_will_lie(tree: Path, tmp_path: Path) -> None:
    sources = source(tmp_path / "it", "def f():\n    pass\n")
    made = compiled(sources, "/usr/lib/it", tree)
    (bytecode,) = made.rglob("*.pyc")
    assert b"/usr/lib/it/one.py" in bytecode.read_bytes()
    assert compiled(sources, "/usr/lib/it", tree) == made
    assert compiled(source(sources, "x = 1\n"), "/usr/lib/it", tree) != made
    assert not list(sources.rglob("*.pyc"))
    assert list((tree / "mnt").iterdir()) == []


def test_what_needs_none_or_finds_no_python_stays_as_it_is(tree: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert compiled(tmp_path / "empty", "/usr/lib/it", tree) == tmp_path / "empty"
    sources = source(tmp_path / "it", "x = 1\n")
    assert compiled(sources, "/usr/lib/it", tmp_path) == sources


def test_what_cannot_be_compiled_is_told(tree: Path, tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"it could not be compiled: .*SyntaxError"):
        compiled(source(tmp_path / "it", "x =\n"), "/usr/lib/it", tree)
    assert list((tmp_path / "cache/nsguard/compiled").iterdir()) == []
