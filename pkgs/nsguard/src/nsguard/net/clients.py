"""Rules on the host, in a table of their own, for the clients that may reach the ports of a namespace."""

from __future__ import annotations

import os

from nsguard.net import nft
from nsguard.state import State
from nsguard.system import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from nsguard.spec.spec import Spec


def lay(spec: Spec, state: State) -> None:
    """Load the rules, or remove them if the spec no longer has any. The state records first that rules may exist."""
    if spec.clients_ruleset is None:
        clear(state)
        return
    ruleset = nft.Ruleset(spec.clients_ruleset, files.read(spec.clients_ruleset))
    files.write(state.clients, "")
    nft.load_clients(state.name, ruleset)


def clear(state: State) -> None:
    """Remove the rules, if there may be any."""
    if os.path.exists(state.clients):
        nft.delete_clients(state.name)
        files.remove(state.clients)
