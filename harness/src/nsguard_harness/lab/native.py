"""Programs that are compiled, by the compiler of the host: its C library is no newer than that of the images."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from ..errors import LabError
from .bytecode import digest
from .cache import newest


def built(sources: Path, program: str) -> Path:
    """The path of the program that `make` builds from a directory, once for each state of it. Raises LabError.

    The harness' package has the program itself in that directory, in place of its sources.
    """
    if not (sources / "Makefile").exists():
        return sources / program

    def build(directory: Path) -> None:
        directory.mkdir()
        for source in [*sources.glob("*.[ch]"), sources / "Makefile"]:
            shutil.copy(source, directory)
        command = ["make", "--silent", "-C", str(directory), program]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise LabError("lab: make is missing; `make deps` installs it, and a C compiler") from error
        if done.returncode:
            output = " | ".join(done.stderr.strip().splitlines()[-5:])
            raise LabError(f"lab: {program} could not be built: {output}")

    return newest(program, digest(sources, program), build, program) / program
