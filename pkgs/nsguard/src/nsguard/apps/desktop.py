"""A program's own menu entries, with an app's launcher in its place (desktop entry specification 1.5)."""

import re

from nsguard.errors import BadInput
from nsguard.system import files

# Started by D-Bus, or looked for, it would be the unconfined program.
DROPPED = ("TryExec", "DBusActivatable", "Path")
_WORD = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^\s"])+')


def entry(path: str, launcher: str, namespace: str) -> str:
    """The text of an entry. Raises `BadInput` where a line of the original can't be read."""
    lines = []
    group = ""
    for number, line in enumerate(files.read(path).splitlines(), 1):
        if line.startswith("["):
            group = line.strip()
        key, separator, value = line.partition("=")
        name = key.split("[")[0].strip()
        if not separator or line.startswith("#"):
            lines.append(line)
        elif name == "Exec":
            try:
                lines.append(f"Exec={_launched(value, launcher)}")
            except ValueError as error:
                raise BadInput(
                    f"{path}:{number}: {error}; write the entry by nsguard.apps.<name>.desktopEntry"
                ) from None
        elif name == "Name" and group == "[Desktop Entry]":
            lines.append(f"{line} ({namespace})")
        elif name not in DROPPED:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _launched(command: str, launcher: str) -> str:
    """A command line with another program: its arguments stay, with fields such as %U and their quotes."""
    left = _WORD.findall(command)
    if '"' in _WORD.sub("", command):
        raise ValueError("a quote in Exec has no end")
    if left and left[0].rpartition("/")[2] == "env":
        left = left[1:]
        while left and "=" in left[0]:
            left = left[1:]
    if not left:
        raise ValueError("Exec names no program")
    return " ".join([launcher, *left[1:]])
