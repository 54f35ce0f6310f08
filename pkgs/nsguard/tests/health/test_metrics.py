"""The metrics for Prometheus."""

from box import NAME, Box
from nsguard.health import metrics


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
