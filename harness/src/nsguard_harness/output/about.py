"""What was tested, by name and version: a report without them cannot be compared with another."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

UNKNOWN = "unknown"


@dataclass(frozen=True)
class About:
    """nsguard, kernel, systemd: versions, "unknown" where one cannot be told; guard: what confined the attacks."""

    nsguard: str
    kernel: str
    systemd: str
    guard: str

    @classmethod
    def of(cls, execute: Callable[[str], tuple[int, str]], guard: str) -> About:
        """Those of the machine where `execute` runs a command: its exit status, and what it printed."""
        return cls(
            _told(execute, "nsguard --version", r"\d+\.\d\S*") or own_version(),
            _told(execute, "uname -r", r"\S+") or UNKNOWN,
            _told(execute, "systemctl --version", r"systemd (\S+(?: \(\S+\))?)") or UNKNOWN,
            guard,
        )

    def rows(self) -> dict[str, str]:
        """For people, in order."""
        return asdict(self)

    def line(self) -> str:
        """All of it in one line."""
        return f"nsguard {self.nsguard}, Linux {self.kernel}, systemd {self.systemd}; {self.guard}"


def own_version() -> str:
    """The version of this package, which the runtime of a checkout or of a flake shares."""
    try:
        return version("nsguard-harness")
    except PackageNotFoundError:
        return UNKNOWN


def _told(execute: Callable[[str], tuple[int, str]], command: str, pattern: str) -> str:
    status, said = execute(f"{command} 2>/dev/null")
    found = re.search(pattern, said) if status == 0 else None
    return found[found.lastindex or 0] if found else ""
