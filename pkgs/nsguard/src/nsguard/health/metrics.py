"""`nsguard metrics FILE`: the status as metrics for the textfile collector of node_exporter (format 0.0.4)."""

import os
import time
from collections.abc import Iterator
from typing import Any

from nsguard.errors import BadInput
from nsguard.health import status
from nsguard.system import files

# Name → type and help; docs/metrics.md lists them.
METRICS = {
    "nsguard_namespace_up": ("gauge", "Whether the namespace is completely set up."),
    "nsguard_tunnel_up": ("gauge", "Whether the tunnel is up in the namespace."),
    "nsguard_peer_latest_handshake_seconds": (
        "gauge",
        "Time of the last handshake with the peer, in seconds since the epoch; 0 for never.",
    ),
    "nsguard_peer_received_bytes_total": ("counter", "Bytes received from the peer since the tunnel came up."),
    "nsguard_peer_sent_bytes_total": ("counter", "Bytes sent to the peer since the tunnel came up."),
    "nsguard_processes": ("gauge", "Processes in the namespace."),
    "nsguard_forwarded_port": ("gauge", "The port that is forwarded to the namespace; 0 for none."),
    "nsguard_error": ("gauge", "Whether the last command failed."),
}


def write(path: str) -> None:
    """Replace the file atomically with the metrics of all namespaces. Raises `BadInput` if `path` is not absolute."""
    if not path.startswith("/"):
        raise BadInput(f"metrics {path!a}: not an absolute path")
    files.write(path, text({name: status.of(name) for name in status.chosen(None)}, time.time()))
    # node_exporter exports the file's time, which shows whether the timer still runs.
    os.utime(path)


def text(statuses: dict[str, dict[str, Any]], now: float) -> str:
    """The text of the metrics. `statuses`: namespace → what `status.of` returns; `now`: seconds since the epoch."""
    samples = [sample for name, record in statuses.items() for sample in _samples(name, record, now)]
    lines = []
    for metric, (kind, help_text) in METRICS.items():
        lines += [f"# HELP {metric} {help_text}", f"# TYPE {metric} {kind}"]
        lines += [
            f"{metric}{_labels(labels)} {value}" for metric_name, labels, value in samples if metric_name == metric
        ]
    return "\n".join([*lines, ""])


def _samples(name: str, record: dict[str, Any], now: float) -> Iterator[tuple[str, dict[str, str], int]]:
    namespace = {"namespace": name}
    tunnel = record["tunnel"]
    yield "nsguard_namespace_up", namespace, int(record["state"] == "up")
    yield "nsguard_tunnel_up", namespace, int(tunnel["state"] == "up")
    yield "nsguard_processes", namespace, sum(len(app["processes"]) for app in record["apps"])
    yield "nsguard_error", namespace, int(record["error"] is not None)
    yield "nsguard_forwarded_port", namespace, (record["forwarded"] or {"port": 0})["port"]
    for peer in tunnel.get("peers", ()):
        labels = namespace | {"peer": peer["publicKey"]}
        age = peer["latestHandshakeAge"]
        yield "nsguard_peer_latest_handshake_seconds", labels, 0 if age is None else round(now - age)
        yield "nsguard_peer_received_bytes_total", labels, peer["received"]
        yield "nsguard_peer_sent_bytes_total", labels, peer["sent"]


def _labels(labels: dict[str, str]) -> str:
    """The labels in braces. No value contains a quote, backslash or line end: names and keys were checked before."""
    return "{" + ",".join(f'{label}="{value}"' for label, value in labels.items()) + "}"
