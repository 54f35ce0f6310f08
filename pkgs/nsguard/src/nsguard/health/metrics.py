"""`nsguard metrics FILE`: what status says, for the textfile collector of Prometheus's node_exporter (format 0.0.4)."""

import os
import time
from collections.abc import Iterator
from typing import Any

from nsguard.errors import BadInput
from nsguard.health import status
from nsguard.system import files

# Name → type and help; docs/metrics.md lists them.
METRICS = {
    "nsguard_namespace_up": ("gauge", "Whether the namespace is there, made to the end."),
    "nsguard_tunnel_up": ("gauge", "Whether the tunnel is in it."),
    "nsguard_peer_latest_handshake_seconds": ("gauge", "When the peer was last heard, since the epoch; 0 for never."),
    "nsguard_peer_received_bytes_total": ("counter", "Bytes received from the peer since the tunnel came up."),
    "nsguard_peer_sent_bytes_total": ("counter", "Bytes sent to the peer since the tunnel came up."),
    "nsguard_processes": ("gauge", "Processes in the namespace."),
    "nsguard_forwarded_port": ("gauge", "The port that is forwarded to the namespace; 0 for none."),
    "nsguard_error": ("gauge", "Whether the last command failed."),
}


def write(path: str) -> None:
    """Put the metrics of all namespaces into a file, in one step. Raises `BadInput` for a path that is not absolute."""
    if not path.startswith("/"):
        raise BadInput(f"metrics {path!a}: not an absolute path")
    files.write(path, text({name: status.of(name) for name in status.chosen(None)}, time.time()))
    # node_exporter tells the time of writing, by which a timer that stopped is noticed
    os.utime(path)


def text(found: dict[str, dict[str, Any]], now: float) -> str:
    """The metrics of namespaces by name, as `status.of` has them; `now` in seconds since the epoch."""
    samples = [sample for name, it in found.items() for sample in _samples(name, it, now)]
    lines = []
    for metric, (kind, explained) in METRICS.items():
        lines += [f"# HELP {metric} {explained}", f"# TYPE {metric} {kind}"]
        lines += [f"{metric}{_labels(labels)} {value}" for of, labels, value in samples if of == metric]
    return "\n".join([*lines, ""])


def _samples(name: str, it: dict[str, Any], now: float) -> Iterator[tuple[str, dict[str, str], int]]:
    of = {"namespace": name}
    tunnel = it["tunnel"]
    yield "nsguard_namespace_up", of, int(it["state"] == "up")
    yield "nsguard_tunnel_up", of, int(tunnel["state"] == "up")
    yield "nsguard_processes", of, sum(len(app["processes"]) for app in it["apps"])
    yield "nsguard_error", of, int(it["error"] is not None)
    yield "nsguard_forwarded_port", of, (it["forwarded"] or {"port": 0})["port"]
    for peer in tunnel.get("peers", ()):
        labels = of | {"peer": peer["publicKey"]}
        age = peer["latestHandshakeAge"]
        yield "nsguard_peer_latest_handshake_seconds", labels, 0 if age is None else round(now - age)
        yield "nsguard_peer_received_bytes_total", labels, peer["received"]
        yield "nsguard_peer_sent_bytes_total", labels, peer["sent"]


def _labels(labels: dict[str, str]) -> str:
    """None of the values holds a quote, a backslash or a line's end: names and keys are checked where they are read."""
    return "{" + ",".join(f'{label}="{value}"' for label, value in labels.items()) + "}"
