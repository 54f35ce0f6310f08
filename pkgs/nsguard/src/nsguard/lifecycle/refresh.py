"""`nsguard tunnel refresh NAME`: look up an endpoint's name again when its peer is silent or its interval has passed.

This reconnects the tunnel after the machine was asleep, off or on another network, and after the server has moved.
Keys and sessions stay, so connections through the tunnel survive. They also survive where wireguard-go must be
restarted (`userspace.outgrown`).
"""

from nsguard.endpoints import named
from nsguard.endpoints.named import Named
from nsguard.net import namespace, nft, userspace, wireguard
from nsguard.spec import spec
from nsguard.spec.model import Endpoint
from nsguard.state import State, Tunnel, locked
from nsguard.system import clock, files


def refresh(name: str) -> None:
    """Look up the names that are due, and move the tunnel to their new addresses. Does nothing if none is due.

    Raises `Unresolved` if a name that is due has no address now; the other names are handled first.
    """
    with locked(name) as state:
        if state is None or not (names := named.read(state)):
            return  # the tunnel has no endpoint by name, or is down: `up` looks up all names
        tunnel = state.tunnel()
        if tunnel is None or not tunnel.complete:  # an earlier refresh or reload failed before it was complete
            _again(state, names)
            return
        if not namespace.has_link(name, tunnel.interface):
            return
        now = clock.since_boot()
        traffic = {key: (int(received), int(sent)) for key, received, sent in wireguard.show(name, tunnel, "transfer")}
        updated = {key: it.seen(now, *traffic[key]) for key, it in names.items() if key in traffic}
        # WireGuard answers to the address of a peer's last packet (whitepaper §2.1). If that differs from the address
        # that was looked up, the pin drops the answers.
        current = dict(wireguard.show(name, tunnel, "endpoints"))
        roamed = {
            key: current[key] for key, it in updated.items() if it.address and current.get(key, it.text()) != it.text()
        }
        due = {
            key: it._replace(looked_up=now) for key, it in updated.items() if it.due(now, names[key]) or key in roamed
        }
        named.write(state, updated | due)
        if due:
            _look_up(state, tunnel, updated, due, roamed)


def _look_up(
    state: State, tunnel: Tunnel, updated: dict[str, Named], due: dict[str, Named], roamed: dict[str, str]
) -> None:
    from nsguard.endpoints import lookup

    answers = lookup.ask({it.host for it in due.values()}, tunnel.outer)
    resolved = {
        key: it.at(it.choice(answers.addresses[it.host], roamed.get(key)))
        for key, it in due.items()
        if it.host in answers.addresses
    }
    moved = {
        key: Endpoint(it.address, it.port)
        for key, it in resolved.items()
        if it.address and (it.address != due[key].address or key in roamed)
    }
    names = updated | due | resolved
    if moved and userspace.outgrown(tunnel, moved.values()):
        named.write(state, names)
        _again(state, names)
    elif moved:
        _move(state, tunnel, names, moved)
    if answers.faults:
        raise answers.fault()


def _again(state: State, names: dict[str, Named]) -> None:
    from nsguard.lifecycle import tunnel  # imported here because it is seldom needed

    tunnel.again(state, names)


def _move(state: State, tunnel: Tunnel, names: dict[str, Named], moved: dict[str, Endpoint]) -> None:
    """Change the endpoints of the link in place. During the change, the pin allows both the old and the new ones."""
    path = spec.load(state.name).host_ruleset
    pin = nft.Ruleset(path, files.read(path))
    known_addresses = sorted({(it.address, it.port) for it in names.values() if it.address})
    after = tunnel._replace(endpoints=tuple(dict.fromkeys((*tunnel.fixed, *known_addresses))))
    transition = tunnel._replace(endpoints=(*tunnel.endpoints, *after.endpoints))
    state.write_tunnel(transition)
    nft.load_pin(state.name, pin, transition)
    keepalives = {key: names[key].keepalive for key in moved}
    wireguard.move(state.name, tunnel, moved, keepalives)
    nft.load_pin(state.name, pin, after)
    wireguard.hold(state.name, tunnel, moved, keepalives)
    named.write(state, names)
    state.write_tunnel(after)
