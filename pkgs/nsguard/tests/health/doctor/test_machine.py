"""The doctor's findings about the clock, the files with keys, and the last change of a tunnel."""

import json

from box import NAME, Box, config, spec


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


def test_a_key_in_the_store_has_to_be_replaced(box: Box) -> None:
    box.write("/nix/store/hash-vpn.conf", config(), 0o444)
    box.write_spec(spec(configFile="/etc/wireguard/vpn.conf"))
    box.out("sh", "-c", "mkdir -p /etc/wireguard && ln -s /nix/store/hash-vpn.conf /etc/wireguard/vpn.conf")
    (line,) = [line for line in box.nsguard("doctor", NAME).stdout.splitlines() if ": keys: " in line]
    assert line == (
        "vpn: keys: /etc/wireguard/vpn.conf: leads into the Nix store, where every user can read the key; "
        "remove it from the configuration, get another key, and put its file below /run/secrets"
    )


def test_a_change_that_was_refused_is_a_fault_until_one_is_made(box: Box) -> None:
    box.kernel_wireguard()
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    path = spec()["tunnel"]["configFile"]
    box.write(path, "client\nremote vpn.example.org 1194\n")
    assert box.nsguard("tunnel", "reload", NAME).returncode == 2
    (line,) = [line for line in box.nsguard("doctor", NAME).stdout.splitlines() if ": units: " in line]
    assert line.startswith(
        f"vpn: units: the tunnel goes on as it was, because its last change was refused: {path}:1: this line "
    )
    assert line.endswith("; then: systemctl reload nsguard-tunnel-vpn")
    box.write(path, config())
    assert box.nsguard("tunnel", "reload", NAME).returncode == 0
    assert "units" not in checks(box)


def test_a_change_that_failed_on_its_way_is_not_called_refused(box: Box) -> None:
    box.kernel_wireguard()
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    box.behave()
    box.nsguard("tunnel", "reload", NAME)
    box.misbehave("fail-before", 1 + next(i for i, call in enumerate(box.calls(), 1) if " syncconf " in call))
    assert box.nsguard("tunnel", "reload", NAME).returncode == 1
    box.behave()
    (line,) = [line for line in box.nsguard("doctor", NAME).stdout.splitlines() if ": units: " in line]
    assert line.startswith("vpn: units: the last change of the tunnel failed, and may have been made in part: ")
    assert line.endswith("systemctl reload nsguard-tunnel-vpn")
