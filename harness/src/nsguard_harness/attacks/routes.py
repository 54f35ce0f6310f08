"""Routes that the uplink's network hands to the host (DHCP option 121, ICMP, static), not followed inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..attack import Attack, Env, Outcome
from . import _tools

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..lab.base import Lab


class _Pushed(Attack):
    """The host gets routes that would lead past a tunnel of its own; the namespace has routes of its own."""

    alone = True
    tunnelled = True
    core = False

    def routes(self, lab: Lab) -> Iterable[str]:
        """The routes, as ip-route(8) has them."""
        raise NotImplementedError

    def before(self, lab: Lab) -> None:
        lab.client.succeed(*(f"ip {_family(route)} route add {route}" for route in self.routes(lab)))

    def after(self, lab: Lab) -> None:
        lab.client.succeed(*(f"ip {_family(route)} route del {route}" for route in self.routes(lab)))


class TunnelVision(_Pushed):
    """Claim: routes that a DHCP server pushes do not draw the service's packets out of the tunnel.

    Method: what option 121 would do: routes to both halves of the address space, and to the very host, by the gateway.
    Limitations: the routes are set by hand; no DHCP client runs on the host.
    Source: TunnelVision, CVE-2024-3661; RFC 3442.
    """

    name = "tunnel-vision"
    core = True

    def routes(self, lab: Lab) -> Iterable[str]:
        at = lab.addresses
        for half in ("0.0.0.0/1", "128.0.0.0/1", f"{at.web.v4}/32"):
            yield f"{half} via {at.server.v4}"
        for half in ("::/1", "8000::/1", f"{at.web.v6}/128"):
            yield f"{half} via {at.server.v6}"

    def run(self, env: Env) -> Outcome:
        return _tools.send_udp(env, _tools.beyond(env))


class TunnelCrackLocal(_Pushed):
    """Claim: a network that calls itself as large as it likes does not draw packets out of the tunnel.

    Method: hosts beyond, and the tunnel's own server, are said to be on the uplink's own link.
    Limitations: single addresses, so that the way to the endpoint stays.
    Source: TunnelCrack's LocalNet attack (USENIX Security 2023), CVE-2023-36672.
    """

    name = "tunnel-crack-local"

    def before(self, lab: Lab) -> None:
        super().before(lab)
        # the gateway answers for these addresses, as an attacker's network would
        gate = lab.server.uplinks[0].mac
        for route in self.routes(lab):
            lab.client.succeed(f"ip neighbour replace {route} lladdr {gate}")

    def after(self, lab: Lab) -> None:
        for route in self.routes(lab):
            lab.client.succeed(f"ip neighbour del {route}")
        super().after(lab)

    def routes(self, lab: Lab) -> Iterable[str]:
        uplink = lab.client.uplinks[0].interface
        for address in (*lab.addresses.web, *lab.addresses.tunnel_server):
            yield f"{address} dev {uplink}"

    def run(self, env: Env) -> Outcome:
        _tools.send_udp(env, env.addresses.tunnel_server.of(env.family))
        return _tools.send_udp(env, _tools.beyond(env))


class TunnelCrackServer(_Pushed):
    """Claim: a route to the endpoint, which the tunnel's own packets take, is none for the service's.

    Method: a host route to the endpoint by the gateway; plain text to its address and port.
    Limitations: names that resolve to the endpoint's address are the same to the kernel.
    Source: TunnelCrack's ServerIP attack (USENIX Security 2023), CVE-2023-36673.
    """

    name = "tunnel-crack-server"

    def routes(self, lab: Lab) -> Iterable[str]:
        for endpoint, gateway in zip(lab.addresses.endpoint, lab.addresses.server, strict=True):
            yield f"{endpoint} via {gateway}"

    def run(self, env: Env) -> Outcome:
        return _tools.send_to_endpoint(env)


def _family(route: str) -> str:
    return "-6" if ":" in route else "-4"
