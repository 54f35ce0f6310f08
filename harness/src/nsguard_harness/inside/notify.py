"""Tells systemd that a service of type notify is ready (sd_notify(3))."""

from __future__ import annotations

import os
import socket


def ready() -> None:
    """Tell systemd that the service is ready; do nothing without $NOTIFY_SOCKET."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            # a leading @ stands for the abstract namespace
            notify.sendto(b"READY=1", "\0" + address[1:] if address.startswith("@") else address)
