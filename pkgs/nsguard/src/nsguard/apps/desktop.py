"""A program's menu entries, changed to start an app's launcher (desktop entry specification 1.5)."""

import re

from nsguard.errors import BadInput
from nsguard.system import files

# Keys to leave out, because they make the desktop start or look for the unconfined program.
DROPPED = ("TryExec", "DBusActivatable", "Path")
_WORD = re.compile(r'(?:"(?:\\.|[^"\\])*"|[^\s"])+')


def entry(path: str, launcher: str, namespace: str) -> str:
    """The text of the entry for an app, made from the file at `path`. Raises `BadInput` if a line cannot be parsed."""
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
                    f"{path}:{number}: {error}; define the entry with nsguard.apps.<name>.desktopEntry"
                ) from None
        elif name == "Name" and group == "[Desktop Entry]":
            lines.append(f"{line} ({namespace})")
        elif name not in DROPPED:
            lines.append(line)
    return "\n".join(lines) + "\n"


def _launched(command: str, launcher: str) -> str:
    """A command line with `launcher` as its program. Its arguments stay, including quotes and fields such as %U."""
    words = _WORD.findall(command)
    if '"' in _WORD.sub("", command):
        raise ValueError("a quote in Exec is not closed")
    if words and words[0].rpartition("/")[2] == "env":
        words = words[1:]
        while words and "=" in words[0]:
            words = words[1:]
    if not words:
        raise ValueError("Exec names no program")
    return " ".join([launcher, *words[1:]])
