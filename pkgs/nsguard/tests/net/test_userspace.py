"""Starting and configuring wireguard-go."""

import subprocess
import sys
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


def test_a_socket_that_opens_soon_is_awaited_without_slow_modules(tmp_path: Path) -> None:
    """Each tunnel in userspace waits for it; loading json and regular expressions would take each some 10 ms more."""
    sources = str(Path(userspace.__file__).parents[2])
    code = (
        f"import sys; sys.path.insert(0, {sources!r}); from nsguard.net import userspace;"
        f"from nsguard.state import Tunnel; import _socket;"
        f"userspace.SOCKETS['wireguard'] = {str(tmp_path)!r};"
        f"it = _socket.socket(_socket.AF_UNIX); it.bind({str(tmp_path / 'wg0.sock')!r}); it.listen();"
        "userspace._wait_for_socket(Tunnel(kind='wireguard', device='wg0')); print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-IS", "-c", code], check=True, capture_output=True, text=True).stdout
    assert "nsguard.net.userspace" in loaded.split()
    assert not {"re", "enum", "json", "contextlib", "collections", "socket"} & set(loaded.split())
