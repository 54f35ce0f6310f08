"""What was tested, by name and version: a report without them cannot be compared with another."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version

UNKNOWN = "unknown"


@dataclass(frozen=True)
class About:
    """nsguard, kernel, systemd: versions, "unknown" where there is none; guard: what confined the attacks."""

    nsguard: str
    kernel: str
    systemd: str
    guard: str

    @classmethod
    def of(cls, execute: Callable[[str], tuple[int, str]], guard: str) -> About:
        """Of a machine. execute: runs a command there, and returns its exit status and its output."""
        return cls(
            _printed(execute, "nsguard --version", r"\d+\.\d\S*") or own_version(),
            _printed(execute, "uname -r", r"\S+") or UNKNOWN,
            _printed(execute, "systemctl --version", r"systemd (\S+(?: \(\S+\))?)") or UNKNOWN,
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


def _printed(execute: Callable[[str], tuple[int, str]], command: str, pattern: str) -> str:
    status, output = execute(f"{command} 2>/dev/null")
    match = re.search(pattern, output) if status == 0 else None
    return match[match.lastindex or 0] if match else ""
