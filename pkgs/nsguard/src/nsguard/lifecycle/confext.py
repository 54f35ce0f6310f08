"""The files that systemd shows to confined units in /etc, in place of the host's (systemd-confext(8)).

There are two trees of the same files. In the second tree, passwd and group are links to the unit's own files, which
nsguard-init writes for a user that systemd makes when the unit starts (pkgs/nsguard/init/accounts.c).
"""

from __future__ import annotations

import os

from nsguard import paths
from nsguard.spec.word import ALPHANUMERIC, Word
from nsguard.system import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from nsguard.spec.spec import Spec
    from nsguard.state import State

_RELEASE = "extension-release.d"
_LINKS = {"resolv.conf": f"{paths.RUN}/resolv.conf"}
_ACCOUNTS = {name: f"{paths.ACCOUNTS}/{name}" for name in ("passwd", "group")}
_HOST_NAME = Word(ALPHANUMERIC, f"{ALPHANUMERIC}.-", 253, last=ALPHANUMERIC)


def lay(spec: Spec, state: State) -> None:
    """Write both trees, and remove all other files in them."""
    for tree, links in _trees(state):
        etc = f"{tree}/etc"
        files.write(f"{etc}/{_RELEASE}/extension-release.{os.path.basename(tree)}", "ID=_any\n")
        for name, text in texts(spec).items():
            files.write(f"{etc}/{name}", text)
        for name in os.listdir(etc):
            if name not in {*spec.etc, *links, _RELEASE}:
                files.remove(f"{etc}/{name}")
        for name, target in links.items():
            if not os.path.islink(f"{etc}/{name}"):
                os.symlink(target, f"{etc}/{name}")


def expected(spec: Spec, state: State) -> Iterator[tuple[str, str]]:
    """The path and the text of each file that comes from the spec, in both trees."""
    for tree, _ in _trees(state):
        for name, text in texts(spec).items():
            yield f"{tree}/etc/{name}", text


def texts(spec: Spec) -> dict[str, str]:
    """File name → text. In hosts, the current host name has the loopback addresses, unless an option sets others.

    A service keeps the host name with which it was started (ProtectHostname=). After a change of the host name, the
    namespace's next reload writes the new one, and `nsguard doctor` asks for that reload.
    """
    hosts = spec.etc.get("hosts")
    if hosts is None:
        return dict(spec.etc)
    known = {name.lower() for line in hosts.splitlines() for name in line.split()[1:]}
    own = [name for name in _own_names() if name.lower() not in known]
    lines = [f"{address} {name}\n" for name in own for address in ("127.0.0.1", "::1")]
    return {**spec.etc, "hosts": hosts + "".join(lines)}


def _own_names() -> list[str]:
    """The host name and, if it has a domain, its first label. Names that are not valid are left out."""
    whole = os.uname().nodename
    names = dict.fromkeys((whole, whole.partition(".")[0]))
    return [name for name in names if _HOST_NAME(name) and not name.replace(".", "").isdecimal()]


def _trees(state: State) -> tuple[tuple[str, dict[str, str]], ...]:
    return (state.confext, _LINKS), (state.accounts_confext, _LINKS | _ACCOUNTS)
