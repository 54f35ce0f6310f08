"""`nsguard netns up|down NAME`: the namespace itself, closed until a tunnel is in it."""

import os

from nsguard import files, namespace, nft, paths, process, spec, state
from nsguard.errors import BadInput, NsguardError
from nsguard.state import State

CLOSED_RESOLV_CONF = "# nsguard: no tunnel, no resolver\n"


def up(name: str) -> None:
    """Make namespace `name`, or lay sysctls and rules anew over the one that is up; its tunnel keeps working.

    Raises `BadInput` with nothing changed, or `NsguardError` with everything undone.
    """
    wanted = spec.load(name)
    ruleset = nft.Ruleset(wanted.namespace_ruleset, files.read(wanted.namespace_ruleset))
    with state.locked(name, create=True) as found:
        assert found is not None  # noqa: S101 (create=True)
        if is_up(found):
            _furnish(wanted, ruleset, found)
            return
        if _foreign(found):
            raise NsguardError(f"namespace {name} is there and not nsguard's; remove it with: ip netns del {name}")
        with process.undone_by(lambda: _remove(found)):
            _remove(found)
            _add(found)
            _furnish(wanted, ruleset, found)


def down(name: str) -> None:
    """Remove namespace `name` with its tunnel and state; nothing to remove is fine.

    Raises `NsguardError`, with nothing changed, while processes live in it.
    """
    with state.locked(name) as found:
        if found is None:
            if not os.path.exists(f"{paths.ETC}/{name}"):
                raise BadInput(f"{name}: no such namespace; see nsguard status")
            return
        inode = None if _foreign(found) else namespace.inode(name)
        if inode is not None and (pids := namespace.processes(inode)):
            raise NsguardError(f"namespace {name} is in use by {_listed(pids)}; stop them first")
        _remove(found)


def is_up(found: State) -> bool:
    """Whether the namespace is there, made by us, and made to the end."""
    identity = found.identity()
    return identity is not None and not os.path.exists(found.making) and _inode(found.name) == identity


def _foreign(found: State) -> bool:
    """Whether somebody else made the namespace (or the file) of this name."""
    path = f"{paths.NETNS}/{found.name}"
    return os.path.lexists(path) and not os.path.exists(found.making) and not is_up(found)


def _inode(name: str) -> int | None:
    try:
        return namespace.inode(name)
    except NsguardError:
        return None


def _listed(pids: list[int]) -> str:
    shown = ", ".join(str(pid) for pid in pids[:8])
    return f"PID{'s' if len(pids) > 1 else ''} {shown}" + (f" and {len(pids) - 8} more" if len(pids) > 8 else "")


def _add(found: State) -> None:
    files.write(found.making, "")
    try:
        process.change("ip", "netns", "add", found.name)
    except process.CommandFailed as error:
        if "File exists" in error.said:  # somebody else was faster: not ours to undo
            files.remove(found.making)
        raise
    if namespace.inode(found.name) in (None, namespace.host_inode()):
        raise NsguardError(f"ip netns add {found.name} made no new namespace")


def _furnish(wanted: spec.Spec, ruleset: nft.Ruleset, found: State) -> None:
    """All that a namespace has but a tunnel. Rules come before any link is up, state last: it says "done"."""
    name = found.name
    tunnel = found.tunnel()
    with namespace.entered(name):
        _set_sysctls(wanted)
    nft.load_namespace(name, ruleset, tunnel if tunnel and tunnel.complete else None)
    process.change("ip", "-n", name, "link", "set", "dev", "lo", "up")
    if not tunnel:
        found.write_resolv_conf(CLOSED_RESOLV_CONF)
    _lay_etc(wanted, found)
    inode = namespace.inode(name)
    if inode is None:
        raise NsguardError(f"namespace {name} was removed while it was made; try again")
    found.write_identity(inode, namespace.host_inode())
    files.remove(found.making)


def _set_sysctls(wanted: spec.Spec) -> None:
    for key, value in wanted.sysctls.items():
        path = "/proc/sys/" + key.replace(".", "/")
        if key.startswith("net.ipv6.") and not os.path.exists("/proc/sys/net/ipv6"):
            continue  # a kernel without IPv6 needs no setting of it
        process.say("+ " + process.replayable(["sysctl", "-w", f"{key}={value}"]))
        try:
            with open(path, "w", encoding="ascii") as file:
                file.write(value)
        except OSError as error:
            raise NsguardError(f"sysctl {key}={value}: {(error.strerror or str(error)).lower()}; see {path}") from None


def _lay_etc(wanted: spec.Spec, found: State) -> None:
    """The tree that systemd lays over /etc of confined services (systemd-confext(8))."""
    etc = f"{found.confext}/etc"
    files.write(f"{etc}/extension-release.d/extension-release.confext", "ID=_any\n")
    for name, text in wanted.etc.items():
        files.write(f"{etc}/{name}", text)
    for name in os.listdir(etc):
        if name not in {*wanted.etc, "extension-release.d", "resolv.conf"}:
            files.remove(f"{etc}/{name}")
    if not os.path.islink(f"{etc}/resolv.conf"):
        os.symlink(f"{paths.RUN}/resolv.conf", f"{etc}/resolv.conf")


def _remove(found: State) -> None:
    """Take away all of it, whatever is there: `down`, undoing, and clearing what a killed run left."""
    if found.tunnel():
        from nsguard import tunnel

        tunnel.clear(found)
    if os.path.lexists(f"{paths.NETNS}/{found.name}") and not _foreign(found):
        process.change("ip", "netns", "del", found.name)
    found.empty()
