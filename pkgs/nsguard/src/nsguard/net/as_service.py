"""Running a function as a confined service runs: in the same network namespace, with the same /run and /etc.

A process that has only entered the network namespace would look up names through the socket of nscd or
systemd-resolved, and so with the host's resolver.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from nsguard import paths
from nsguard.errors import NsguardError
from nsguard.net import namespace
from nsguard.state import State
from nsguard.system import child, files, kernel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# The function runs without privileges, because it parses data from the far end of the tunnel.
_NOBODY = 65534
# Directories in /etc with CA certificates: of Debian and NixOS, of Fedora, and the target of NixOS's symlinks.
_CERTIFICATES = ("ssl", "pki", "static")


def ask(state: State, function: Callable[[], Any], timeout: float) -> Any:
    """Run `function` in the namespace as nobody, for at most `timeout` seconds; its result, a JSON value.

    Raises `NsguardError`, with the text of the function's OSError or ValueError.
    """

    def within() -> Any:
        namespace.enter(state.name)
        _cover(state)
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


def _cover(state: State) -> None:
    """Mount a /run without sockets, and an /etc with the namespace's files.

    /etc is a tmpfs and not an overlay, because the kernel stacks at most two overlays.
    """
    texts = {name: files.read(f"{state.confext}/etc/{name}") for name in ("hosts", "nsswitch.conf")}
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("none", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    inside, etc = (os.open(path, os.O_PATH | os.O_CLOEXEC) for path in (state.inside, "/etc"))
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
