"""A namespace's own terminals: programs confined to it neither read nor write terminals of the host's users.

They are the namespace's and not each unit's: systemd mounts none for a unit, and `nsguard run` opens the terminal of a
command before its unit is there. Units of one namespace therefore share them as far as they have the same user.
"""

from __future__ import annotations

import os

from nsguard.system.contexts import suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nsguard.spec.spec import Spec
    from nsguard.state import State

# A terminal is its user's, and the group's that programs expect (grantpt(3)).
_GROUP, _MODE = "tty", "mode=0620,ptmxmode=0666"
# The kernel has 4096 for the whole machine, those of the host among them (/proc/sys/kernel/pty/max).
_LIMIT = 512


def lay(spec: Spec, state: State) -> None:
    """Mount an instance of devpts, unless it is there. Each mount is another one (kernel documentation, devpts).

    On the host only those who may start commands can open terminals in it.
    """
    directory = os.path.dirname(state.terminals)
    os.makedirs(state.terminals, exist_ok=True)
    import grp  # only laying needs it

    group, mode = 0, 0o700
    if spec.command_group is not None:
        with suppress(KeyError):  # the supervisor reports that there is no such group
            group, mode = grp.getgrnam(spec.command_group).gr_gid, 0o710
    os.chmod(directory, 0o700)  # no moment with the mode of one group and the number of another
    os.chown(directory, 0, group)
    os.chmod(directory, mode)
    if os.path.ismount(state.terminals):
        return
    from nsguard.system import kernel

    flags = kernel.MS_NOSUID | kernel.MS_NOEXEC
    options = f"{_MODE},max={_LIMIT}"
    try:
        kernel.mount("devpts", state.terminals, "devpts", flags, f"{options},gid={grp.getgrnam(_GROUP).gr_gid}")
    except (KeyError, OSError):  # there may be no such group, or not in this user namespace
        kernel.mount("devpts", state.terminals, "devpts", flags, options)


def clear(state: State) -> None:
    """Unmount it; nothing to unmount is fine."""
    while os.path.ismount(state.terminals):
        from nsguard.system import kernel

        kernel.unmount(state.terminals)
