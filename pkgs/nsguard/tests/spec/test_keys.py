"""Key files of typed options."""

import os
import stat
from pathlib import Path

import pytest

from box import NAME, PEER, PRIVATE, Box, peer, spec
from nsguard.spec import keys
from nsguard.system import process


def test_typed_options_make_and_read_keys(box: Box) -> None:
    box.write("/run/psk", PRIVATE + "\n")
    value = spec(
        configFile=None,
        ips=["10.66.0.2/32"],
        privateKeyFile="/run/keys/deep/vpn.key",
        generatePrivateKeyFile=True,
        peers=[peer(presharedKeyFile="/run/psk", persistentKeepalive=25, allowedIPs=["0.0.0.0/0"])],
    )
    box.write_spec(value)
    box.nsguard("netns", "up", NAME)
    done = box.nsguard("tunnel", "up", NAME)
    assert done.returncode == 0, done.stderr
    key = box.out("cat", "/run/keys/deep/vpn.key").strip()
    assert box.out("stat", "-c", "%a", "/run/keys", "/run/keys/deep", "/run/keys/deep/vpn.key").split() == [
        "700",
        "700",
        "600",
    ]
    assert box.out("ls", "-A", "/run/keys/deep").split() == ["vpn.key"]
    device = "nsg-1a2b3c4d"
    assert box.out("wg", "show", device, "private-key").strip() == key
    assert box.out("wg", "show", device, "preshared-keys").split() == [PEER, PRIVATE]
    assert box.out("wg", "show", device, "persistent-keepalive").split() == [PEER, "25"]
    box.nsguard("tunnel", "down", NAME)
    again = box.nsguard("tunnel", "up", NAME)
    assert box.out("wg", "show", device, "private-key").strip() == key
    for secret in (key, PRIVATE):
        assert secret not in done.stderr + again.stderr
        assert all(secret not in call for call in box.calls())


def test_a_new_key_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    link = os.link
    monkeypatch.setattr(process, "ask", lambda *_: PRIVATE + "\n")
    monkeypatch.setattr(
        os, "fsync", lambda number: steps.append("file" if stat.S_ISREG(os.fstat(number).st_mode) else "directory")
    )

    def named(source: str, target: str) -> None:
        steps.append("name")
        link(source, target)

    monkeypatch.setattr(os, "link", named)
    keys.ensure(str(tmp_path / "vpn.key"))
    assert steps == ["file", "name", "directory"]
    assert keys.read(str(tmp_path / "vpn.key")).reveal() == PRIVATE
