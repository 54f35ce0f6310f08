"""Names of endpoints become addresses, where the packets will leave, before anything is changed."""

from collections.abc import Mapping

from nsguard.spec import values
from nsguard.spec.model import Endpoint, Peer
from nsguard.system.process import say


def endpoints(
    peers: tuple[Peer, ...], known: Mapping[str, str], outer: str | None, *, long_timeout: bool
) -> dict[str, Endpoint]:
    """Public key → endpoint with an address, for each peer that has one.

    Names are looked up by the host, or as from namespace `outer`, where the packets will leave.
    Of a name's addresses the first that the host has a route to is taken, else the first. A name that has none now
    keeps the one it had before (`known`: name → address), or goes without, to be looked up again later. Raises
    `Unresolved` if then no peer has any. `long_timeout`: nothing is waiting for the result, so take the long one.
    """
    wanted = {peer.public_key: peer.endpoint for peer in peers if peer.endpoint}
    names = {endpoint.host for endpoint in wanted.values() if not values.is_address(endpoint.host)}
    from nsguard.endpoints import lookup  # sockets take milliseconds to import, and most endpoints are addresses

    answers = lookup.ask(names, outer, lookup.TIMEOUT if long_timeout else lookup.SHORT)
    hosts = dict(known) | {name: found[0] for name, found in answers.addresses.items()}
    found = {
        key: it._replace(host=hosts.get(it.host, it.host))
        for key, it in wanted.items()
        if it.host not in names or it.host in hosts
    }
    if not found:
        raise answers.fault()
    if answers.faults:
        say(f"nsguard: warning: {answers.fault()}; it is looked up again")
    return found
