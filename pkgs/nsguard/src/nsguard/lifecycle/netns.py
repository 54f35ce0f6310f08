"""`nsguard netns up NAME`: the namespace itself, closed until a tunnel is in it."""

from nsguard import state
from nsguard.errors import NsguardError
from nsguard.lifecycle import confext, teardown, terminals
from nsguard.net import clients, host_link, links, namespace, nft, settings
from nsguard.spec import spec
from nsguard.state import State
from nsguard.system import files, process


def up(name: str) -> None:
    """Make namespace `name`, or lay sysctls and rules anew over the one that is up; its tunnel keeps working.

    Raises `BadInput` with nothing changed, or `NsguardError` with everything undone.
    """
    wanted = spec.load(name)
    ruleset = nft.Ruleset(wanted.namespace_ruleset, files.read(wanted.namespace_ruleset))
    with state.locked(name, create=True) as found:
        assert found is not None  # noqa: S101 (create=True)
        host_link.check(wanted, found)
        if teardown.is_up(found):
            _furnish(wanted, ruleset, found, fresh=False)
            return
        if teardown.foreign(found):
            raise NsguardError(
                f"namespace {name} exists and was not made by nsguard; remove it with: ip netns del {name}"
            )
        with process.undone_by(lambda: teardown.remove(found)):
            teardown.remove(found)
            _add(found)
            _furnish(wanted, ruleset, found, fresh=True)


def _add(found: State) -> None:
    files.write(found.making, "")
    try:
        process.change("ip", "netns", "add", found.name)
    except process.CommandFailed as error:
        if "File exists" in error.output:  # somebody else was faster: not ours to undo
            files.remove(found.making)
        raise
    if namespace.inode(found.name) in (None, namespace.host_inode()):
        raise NsguardError(f"ip netns add {found.name} created no new namespace")


def _furnish(wanted: spec.Spec, ruleset: nft.Ruleset, found: State, *, fresh: bool) -> None:
    """All that a namespace has but a tunnel. Rules come before any link is up, state last: it says "done"."""
    name = found.name
    tunnel = found.tunnel()
    with namespace.entered(name):
        settings.lay(wanted.sysctls)
    nft.load_namespace(name, ruleset, tunnel if tunnel and tunnel.complete else None, fresh=fresh)
    if (forwarded := found.forwarded()) and wanted.forwarding:  # until it is renewed, which is sooner
        ports = [(protocol, forwarded.port) for protocol in forwarded.protocols]
        nft.open_ports(name, ports, wanted.forwarding.lifetime)
    process.change("ip", "-n", name, "link", "set", "dev", "lo", "up")
    _set_loopback(wanted, name, fresh=fresh)
    clients.lay(wanted, found)
    host_link.lay(wanted, found)
    if not tunnel:
        found.write_resolv_conf(state.CLOSED_RESOLV_CONF)
    confext.lay(wanted, found)
    terminals.lay(wanted, found)
    inode = namespace.inode(name)
    if inode is None:
        raise NsguardError(f"namespace {name} was removed while it was being created; try again")
    found.write_identity(inode, namespace.host_inode())
    files.remove(found.making)


def _set_loopback(wanted: spec.Spec, name: str, *, fresh: bool) -> None:
    """Addresses of hosts that a proxy leads to: the namespace's own, as far as those inside can tell."""
    want, had = links.loopback(wanted.loopback), frozenset() if fresh else links.beside_loopback(name)
    if lines := [*links.address_lines("add", want - had, "lo"), *links.address_lines("del", had - want, "lo")]:
        links.batch(name, lines)
