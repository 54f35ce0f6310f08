"""`nsguard netns up NAME`: make the namespace, which is closed until it has a tunnel."""

from nsguard import state
from nsguard.errors import NsguardError
from nsguard.lifecycle import confext, teardown, terminals
from nsguard.net import clients, links, namespace, nft, settings
from nsguard.spec import spec
from nsguard.state import State
from nsguard.system import files, process


def up(name: str) -> None:
    """Make namespace `name`; if it is up, set its sysctls and rules again, while its tunnel keeps working.

    Raises `BadInput` with nothing changed, or `NsguardError` with everything undone.
    """
    configuration = spec.load(name)
    ruleset = nft.Ruleset(configuration.namespace_ruleset, files.read(configuration.namespace_ruleset))
    with state.locked(name, create=True) as current:
        assert current is not None  # noqa: S101 (create=True)
        if configuration.host_link:
            from nsguard.net import host_link  # imported here because only this step needs its modules

            host_link.check(configuration, current)
        if teardown.is_up(current):
            _furnish(configuration, ruleset, current, fresh=False)
            return
        if teardown.foreign(current):
            raise NsguardError(
                f"namespace {name} exists and was not made by nsguard; remove it with: ip netns del {name}"
            )
        with process.undone_by(lambda: teardown.remove(current)):
            teardown.remove(current)
            _add(current)
            _furnish(configuration, ruleset, current, fresh=True)


def _add(current: State) -> None:
    files.write(current.making, "")
    namespace.make_directory()
    try:
        process.change("ip", "netns", "add", current.name)
    except process.CommandFailed as error:
        if "File exists" in error.output:  # another process made it first, so nsguard must not remove it
            files.remove(current.making)
        raise
    if namespace.inode(current.name) in (None, namespace.host_inode()):
        raise NsguardError(f"ip netns add {current.name} created no new namespace")


def _furnish(configuration: spec.Spec, ruleset: nft.Ruleset, current: State, *, fresh: bool) -> None:
    """Set up the namespace, without a tunnel: the rules before any link is up, the identity that completes it last."""
    name = current.name
    tunnel = current.tunnel()
    with namespace.entered(name):
        settings.lay(configuration.sysctls)
    nft.load_namespace(name, ruleset, tunnel if tunnel and tunnel.complete else None, fresh=fresh)
    if (forwarded := current.forwarded()) and (forwarding := configuration.forwarding):
        ports = [(protocol, forwarded.port) for protocol in forwarded.protocols]
        # The port stays open until its next renewal, which comes earlier; a script's port is never renewed.
        nft.open_ports(name, ports, None if forwarding.protocol == spec.SCRIPT else forwarding.lifetime)
    process.change("ip", "-n", name, "link", "set", "dev", "lo", "up")
    _set_loopback(configuration, name, fresh=fresh)
    clients.lay(configuration, current)
    if configuration.host_link or current.host_link():
        from nsguard.net import host_link  # as above

        host_link.lay(configuration, current)
    if not tunnel:
        current.write_resolv_conf(state.CLOSED_RESOLV_CONF)
    confext.lay(configuration, current)
    terminals.lay(configuration, current)
    namespace.hold(name, current.held)
    inode = namespace.inode(name)
    if inode is None:
        raise NsguardError(f"namespace {name} was removed while it was being created; try again")
    current.write_identity(inode, namespace.host_inode())
    files.remove(current.making)


def _set_loopback(configuration: spec.Spec, name: str, *, fresh: bool) -> None:
    """Give lo the addresses of hosts that programs inside reach by a proxy, so that they connect to the proxy."""
    if fresh and not configuration.loopback:
        return
    want, had = links.loopback(configuration.loopback), frozenset() if fresh else links.beside_loopback(name)
    if lines := [*links.address_lines("add", want - had, "lo"), *links.address_lines("del", had - want, "lo")]:
        links.batch(name, lines)
