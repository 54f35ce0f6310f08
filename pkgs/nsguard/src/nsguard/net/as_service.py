"""What a confined service sees, for questions that must be asked from its place and not from the host's.

A look-up of a name by a process that is merely in the namespace would go by nscd's or resolved's socket, and so
by the host's resolver.
"""

import os
from collections.abc import Callable
from typing import Any

from nsguard import paths
from nsguard.errors import NsguardError
from nsguard.net import namespace
from nsguard.state import State
from nsguard.system import child, files, kernel

# Done without privileges, since it reads what the far end of the tunnel sends.
_NOBODY = 65534
# In /etc, of those who sign certificates: Debian's and NixOS's, Fedora's, and where NixOS's links lead.
_CERTIFICATES = ("ssl", "pki", "static")


def ask(found: State, function: Callable[[], Any], timeout: float) -> Any:
    """What `function` returns, a JSON value, from within the namespace, as nobody, within `timeout` seconds.

    Raises `NsguardError`, with what the function's OSError or ValueError said.
    """

    def within() -> Any:
        namespace.enter(found.name)
        _cover(found)
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
        return function()

    try:
        return child.answer(within, timeout)
    except child.Late:
        raise NsguardError(f"no answer within {timeout:g} s") from None
    except child.Failed as error:
        raise NsguardError(str(error)) from None


def _cover(found: State) -> None:
    """A /run without sockets, and an /etc of the namespace's files; no overlay, as two are all that can be stacked."""
    texts = {name: files.read(f"{found.confext}/etc/{name}") for name in ("hosts", "nsswitch.conf")}
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    inside, etc = (os.open(path, os.O_PATH | os.O_CLOEXEC) for path in (found.inside, "/etc"))
    for directory in ("/run", "/etc"):
        kernel.mount("nsguard", directory, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "mode=0755")
    os.mkdir(paths.RUN)
    kernel.mount(f"/proc/self/fd/{inside}", paths.RUN, flags=kernel.MS_BIND)
    os.symlink(f"{paths.RUN}/resolv.conf", "/etc/resolv.conf")
    for name, text in texts.items():
        files.write(f"/etc/{name}", text)
    for name in _CERTIFICATES:
        source, target = f"/proc/self/fd/{etc}/{name}", f"/etc/{name}"
        if os.path.islink(source):
            os.symlink(os.readlink(source), target)
        elif os.path.isdir(source):
            os.mkdir(target)
            kernel.mount(source, target, flags=kernel.MS_BIND)
