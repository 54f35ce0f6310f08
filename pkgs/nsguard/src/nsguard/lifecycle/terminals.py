"""A namespace's own terminals: programs confined to it neither read nor write terminals of the host's users.

They belong to the namespace and not to each unit, because systemd mounts none for a unit, and `nsguard run` opens the
terminal of a command before its unit exists. So units of one namespace share terminals, if they have the same user.
"""

from __future__ import annotations

import os

from nsguard.system.contexts import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nsguard.spec.spec import Spec
    from nsguard.state import State

# A terminal belongs to its user, and to the group that programs expect (grantpt(3)).
_GROUP, _MODE = "tty", "mode=0620,ptmxmode=0666"
# The most terminals in one namespace. The kernel allows 4096 on the whole machine (/proc/sys/kernel/pty/max).
_LIMIT = 512


def lay(spec: Spec, state: State) -> None:
    """Mount an instance of devpts, unless it is mounted. Each mount is a separate instance (kernel docs, devpts).

    On the host, only users who may start commands inside can open terminals in it.
    """
    directory = os.path.dirname(state.terminals)
    os.makedirs(state.terminals, exist_ok=True)
    import grp  # imported here because only this function needs it

    group, mode = 0, 0o700
    if spec.command_group is not None:
        with suppress(KeyError):  # the supervisor reports that there is no such group
            group, mode = grp.getgrnam(spec.command_group).gr_gid, 0o710
    os.chmod(directory, 0o700)  # so that no other group ever has the mode that is meant for this one
    os.chown(directory, 0, group)
    os.chmod(directory, mode)
    if os.path.ismount(state.terminals):
        return
    from nsguard.system import kernel

    flags = kernel.MS_NOSUID | kernel.MS_NOEXEC
    options = f"{_MODE},max={_LIMIT}"
    try:
        kernel.mount("devpts", state.terminals, "devpts", flags, f"{options},gid={grp.getgrnam(_GROUP).gr_gid}")
    except (KeyError, OSError):  # the group may not exist, or not in this user namespace
        kernel.mount("devpts", state.terminals, "devpts", flags, options)


def clear(state: State) -> None:
    """Unmount the instance of devpts; does nothing if none is mounted."""
    while os.path.ismount(state.terminals):
        from nsguard.system import kernel

        kernel.unmount(state.terminals)
