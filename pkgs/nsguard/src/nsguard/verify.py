"""The check that the supervisor of a command is in the right network namespace.

If systemd may not enter another network namespace, it starts the service in the host's (EPERM at setns is not fatal
to it). nsguard-init checks the same for commands of units (init/verify.c). It fails closed: whatever goes wrong,
nothing is started.
"""

import os
import sys

from nsguard import paths

# systemd.service(5): as ExecCondition=, 1 to 254 would skip the unit quietly, and 255 makes it fail.
REFUSED = 255


def verify(name: str) -> int:
    """0 if this process is in namespace `name` and not in the host's, else `REFUSED` and one line on stderr."""
    try:
        fault = _fault(name)
    except Exception as error:  # noqa: BLE001 (fails closed)
        fault = f"cannot tell where this process is: {error}"
    if not fault:
        return 0
    print(f"nsguard: {name}: {fault}", file=sys.stderr)
    return REFUSED


def _fault(name: str) -> str:
    inodes = _identity(name)
    own = os.stat(paths.OWN_NETNS).st_ino
    if own == inodes["host"]:
        return "this process is in the host's network namespace; its unit needs NetworkNamespacePath="
    if own != inodes["namespace"]:
        return (
            f"this process is in network namespace {own}, not {inodes['namespace']}; "
            f"restart it after nsguard-netns-{name}.service"
        )
    return ""


def _identity(name: str) -> dict[str, int]:
    """Inodes of the namespace and of the host's, as `netns up` wrote them.

    In a confined service RUN is a bind mount of RUN/NAME/inside; on the host it holds every namespace.
    """
    try:
        file = open(f"{paths.RUN}/identity", encoding="ascii")  # noqa: SIM115 (closed by `with` below)
    except FileNotFoundError:
        if not paths.valid_name(name):
            raise ValueError("no such namespace") from None
        file = open(f"{paths.RUN}/{name}/inside/identity", encoding="ascii")  # noqa: SIM115
    with file:
        words = file.read(256).split()
    numbers = {words[i]: int(words[i + 1]) for i in range(0, len(words), 2)}
    if numbers.keys() != {"namespace", "host"}:
        raise ValueError("identity file is malformed")
    return numbers
