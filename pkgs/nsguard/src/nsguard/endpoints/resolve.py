"""Looking up the endpoints of a tunnel before anything is changed."""

from collections.abc import Mapping

from nsguard.spec import values
from nsguard.spec.model import Endpoint, Peer
from nsguard.system.process import say


def endpoints(
    peers: tuple[Peer, ...], previous: Mapping[str, str], outer: str | None, *, long_timeout: bool
) -> dict[str, Endpoint]:
    """Public key → endpoint with an address, for each peer that has one.

    Names are looked up from where the packets will leave: namespace `outer`, or the host. Of the addresses of a name,
    the first with a route is used, or else the first. A name without an address now keeps its earlier one (`previous`:
    name → address); if it has none, its peer is left out, and the name is looked up again later. Raises `Unresolved`
    if no peer has an address. `long_timeout`: use the long timeout, because nothing is waiting for the result.
    """
    configured = {peer.public_key: peer.endpoint for peer in peers if peer.endpoint}
    names = {endpoint.host for endpoint in configured.values() if not values.is_address(endpoint.host)}
    from nsguard.endpoints import lookup  # sockets take milliseconds to import, and most endpoints are addresses

    answers = lookup.ask(names, outer, lookup.TIMEOUT if long_timeout else lookup.SHORT)
    hosts = dict(previous) | {name: addresses[0] for name, addresses in answers.addresses.items()}
    resolved = {
        key: endpoint._replace(host=hosts.get(endpoint.host, endpoint.host))
        for key, endpoint in configured.items()
        if endpoint.host not in names or endpoint.host in hosts
    }
    if not resolved:
        raise answers.fault()
    if answers.faults:
        say(f"nsguard: warning: {answers.fault()}; it is looked up again")
    return resolved
