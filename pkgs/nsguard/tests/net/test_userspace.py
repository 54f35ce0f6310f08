"""Starting and configuring wireguard-go."""

from pathlib import Path

import pytest

from box import NAME, PEER, PRIVATE, Box, spec
from nsguard.errors import NsguardError
from nsguard.net import userspace
from nsguard.state import Tunnel
from nsguard.system import process, systemd


def test_wireguard_go_gets_keys_mark_and_port(box: Box) -> None:
    box.write_spec(spec(listenPort=51777))
    box.nsguard("netns", "up", NAME)
    assert box.nsguard("tunnel", "up", NAME).returncode == 0
    device = "nsg-1a2b3c4d"
    assert box.out("wg", "show", device, "private-key").strip() == PRIVATE
    assert box.out("wg", "show", device, "fwmark").strip() == "0x6e7abcde"
    assert box.out("wg", "show", device, "listen-port").strip() == "51777"
    assert box.out("wg", "show", device, "endpoints").split() == [PEER, "198.51.100.7:51820"]
    assert box.state()["implementation"] == "userspace"


def test_a_program_that_ends_at_once_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Only the unit's state distinguishes a program that has ended from one that is slow to open its socket."""
    states = iter(["activating", "active", "failed"])
    monkeypatch.setattr(systemd, "show", lambda *_: [{"ActiveState": next(states)}])
    monkeypatch.setattr(userspace, "_CHECK_INTERVAL", 0.0)
    monkeypatch.setattr(process, "change", lambda *_: None)
    tunnel = Tunnel(device="nsg-nowhere", unit="nsguard-userspace-vpn.service")
    with pytest.raises(NsguardError, match=r"vpn\.service ended before it opened /run/wireguard/nsg-nowhere\.sock"):
        userspace.start(tunnel, str(tmp_path / "root"))
    assert next(states, None) is None
