"""What of a gateway's grant is taken: whoever answers for it chooses the port, and may mean another service."""

import contextlib
import json
from collections.abc import Collection, Iterator

from nsguard import paths
from nsguard.net.listening import listeners
from nsguard.spec.spec import Spec
from nsguard.system import files

Port = tuple[str, int]  # protocol and number

# ip-sysctl.rst, ip_unprivileged_port_start: services that everybody knows listen below.
_FIRST_UNPRIVILEGED = 1024


def named(wanted: Spec) -> frozenset[Port]:
    """The ports of a namespace that its options give to services."""
    linked = wanted.host_link.published if wanted.host_link else ()
    return frozenset(
        [("tcp", it.port) for it in wanted.published]
        + [(it.protocol, it.port) for it in linked]
        + [(protocol, port) for protocol, ports in wanted.tunnel_ports.items() for port in ports]
    )


def fault(name: str, port: Port, taken: Collection[Port]) -> str:
    """Why the gateway's choice is not opened, or nothing. taken: `named` ports of the namespace `name`.

    A port that somebody inside listens on is right only where it was told before: a program keeps to it.
    """
    protocol, number = port
    if number < _FIRST_UNPRIVILEGED:
        return f"it is below {_FIRST_UNPRIVILEGED}, where well-known services listen"
    if port in taken:
        return "the options give it to a service of the namespace"
    if port not in told(name) and port in set(listening(name)):
        return f"a program inside listens on it by {protocol} already, which was never told of it"
    return ""


def listening(name: str) -> Iterator[Port]:
    """The ports that sockets in the namespace listen on, at whatever address."""
    for protocol in ("tcp", "udp"):
        for listener in listeners(name, protocol):
            yield protocol, listener.port


def told(name: str) -> set[Port]:
    """The ports that programs inside were told last, before the machine was started among others."""
    with contextlib.suppress(FileNotFoundError, ValueError, TypeError), open(_path(name), encoding="utf-8") as file:
        return {(protocol, port) for protocol, port in json.load(file)}
    return set()


def tell(name: str, ports: Collection[Port]) -> None:
    """Keep what programs inside are told now."""
    files.write(_path(name), json.dumps(sorted(ports)) + "\n")


def _path(name: str) -> str:
    return f"{paths.FORWARDED}/{name}.json"
