"""Finds and removes a namespace and its tunnel, in the same way for `down`, after a failure and after a killed run."""

from __future__ import annotations

import os

from nsguard import paths, state
from nsguard.errors import BadInput, NsguardError
from nsguard.lifecycle import terminals
from nsguard.net import clients, namespace, nft, userspace
from nsguard.state import State, Tunnel
from nsguard.system import files, process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def namespace_down(name: str) -> None:
    """Remove namespace `name` with its tunnel and state; does nothing if there is none.

    Raises `NsguardError`, with nothing changed, while processes are inside.
    """
    with state.locked(name) as current:
        if current is None:
            if not os.path.exists(f"{paths.ETC}/{name}"):
                raise BadInput(f"{name}: no such namespace; see nsguard status")
            return
        inode = None if foreign(current) else namespace.inode(name)
        if inode is not None and (pids := namespace.processes(inode)):
            raise NsguardError(f"namespace {name} is in use by {_listed(pids)}; stop them first")
        remove(current)


def tunnel_down(name: str) -> None:
    """Remove the tunnel of namespace `name` with its link and routes, and close the rules. Does nothing without one."""
    with state.locked(name) as current:
        if current is not None:
            if current.tunnel():
                clear(current)
            files.remove(current.names)
        elif not os.path.exists(f"{paths.ETC}/{name}"):
            raise BadInput(f"{name}: no such namespace; see nsguard status")


def is_up(current: State) -> bool:
    """Whether nsguard made the namespace, and completed it."""
    identity = current.identity()
    return identity is not None and not os.path.exists(current.making) and _inode(current.name) == identity


def foreign(current: State) -> bool:
    """Whether another program made the namespace, or the file, with this name."""
    path = f"{paths.NETNS}/{current.name}"
    return os.path.lexists(path) and not os.path.exists(current.making) and not is_up(current)


def remove(current: State) -> None:
    """Remove whatever exists of the namespace: for `down`, after a failure, and after a killed run."""
    if current.tunnel():
        clear(current)
    if current.host_link():
        from nsguard.net import host_link  # imported here because only this step needs its modules

        host_link.clear(current)
    clients.clear(current)
    if os.path.lexists(f"{paths.NETNS}/{current.name}") and not foreign(current):
        process.change("ip", "netns", "del", current.name)
    _give_up(current)
    terminals.clear(current)
    current.empty()


def clear(current: State) -> None:
    """Remove every part of a tunnel, even an incomplete one. A step that fails does not prevent the others."""
    tunnel = current.tunnel() or Tunnel()
    name = current.name
    left: list[str | None] = []  # where the table of pins may be left without any
    steps: list[Callable[[], None]] = [
        lambda: left.extend(_delete_pin(current, tunnel)),
        lambda: current.write_resolv_conf(state.CLOSED_RESOLV_CONF),
        # The rules close the port with the other sets below. A later tunnel may be another one, without this port.
        lambda: current.write_forwarded(None),
    ]
    if tunnel.unit:
        steps.insert(0, lambda: userspace.stop(tunnel))
    if is_up(current):
        steps.insert(0, lambda: nft.empty_namespace(name))
        # it still has its temporary name if a run was killed before the link was renamed
        own = (tunnel.interface, tunnel.device)
        if link := next((link for link in own if link and namespace.has_link(name, link)), None):
            steps.insert(0, lambda: _delete_link(name, link))
    else:
        # If somebody removed the namespace, the kernel removes its link when nothing holds the namespace any more.
        steps.insert(0, lambda: _give_up(current))
    failures: list[NsguardError | OSError] = []
    for step in steps:
        try:
            step()
        except (NsguardError, OSError) as error:
            failures.append(error)
    if failures:
        raise failures[0]
    current.write_tunnel(None)
    # After the record, so that of tunnels that go at the same time the last one finds no other.
    for place in left:
        _delete_empty_pins(current, place)


def _delete_pin(current: State, tunnel: Tunnel) -> list[str | None]:
    """Remove the tunnel's pin, and return the places in which the table of pins was not removed with it."""
    if not tunnel.marks:
        nft.delete_former_pin(current.name, tunnel.outer)
        return []
    return [
        place
        for place in nft.pin_places(tunnel.outer)
        if not nft.delete_pin(current.name, place, tunnel.marks, alone=not current.has_sibling(place))
    ]


def _delete_empty_pins(current: State, place: str | None) -> None:
    if not current.has_sibling(place):
        nft.delete_empty_pins(place)


def _give_up(current: State) -> None:
    """Stop holding the namespace. Remove its identity first, because another namespace may then get its inode."""
    current.forget_identity()
    namespace.release(current.held)


def _delete_link(name: str, link: str) -> None:
    """Delete a link that may disappear meanwhile: systemd may stop wireguard-go, which owns it, at the same time."""
    try:
        process.change("ip", "-n", name, "link", "del", "dev", link)
    except process.CommandFailed:
        if namespace.has_link(name, link):
            raise


def _inode(name: str) -> int | None:
    try:
        return namespace.inode(name)
    except NsguardError:
        return None


def _listed(pids: list[int]) -> str:
    shown = ", ".join(str(pid) for pid in pids[:8])
    return f"PID{'s' if len(pids) > 1 else ''} {shown}" + (f" and {len(pids) - 8} more" if len(pids) > 8 else "")
