"""Services of the host that those inside reach, and whether they answer there."""

from collections.abc import Sequence
from typing import Any

from nsguard.health import published
from nsguard.health.confined import Unit
from nsguard.net import listening
from nsguard.spec.spec import Spec


def of(wanted: Spec, units: Sequence[Unit]) -> list[dict[str, Any]]:
    """Those that the configuration names, as docs/status.md describes them."""
    listeners = listening.listeners(None) if wanted.host_services else []
    found = []
    for it in wanted.host_services:
        answered, elsewhere = listening.answered(listeners, it.port, [str(it.address)])
        found.append(
            {
                "name": it.name,
                "listenPort": it.listen_port,
                "address": str(it.address),
                "port": it.port,
                "state": published.of_socket(it.unit, units),
                "unit": it.unit,
                "answered": answered,
                "elsewhere": elsewhere,
            }
        )
    return found
