"""Waiting for a handshake."""

import pytest

from box import NAME, PEER, Box


def test_a_handshake_is_waited_for(any_box: Box) -> None:
    box = any_box
    done = box.nsguard("wait", NAME, "1")
    what = "nsguard: namespace vpn: the tunnel is not up, after 1 s; see nsguard doctor vpn\n"
    assert (done.returncode, done.stderr) == (1, what)
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    done = box.nsguard("wait", NAME, "1")
    if box.kernel:  # the fake kernel reports a handshake 90 s ago
        assert (done.returncode, done.stderr) == (0, "")
    else:
        what = "nsguard: namespace vpn: no peer answers, after 1 s; see nsguard doctor vpn\n"
        assert (done.returncode, done.stderr) == (1, what)
        assert box.out("wg", "show", "nsg-1a2b3c4d", "persistent-keepalive").split() == [PEER, "off"]


@pytest.mark.parametrize("seconds", ["0", "x", "3601"])
def test_how_long_is_checked(box: Box, seconds: str) -> None:
    done = box.nsguard("wait", NAME, seconds)
    what = f"nsguard: wait: '{seconds}' is not a number from 1 to 3600; correct it\n"
    assert (done.returncode, done.stderr) == (2, what)
