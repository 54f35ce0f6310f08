"""`nsguard keygen`: where the private key goes, and the stanza for the other end."""

import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from box import LAUNCHER

KEY = r"[A-Za-z0-9+/]{43}="


def _keygen(*arguments: str, **more: int) -> subprocess.CompletedProcess[str]:
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
    return subprocess.run([str(LAUNCHER), "keygen", *arguments], text=True, check=False, **given)  # type: ignore[call-overload,no-any-return]


def _public(private: str) -> str:
    return subprocess.run(["wg", "pubkey"], input=private, capture_output=True, text=True, check=True).stdout.strip()


def test_the_key_goes_into_a_file_and_the_stanza_out(tmp_path: Path) -> None:
    path = tmp_path / "deep/vpn.key"
    done = _keygen(str(path), "10.66.0.2/24", "fd66::2")
    assert done.returncode == 0, done.stderr
    private = path.read_text().strip()
    assert done.stdout == f"[Peer]\nPublicKey = {_public(private)}\nAllowedIPs = 10.66.0.2/32, fd66::2/128\n"
    assert private not in done.stdout + done.stderr
    assert path.stat().st_mode & 0o777 == 0o600
    again = _keygen(str(path), "10.66.0.2/24", "fd66::2")
    assert (again.stdout, path.read_text().strip()) == (done.stdout, private)


def test_the_key_goes_on_by_itself_and_the_stanza_beside_it() -> None:
    done = _keygen("-", "10.66.0.2")
    assert re.fullmatch(rf"{KEY}\n", done.stdout)
    assert done.stderr == f"[Peer]\nPublicKey = {_public(done.stdout)}\nAllowedIPs = 10.66.0.2/32\n"


def test_no_key_on_a_terminal() -> None:
    primary, secondary = pty.openpty()
    done = _keygen("-", stdout=secondary)
    os.close(secondary)
    os.close(primary)
    assert done.returncode == 2
    assert done.stderr.startswith("nsguard: keygen: a private key would be shown on the terminal; ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no file for the private key; usage: nsguard keygen FILE|- [ADDRESS ...]"),
        (("{}/key", "10.0.0.1.2"), "'10.0.0.1.2' is not an address; write one like 10.66.0.2/32 or fd66::2/128"),
    ],
)
def test_refusals_make_nothing(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = _keygen(*(word.format(tmp_path) for word in arguments))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"nsguard: keygen: {message}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_holds_no_key_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("my password\n")
    done = _keygen(str(tmp_path / "key"))
    assert done.returncode == 2
    assert "malformed key" in done.stderr
    assert "password" not in done.stderr
    assert (tmp_path / "key").read_text() == "my password\n"
