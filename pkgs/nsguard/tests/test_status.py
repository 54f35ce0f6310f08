"""`status`, for people and for programs."""

import json

from box import NAME, PEER, PRIVATE, Box
from nsguard import status


def test_status_through_a_life(any_box: Box) -> None:
    box = any_box
    assert box.nsguard("status").stdout == "vpn\n  namespace  down\n  tunnel     down\n"
    assert box.nsguard("status").returncode == 1
    box.nsguard("netns", "up", NAME)
    assert box.nsguard("status", NAME).stdout == "vpn\n  namespace  up\n  tunnel     down\n"
    assert box.nsguard("status", NAME).returncode == 1
    box.nsguard("tunnel", "up", NAME)
    box.behave()
    done = box.nsguard("status", NAME)
    kind = "kernel" if box.kernel else "userspace"
    assert done.returncode == 0
    assert done.stdout == "\n".join(
        [
            "vpn",
            "  namespace  up",
            f"  tunnel     up (mullvad, {kind})",
            "  addresses  10.66.0.2/32, fd66::2/128",
            "  dns        10.66.0.1, fd66::1",
            "  peer       198.51.100.7:51820",
            f"  handshake  {'1 min ago' if kind == 'kernel' else 'none yet'}",
            f"  traffic    {'5 B received, 2.0 KiB sent' if kind == 'kernel' else '0 B received, 0 B sent'}",
            "",
        ]
    )
    assert all("private-key" not in call and "dump" not in call for call in box.calls())
    assert PRIVATE not in done.stdout + done.stderr


def test_status_as_json(box: Box) -> None:
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    box.out("sh", "-c", f"ip netns exec {NAME} sleep infinity >/dev/null 2>&1 </dev/null & echo")
    found = json.loads(box.nsguard("status", "--json").stdout)
    while not any(each["name"] == "sleep" for each in found[NAME]["processes"]):
        found = json.loads(box.nsguard("status", "--json").stdout)
    assert found[NAME]["state"] == "up"
    assert found[NAME]["tunnel"] == {
        "state": "up",
        "name": "mullvad",
        "implementation": "userspace",
        "addresses": ["10.66.0.2/32", "fd66::2/128"],
        "dns": ["10.66.0.1", "fd66::1"],
        "peers": [
            {
                "publicKey": PEER,
                "endpoint": "198.51.100.7:51820",
                "latestHandshakeAge": None,
                "received": 0,
                "sent": 0,
            }
        ],
    }


def test_a_half_made_state_is_named(box: Box) -> None:
    box.misbehave("kill-after", 1)
    box.nsguard("netns", "up", NAME)
    assert "namespace  half-made" in box.nsguard("status").stdout
    box.behave()
    box.nsguard("netns", "up", NAME)
    box.misbehave("kill-after", 2)
    box.nsguard("tunnel", "up", NAME)
    box.behave()
    assert "tunnel     half-made" in box.nsguard("status").stdout


def test_amounts() -> None:
    assert [status._span(n) for n in (0, 59, 60, 3599, 3600, 90_000)] == [
        "0 s",
        "59 s",
        "1 min",
        "59 min",
        "1 h",
        "1 d",
    ]
    assert [status._size(n) for n in (0, 1023, 1024, 1 << 20, 3 << 29)] == [
        "0 B",
        "1023 B",
        "1.0 KiB",
        "1.0 MiB",
        "1.5 GiB",
    ]
