"""`nsguard tunnel refresh NAME`: look up again the names of endpoints that are silent, or whose time has come.

A machine that was asleep, off or on another network, and a server that moved, find each other again by this. Keys and
sessions stay, and with them the connections through the tunnel; those last also where wireguard-go has to be another.
"""

from nsguard import state
from nsguard.endpoints import named
from nsguard.endpoints.named import Named
from nsguard.net import namespace, nft, userspace, wireguard
from nsguard.spec import spec
from nsguard.spec.model import Endpoint
from nsguard.state import State, Tunnel
from nsguard.system import files


def refresh(name: str) -> None:
    """Nothing to do is fine. Raises `Unresolved` if a name that is due has no address; the others are seen to."""
    with state.locked(name) as found:
        if found is None or not (known := named.read(found)):
            return  # `up` looks them all up
        tunnel = found.tunnel()
        if tunnel is None or not tunnel.complete:  # as a refresh, or a reload, left it that failed half-way
            _again(found, known)
            return
        if not namespace.has_link(name, tunnel.interface):
            return
        now = named.clock()
        traffic = {key: (int(got), int(sent)) for key, got, sent in wireguard.show(name, tunnel, "transfer")}
        seen = {key: it.seen(now, *traffic[key]) for key, it in known.items() if key in traffic}
        # A peer that spoke from elsewhere is answered there, which the pin forbids (WireGuard whitepaper §2.1).
        at = dict(wireguard.show(name, tunnel, "endpoints"))
        strayed = {key: at[key] for key, it in seen.items() if it.address and at.get(key, it.place()) != it.place()}
        due = {key: it._replace(looked_up=now) for key, it in seen.items() if it.due(now, known[key]) or key in strayed}
        named.write(found, seen | due)
        if due:
            _look_up(found, tunnel, seen, due, strayed)


def _look_up(
    found: State, tunnel: Tunnel, seen: dict[str, Named], due: dict[str, Named], strayed: dict[str, str]
) -> None:
    from nsguard.endpoints import lookup

    answers = lookup.ask({it.host for it in due.values()}, tunnel.outer)
    fresh = {
        key: it.at(it.choice(answers.addresses[it.host], strayed.get(key)))
        for key, it in due.items()
        if it.host in answers.addresses
    }
    moved = {
        key: Endpoint(it.address, it.port)
        for key, it in fresh.items()
        if it.address and (it.address != due[key].address or key in strayed)
    }
    known = seen | due | fresh
    if moved and userspace.outgrown(tunnel, moved.values()):
        named.write(found, known)
        _again(found, known)
    elif moved:
        _move(found, tunnel, known, moved)
    if answers.faults:
        raise answers.fault()


def _again(found: State, known: dict[str, Named]) -> None:
    from nsguard.lifecycle import tunnel  # seldom needed

    tunnel.again(found, known)


def _move(found: State, tunnel: Tunnel, known: dict[str, Named], moved: dict[str, Endpoint]) -> None:
    """Let the link go on with other endpoints. Until it does, the pin lets both through."""
    path = spec.load(found.name).host_ruleset
    pin = nft.Ruleset(path, files.read(path))
    known_addresses = sorted({(it.address, it.port) for it in known.values() if it.address})
    after = tunnel._replace(endpoints=tuple(dict.fromkeys((*tunnel.fixed, *known_addresses))))
    both = (*tunnel.endpoints, *after.endpoints)
    found.write_tunnel(tunnel._replace(endpoints=both))
    nft.load_pin(found.name, tunnel.outer, pin, both)
    keepalives = {key: known[key].keepalive for key in moved}
    wireguard.move(found.name, tunnel, moved, keepalives)
    nft.load_pin(found.name, tunnel.outer, pin, after.endpoints)
    wireguard.hold(found.name, tunnel, moved, keepalives)
    named.write(found, known)
    found.write_tunnel(after)
