"""Sysctls of the network namespace that this process has entered (ip-sysctl in the kernel's documentation)."""

from __future__ import annotations

import os

from nsguard.errors import NsguardError
from nsguard.net import namespace
from nsguard.system import process

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT = ".conf.default."
# The groups that may open ICMP sockets, without which ping(8) fails. The kernel refuses a range whose ends are not
# mapped in this user namespace, as in most containers.
_PING = "net.ipv4.ping_group_range"


def each(sysctls: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Name, file and value of each sysctl to set.

    A default for new links is also set for the present links, except for lo. IPv6's are left out if this kernel has no
    IPv6, and a range of groups that do not all exist here.
    """
    for key, value in sysctls.items():
        if key.startswith("net.ipv6.") and not namespace.has_ipv6():
            continue
        if key == _PING and not all(_is_group(int(number)) for number in value.split()):
            continue
        yield key, "/proc/sys/" + key.replace(".", "/"), value
        if DEFAULT in key:
            family, _, setting = key.partition(DEFAULT)
            for link in sorted(os.listdir(f"/proc/sys/{family.replace('.', '/')}/conf")):
                if link not in ("all", "default", "lo"):
                    file = f"/proc/sys/{family.replace('.', '/')}/conf/{link}/{setting}"
                    yield f"{family}.conf.{link}.{setting}", file, value


def _is_group(number: int) -> bool:
    """Whether this user namespace has the group (user_namespaces(7))."""
    with open("/proc/self/gid_map", encoding="ascii") as file:
        ranges = [tuple(map(int, line.split())) for line in file]
    return any(first <= number < first + count for first, _, count in ranges)


def lay(sysctls: Mapping[str, str]) -> None:
    """Set and log each sysctl. Raises `NsguardError` if the kernel refuses a value that is not set already."""
    for key, path, value in each(sysctls):
        word = f"'{key}={value}'" if " " in value else f"{key}={value}"
        process.say("+ " + process.replayable(["sysctl", "-w", word]))
        try:
            with open(path, "w", encoding="ascii") as file:
                file.write(value)
        except OSError as error:
            if read(path) == value.split():
                continue
            raise NsguardError(f"sysctl {key}={value}: {(error.strerror or str(error)).lower()}; see {path}") from None


def differing(sysctls: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Name of each sysctl whose value is not the intended one, and what a message says of it."""
    for key, path, value in each(sysctls):
        if (present := read(path)) not in (None, value.split()):
            yield key, f"in the namespace, {key} is {' '.join(present or ())} instead of {value}"


def remedy(name: str) -> str:
    """The command that sets the sysctls of namespace `name` again."""
    return f"systemctl reload nsguard-netns-{name}"


def read(path: str) -> list[str] | None:
    """The value of the sysctl in file `path`, split into words; None if it cannot be read."""
    try:
        with open(path, encoding="ascii") as file:
            return file.read().split()
    except OSError:
        return None
