"""`nsguard netns rules NAME`: load the rules on the host again after the start of a firewall that flushes all tables.

systemd propagates a reload of the firewall to the namespace's units, and a start to the unit of this command.
"""

from nsguard.lifecycle import teardown
from nsguard.net import clients, host_link, nft
from nsguard.spec import spec
from nsguard.state import locked
from nsguard.system import files


def relay(name: str) -> None:
    """Load the pin, the rules of the host link, and those for clients. Does nothing if the namespace is not up.

    Raises `NsguardError`.
    """
    with locked(name) as state:
        if state is None or not teardown.is_up(state):
            return
        configuration = spec.load(name)
        if tunnel := state.tunnel():
            path = configuration.host_ruleset
            nft.load_pin(name, nft.Ruleset(path, files.read(path)), tunnel)
        clients.lay(configuration, state)
        host_link.lay(configuration, state)
