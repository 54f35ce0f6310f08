"""The texts and labels of the page about a run on a user's own host, in place of the lab's."""

from __future__ import annotations

from ..output.page import Setting
from ..output.page.topology import Labels
from .run import Live


def setting(live: Live) -> Setting:
    """This host, its namespace and its uplinks."""
    return Setting(
        labels(live),
        "Every uplink of this host, by a capture on the host itself. Only frames that carry a token, speak of an "
        "address that an attack was given or the tunnel has, or leave from the tunnel's port are judged: the rest is "
        "the host's own business.",
        "First every attack runs confined as the service is; then it is shown that each would have been seen, mostly "
        "by its token in a datagram that the first router throws away.",
        "on the uplinks",
    )


def labels(live: Live) -> Labels:
    """The host, the tunnel out of its namespace, and where the captures are taken."""
    end = next((f"{address} port {port}" for address, port in sorted(live.tunnel.endpoints, key=str)), "")
    return Labels(
        machine="this host",
        address="",
        namespace=f"namespace {live.namespace}",
        app="probe",
        inner=" ".join(sorted(map(str, live.tunnel.addresses), key=len)[:1]),
        own="resolver, D-Bus, systemd, other processes",
        uplink=", ".join(link.name for link in live.links[:2]) + (" …" if len(live.links) > 2 else ""),
        captured=("captured here",),
        outside=False,
        far="outside",
        far_address="",
        end=("end of the tunnel", end),
        network=("the uplink's network", "where controls die at the first hop"),
        name="This host",
    )
