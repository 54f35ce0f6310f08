"""`nsguard forward open|shut NAME`: for a script that gets a forwarded port in the provider's own way.

The script runs on the host, as root. The port closes when the tunnel is removed or `nsguard-forward-NAME` is stopped.
"""

import time
from collections.abc import Sequence

from nsguard.errors import BadInput, NsguardError
from nsguard.forward import granted, keeper
from nsguard.net import nft
from nsguard.spec import spec
from nsguard.spec.spec import SCRIPT, Spec
from nsguard.state import Forwarded, ForwardingState, State, locked
from nsguard.system import process


def open_port(name: str, port: int, protocols: Sequence[str]) -> None:
    """Open this port of namespace `name`, close any other, and tell `client` and `onChange`. Raises `NsguardError`.

    The port comes from a provider, so the ports that a gateway may not choose are refused here as well.
    """
    configuration = _scripted(name)
    ports = [(protocol, port) for protocol in protocols]
    with locked(name) as state:  # with this lock held, nothing removes the tunnel or opens another port
        tunnel = state.tunnel() if state else None
        if state is None or tunnel is None or not tunnel.complete:
            remedy = f"systemctl start nsguard-tunnel-{name}"
            raise NsguardError(f"{name}: the tunnel is not up, so no port is open; {remedy}")
        for each in ports:
            if reason := granted.fault(name, each, granted.named(configuration)):
                raise NsguardError(f"{name}: port {port} stays closed: {reason}")
        with process.undone_by(lambda: keeper.close(name)):
            _open(configuration, state, ports)


def _open(configuration: Spec, state: State, ports: Sequence[granted.Port]) -> None:
    nft.open_ports(state.name, ports, None)
    port = ports[0][1]
    forwarded = Forwarded(port, port, None, tuple(protocol for protocol, _ in ports))
    granted.tell(state.name, ports)
    state.write_forwarding(ForwardingState("open", int(time.time()), "", ""))
    if state.forwarded() != forwarded:
        keeper.tell(state, forwarded, configuration.forwarding and configuration.forwarding.hook)


def shut(name: str) -> None:
    """Close the port, and tell `onChange` if it was open. Raises `NsguardError`."""
    configuration = _scripted(name)
    with locked(name) as state:
        was_open = state is not None and state.forwarded() is not None
        keeper.close(name)  # even without a record, because a killed run may have left a port open
        if state is not None and was_open:
            keeper.tell(state, None, configuration.forwarding and configuration.forwarding.hook)


def _scripted(name: str) -> Spec:
    """The spec of a namespace whose port a script opens. Raises `BadInput`."""
    configuration = spec.load(name)
    if configuration.forwarding is None or configuration.forwarding.protocol != SCRIPT:
        at = f"nsguard.namespaces.{name}.portForwarding"
        raise BadInput(f'{name}: no script may open a port; set {at} = {{ enable = true; protocol = "script"; }};')
    return configuration
