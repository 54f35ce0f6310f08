"""Services of the host that a namespace may reach, and whether they answer."""

from collections.abc import Sequence
from typing import Any

from nsguard.health import published
from nsguard.health.confined import Unit
from nsguard.net import listening
from nsguard.spec.spec import Spec


def of(spec: Spec, units: Sequence[Unit]) -> list[dict[str, Any]]:
    """The host services in the configuration, as docs/status.md describes them."""
    listeners = listening.listeners(None) if spec.host_services else []
    rows = []
    for service in spec.host_services:
        answered, elsewhere = listening.answered(listeners, (service.port,), [str(service.address)])
        rows.append(
            {
                "name": service.name,
                "listenPort": service.listen_port,
                "address": str(service.address),
                "port": service.port,
                "state": published.of_socket(service.unit, units),
                "unit": service.unit,
                "answered": answered,
                "elsewhere": elsewhere,
            }
        )
    return rows
