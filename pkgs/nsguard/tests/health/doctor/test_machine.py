"""What the doctor says of the machine's clock and of the files with keys."""

import json

from box import NAME, Box, spec


def checks(box: Box) -> list[str]:
    return [it["check"] for it in json.loads(box.nsguard("doctor", "--json").stdout)["namespaces"][NAME]]


def test_the_doctor_sees_a_clock_that_was_set_back(box: Box) -> None:
    box.kernel_wireguard()
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    assert "clock" not in checks(box)
    (box.shim / "age").write_text("-3600")
    (line,) = [line for line in box.nsguard("doctor").stdout.splitlines() if "clock" in line]
    assert line.startswith("vpn: clock: this machine's clock says ")
    assert line.endswith(
        " UTC, but the last handshake was later; peers refuse handshakes from the "
        "past; set the clock, or have it set: timedatectl set-ntp true"
    )


def test_the_doctor_makes_no_key(box: Box) -> None:
    from box import peer

    typed = {"configFile": None, "ips": ["10.66.0.2/32"], "privateKeyFile": "/run/keys/vpn.key", "peers": [peer()]}
    box.write_spec(spec(**typed, generatePrivateKeyFile=True))
    said = box.nsguard("doctor", NAME).stdout
    assert "vpn: keys: /run/keys/vpn.key: no such file or directory; restart the tunnel, which generates it\n" in said
    assert box.run("test", "-e", "/run/keys").returncode != 0
