"""Records of the lab's servers: one JSON object a line, appended in a single write so that no line is read in part."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any


class Records:
    """An append-only file; every record carries `time`, in seconds since the epoch."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def add(self, **record: Any) -> None:
        """Append one record."""
        os.write(self._file, json.dumps({"time": time.time(), **record}).encode() + b"\n")


def parse(data: bytes) -> list[dict[str, Any]]:
    """All records of a file's content."""
    return [json.loads(line) for line in data.splitlines()]
