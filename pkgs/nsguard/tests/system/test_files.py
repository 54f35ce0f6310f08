"""Reading files strictly and up to a limit, writing them atomically, removing them."""

import os
from pathlib import Path

import pytest

from nsguard.errors import BadInput, NsguardError
from nsguard.system import files


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a\nb\0", ":2: a NUL byte; save the file as plain text"),
        (b"a\n\n\xff\n", ":3: not UTF-8; save the file as UTF-8"),
        (b"x" * (files.LIMIT + 1), f": larger than {files.LIMIT} bytes; name the right file"),
    ],
)
def test_refusals(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    with pytest.raises(BadInput) as refused:
        files.read(str(path))
    assert str(refused.value) == f"{path}{message}"


def test_what_is_no_readable_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name, message in {
        "missing": "no such file or directory; make it a file that root can read",
        "fifo": "not a regular file; name a file",
        ".": "not a regular file; name a file",
    }.items():
        with pytest.raises(BadInput) as refused:
            files.read(f"{tmp_path}/{name}")
        assert str(refused.value) == f"{tmp_path}/{name}: {message}"


def test_an_endless_file_is_read_to_the_limit_only() -> None:
    with pytest.raises(BadInput, match="not a regular file"):
        files.read("/dev/zero")


def test_a_byte_order_mark_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xef\xbb\xbfa")
    assert files.read(str(tmp_path / "file")) == "a"


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)])
def test_modes_that_show_a_secret(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    mode: int,
    warned: bool,  # noqa: FBT001 (a parameter set)
) -> None:
    path = tmp_path / "key"
    path.write_text("x")
    path.chmod(mode)
    files.read(str(path), secret=True)
    said = f"nsguard: warning: {path}: mode {mode:04o} lets others read the key; chmod 0600 {path}\n"
    assert capsys.readouterr().err == (said if warned else "")


def test_writing_replaces_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "a/b"
    files.write(str(path), "one", mode=0o640)
    first = path.stat()
    files.write(str(path), "one")
    assert path.stat().st_ino == first.st_ino
    with path.open() as reader:
        files.write(str(path), "two")
        assert reader.read() == "one"
    assert path.read_text() == "two"
    assert os.listdir(path.parent) == ["b"]


def test_removing_follows_no_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "link").symlink_to(outside)
    files.remove(str(tree))
    files.remove(str(tree))
    assert not tree.exists()
    assert (outside / "kept").exists()


def test_a_lock_that_another_process_keeps_is_named(tmp_path: Path) -> None:
    with files.locked(str(tmp_path)), pytest.raises(NsguardError) as error, files.locked(str(tmp_path), 0.01):
        pass
    assert str(error.value) == (
        f"{tmp_path}: another process has held the lock on it for 0.01 s; find it with: fuser -v {tmp_path}"
    )
    with files.locked(str(tmp_path), 0.01):
        pass


def test_nobody_can_open_an_own_directory_while_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []
    change = os.chmod

    def seen(path: str, mode: int) -> None:
        modes.append(os.stat(path).st_mode & 0o777)
        change(path, mode)

    monkeypatch.setattr(os, "chmod", seen)
    for umask in (0, 0o077):
        previous = os.umask(umask)
        try:
            files.make_own(str(tmp_path / f"{umask:o}"))
        finally:
            os.umask(previous)
        assert (tmp_path / f"{umask:o}").stat().st_mode & 0o777 == files.OWN_MODE
    assert modes == [files.OWN_MODE, 0o700]
