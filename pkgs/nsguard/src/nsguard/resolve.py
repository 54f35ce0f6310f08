"""Names of endpoints become addresses, in the host's namespace, before anything is changed."""

from nsguard import values
from nsguard.model import Endpoint, Peer


def endpoints(peers: tuple[Peer, ...]) -> dict[str, Endpoint]:
    """Public key → endpoint with an address, for each peer that has one.

    Of a name's addresses the first that the host has a route to is taken, else the first. Raises `Unresolved`.
    """
    wanted = {peer.public_key: peer.endpoint for peer in peers if peer.endpoint}
    names = sorted({endpoint.host for endpoint in wanted.values() if not values.is_address(endpoint.host)})
    if not names:
        return wanted
    from nsguard import lookup  # sockets take milliseconds to import, and most endpoints are addresses

    found = lookup.addresses(names)
    return {
        key: endpoint._replace(host=lookup.best(found[endpoint.host], endpoint.port))
        if endpoint.host in found
        else endpoint
        for key, endpoint in wanted.items()
    }
