"""Which clients reach what a namespace publishes: rules on the host, in a table of their own."""

from __future__ import annotations

import os

from nsguard.net import nft
from nsguard.state import State
from nsguard.system import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nsguard.spec.spec import Spec


def lay(wanted: Spec, found: State) -> None:
    """Lay the rules, or remove those that are no longer wanted. The state says first that there are some."""
    if wanted.clients_ruleset is None:
        clear(found)
        return
    ruleset = nft.Ruleset(wanted.clients_ruleset, files.read(wanted.clients_ruleset))
    files.write(found.clients, "")
    nft.load_clients(found.name, ruleset)


def clear(found: State) -> None:
    """Remove the rules, if there may be any."""
    if os.path.exists(found.clients):
        nft.delete_clients(found.name)
        files.remove(found.clients)
