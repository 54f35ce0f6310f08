"""A daemon that starts as root and becomes another user."""

from __future__ import annotations


def agent(name: str, become: str) -> dict[str, str]:
    """Properties of a unit whose agent starts as root. become: a command line that makes it another user at once."""
    return {
        "Type": "notify",
        "NotifyAccess": "all",
        "Environment": "PYTHONPATH=/usr/lib/nsguard-harness",
        "RuntimeDirectory": f"nsguard-agent-{name}",
        "RuntimeDirectoryMode": "0777",
        "ExecStart": f"{become} /usr/bin/python3 -m nsguard_harness.inside.agent /run/nsguard-agent-{name}/socket",
    }
