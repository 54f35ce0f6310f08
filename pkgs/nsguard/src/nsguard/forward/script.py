"""`nsguard forward open|shut NAME`: for a script that gets a forwarded port by its provider's own way.

The script runs on the host, as root. The port closes when the tunnel goes, or when `nsguard-forward-NAME` is stopped.
"""

import time
from collections.abc import Sequence

from nsguard.errors import BadInput, NsguardError
from nsguard.forward import granted, keeper
from nsguard.net import nft
from nsguard.spec import spec
from nsguard.spec.spec import SCRIPT, Spec
from nsguard.state import Forwarded, ForwardingState, State


def open_port(name: str, port: int, protocols: Sequence[str]) -> None:
    """Open this port of namespace `name` and no other one, and tell `client` and `onChange`. Raises `NsguardError`.

    The port comes from a provider, so one that a gateway may not choose is refused here as well.
    """
    configuration = _scripted(name)
    state = State(name)
    tunnel = state.tunnel()
    if tunnel is None or not tunnel.complete:
        raise NsguardError(f"{name}: the tunnel is not up, so no port is open; systemctl start nsguard-tunnel-{name}")
    ports = [(protocol, port) for protocol in protocols]
    for each in ports:
        if reason := granted.fault(name, each, granted.named(configuration)):
            raise NsguardError(f"{name}: port {port} stays closed: {reason}")
    nft.open_ports(name, ports, None)
    forwarded = Forwarded(port, port, None, tuple(protocols))
    granted.tell(name, ports)
    state.write_forwarding(ForwardingState("open", round(time.time()), "", ""))
    if state.forwarded() != forwarded:
        keeper.tell(state, forwarded, configuration.forwarding and configuration.forwarding.hook)


def shut(name: str) -> None:
    """Close the port, and tell `onChange`. Raises `NsguardError`."""
    configuration = _scripted(name)
    state = State(name)
    state.write_forwarding(None)
    if state.forwarded() is not None:
        keeper.tell(state, None, configuration.forwarding and configuration.forwarding.hook)


def _scripted(name: str) -> Spec:
    """The spec of a namespace whose port a script opens. Raises `BadInput`."""
    configuration = spec.load(name)
    if configuration.forwarding is None or configuration.forwarding.protocol != SCRIPT:
        at = f"nsguard.namespaces.{name}.portForwarding"
        raise BadInput(f'{name}: no script may open a port; set {at} = {{ enable = true; protocol = "script"; }};')
    return configuration
