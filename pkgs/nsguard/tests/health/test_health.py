"""What waits for a handshake, what is written for Prometheus, and what the doctor says without a systemd to ask."""

import json

import pytest

from box import NAME, PEER, Box, spec
from nsguard.health import metrics


def test_a_handshake_is_waited_for(any_box: Box) -> None:
    box = any_box
    done = box.nsguard("wait", NAME, "1")
    what = "nsguard: namespace vpn: the tunnel is not up, after 1 s; see nsguard doctor vpn\n"
    assert (done.returncode, done.stderr) == (1, what)
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    done = box.nsguard("wait", NAME, "1")
    if box.kernel:  # which has heard the peer 90 s ago
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


def test_metrics_are_written_in_one_step(box: Box) -> None:
    box.kernel_wireguard()
    box.nsguard("netns", "up", NAME)
    box.nsguard("tunnel", "up", NAME)
    assert box.nsguard("metrics", "/run/out/nsguard.prom").returncode == 0
    lines = box.out("cat", "/run/out/nsguard.prom").splitlines()
    assert box.out("ls", "/run/out").split() == ["nsguard.prom"]
    assert box.out("stat", "-c", "%a", "/run/out/nsguard.prom").strip() == "644"
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    at = values.pop('nsguard_peer_latest_handshake_seconds{namespace="vpn",peer="peer"}')
    assert 80 < int(box.out("date", "+%s")) - int(at) < 120
    assert values == {
        'nsguard_namespace_up{namespace="vpn"}': "1",
        'nsguard_tunnel_up{namespace="vpn"}': "1",
        'nsguard_processes{namespace="vpn"}': "0",
        'nsguard_forwarded_port{namespace="vpn"}': "0",
        'nsguard_error{namespace="vpn"}': "0",
        'nsguard_peer_received_bytes_total{namespace="vpn",peer="peer"}': "5",
        'nsguard_peer_sent_bytes_total{namespace="vpn",peer="peer"}': "2048",
    }
    for name, (kind, _) in metrics.METRICS.items():
        assert f"# TYPE {name} {kind}" in lines


def test_metrics_of_what_is_down(box: Box) -> None:
    assert box.nsguard("metrics", "/run/nsguard.prom").returncode == 0
    text = box.out("cat", "/run/nsguard.prom")
    assert 'nsguard_namespace_up{namespace="vpn"} 0\n' in text
    assert 'nsguard_tunnel_up{namespace="vpn"} 0\n' in text
    done = box.nsguard("metrics", "nsguard.prom")
    assert (done.returncode, done.stderr) == (2, "nsguard: metrics 'nsguard.prom': not an absolute path\n")


def checks(box: Box) -> list[str]:
    return [it["check"] for it in json.loads(box.nsguard("doctor", "--json").stdout)["namespaces"][NAME]]


def test_the_doctor_knows_what_is_down_where_there_are_no_units(box: Box) -> None:
    box.kernel_wireguard()
    done = box.nsguard("doctor")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "vpn: units: netns vpn is down; nsguard netns up vpn",
        "vpn: units: tunnel vpn is down; nsguard tunnel up vpn",
    ]
    box.nsguard("netns", "up", NAME)
    assert box.nsguard("doctor").stdout == "vpn: units: tunnel vpn is down; nsguard tunnel up vpn\n"


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


def test_a_spec_that_cannot_be_read_is_the_only_finding(box: Box) -> None:
    box.write_spec(spec() | {"version": 7})
    done = box.nsguard("doctor", NAME)
    what = (
        "vpn: spec: /etc/nsguard/vpn/spec.json: version: not 1, the only one that this nsguard reads; "
        "regenerate it with nixos-rebuild switch\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, what, "")
    assert box.nsguard("doctor", "nowhere").returncode == 2


def test_the_doctor_makes_no_key(box: Box) -> None:
    from box import peer

    typed = {"configFile": None, "ips": ["10.66.0.2/32"], "privateKeyFile": "/run/keys/vpn.key", "peers": [peer()]}
    box.write_spec(spec(**typed, generatePrivateKeyFile=True))
    said = box.nsguard("doctor", NAME).stdout
    assert "vpn: keys: /run/keys/vpn.key: no such file or directory; restart the tunnel, which generates it\n" in said
    assert box.run("test", "-e", "/run/keys").returncode != 0
