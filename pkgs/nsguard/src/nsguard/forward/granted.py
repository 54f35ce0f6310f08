"""Decides whether a port that a gateway chose is opened: the gateway may choose the port of another service."""

import contextlib
import json
from collections.abc import Collection, Iterator

from nsguard import paths
from nsguard.net.listening import listeners
from nsguard.spec.spec import Spec
from nsguard.system import files

Port = tuple[str, int]  # protocol and number

# ip-sysctl.rst, ip_unprivileged_port_start: well-known services listen on lower ports.
_FIRST_UNPRIVILEGED = 1024


def named(spec: Spec) -> list[tuple[str, range]]:
    """The ports of a namespace that its options give to services: protocol and ports."""
    linked = spec.host_link.published if spec.host_link else ()
    return [
        *(("tcp", it.ports) for it in spec.published),
        *((it.protocol, it.ports) for it in linked),
        *((protocol, ports) for protocol, opened in spec.tunnel_ports.items() for ports in opened),
    ]


def fault(name: str, port: Port, configured: Collection[tuple[str, range]]) -> str:
    """Why the gateway's port stays closed; empty if it may be opened.

    `configured`: the `named` ports of namespace `name`. A port on which a program inside already listens is opened only
    if nsguard told programs inside this port before, because a program goes on using such a port.
    """
    protocol, number = port
    if number < _FIRST_UNPRIVILEGED:
        return f"it is below {_FIRST_UNPRIVILEGED}, where well-known services listen"
    if any(protocol == of and number in ports for of, ports in configured):
        return "an option assigns it to a service of the namespace"
    if port not in told(name) and port in set(listening(name)):
        return f"a program inside that was not given this port already listens on it ({protocol})"
    return ""


def listening(name: str) -> Iterator[Port]:
    """The ports on which sockets in namespace `name` listen, at any address."""
    for protocol in ("tcp", "udp"):
        for listener in listeners(name, protocol):
            yield protocol, listener.port


def told(name: str) -> set[Port]:
    """The ports that programs inside were told last; the file that stores them survives a reboot."""
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError), open(_path(name), encoding="utf-8") as file:
        return {(protocol, port) for protocol, port in json.load(file)}
    return set()


def tell(name: str, ports: Collection[Port]) -> None:
    """Store the ports that programs inside are told now."""
    files.write(_path(name), json.dumps(sorted(ports)) + "\n")


def _path(name: str) -> str:
    return f"{paths.FORWARDED}/{name}.json"
