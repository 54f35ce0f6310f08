"""Programs that are compiled, by the compiler of the host: its C library is no newer than that of the images."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from ..errors import LabError
from .bytecode import digest
from .image import cached


def built(sources: Path, program: str) -> Path:
    """The program that `make` builds of a directory; built when its sources changed. Raises LabError."""

    def build(place: Path) -> None:
        place.mkdir()
        for source in [*sources.glob("*.[ch]"), sources / "Makefile"]:
            shutil.copy(source, place)
        command = ["make", "--silent", "-C", str(place), program]
        try:
            done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        except FileNotFoundError as error:
            raise LabError("lab: make is missing; `make deps` installs it, and a C compiler") from error
        if done.returncode:
            said = " | ".join(done.stderr.strip().splitlines()[-5:])
            raise LabError(f"lab: {program} could not be built: {said}")

    return cached(f"{program}-{digest(sources, program)}", build, program) / program
