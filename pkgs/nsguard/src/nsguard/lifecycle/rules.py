"""`nsguard netns rules NAME`: the rules on the host are laid again, after a firewall that flushes every table started.

systemd passes a reload of the firewall on to the namespace's units, and its start to this one.
"""

from nsguard.lifecycle import teardown
from nsguard.net import clients, host_link, nft
from nsguard.spec import spec
from nsguard.state import locked
from nsguard.system import files


def relay(name: str) -> None:
    """Lay the pin, the rules of the host link, and those for clients. Does nothing if the namespace is not up.

    Raises `NsguardError`.
    """
    with locked(name) as state:
        if state is None or not teardown.is_up(state):
            return
        configuration = spec.load(name)
        if tunnel := state.tunnel():
            path = configuration.host_ruleset
            nft.load_pin(name, tunnel.outer, nft.Ruleset(path, files.read(path)), tunnel.endpoints)
        clients.lay(configuration, state)
        host_link.lay(configuration, state)
