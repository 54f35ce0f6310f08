"""Python for machines that live for seconds: compiled once, and not by every process of every one of them."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from ..errors import LabError
from .cache import newest

PYTHON = "usr/bin/python3"
# Bound over a directory of the image that every Debian has, in a mount namespace that ends with it. Bytecode
# names the hash of its source and not its time (PEP 552): a source that a test changes is compiled anew.
COMPILE = """
mount --bind "$1" "$2/mnt"
exec chroot "$2" /usr/bin/python3 -m compileall -q --invalidation-mode checked-hash -s /mnt -p "$3" /mnt
"""


def compiled(sources: Path, target: str, tree: Path) -> Path:
    """A copy of a directory with bytecode for the Python of an image; `sources` itself where either has no Python.

    target: the path of the copy in the machine, which tracebacks name. Raises LabError.
    """
    python = (tree / PYTHON).resolve().name
    if not (tree / "usr/bin" / python).is_file() or not any(sources.rglob("*.py")):
        return sources

    def build(directory: Path) -> None:
        shutil.copytree(sources, directory, ignore=shutil.ignore_patterns("__pycache__"))
        command = ["unshare", "--mount", "sh", "-euc", COMPILE, "compile", str(directory), str(tree), target]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env={})
        if done.returncode:
            output = " | ".join((done.stderr + done.stdout).strip().splitlines()[-5:])
            raise LabError(f"lab: {sources} could not be compiled: {output}")

    return newest("compiled", digest(sources, target, python), build, f"the bytecode of {target}")


def digest(sources: Path, *more: str) -> str:
    """A name for a tree: 16 hexadecimal digits of a hash over its files' names, modes and contents, and more texts."""
    sha256 = hashlib.sha256("\0".join(more).encode())
    # by os.walk: every lab does this, and pathlib takes six times as long
    for directory, below, names in os.walk(sources):
        below[:] = sorted(name for name in below if name != "__pycache__")
        for name in sorted(names):
            path = os.path.join(directory, name)
            sha256.update(f"\0{os.path.relpath(path, sources)}\0{os.stat(path).st_mode}\0".encode())
            with open(path, "rb") as file:
                sha256.update(file.read())
    return sha256.hexdigest()[:16]
