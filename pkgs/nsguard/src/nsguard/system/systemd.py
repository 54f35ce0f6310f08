"""What systemd says of units (systemctl(1), show)."""

from collections.abc import Iterable, Sequence

from nsguard.system import process


def show(units: Iterable[str], properties: Sequence[str], *more: str) -> list[dict[str, str]]:
    """The properties of each unit; none where there is no systemd to ask. `more`: further options."""
    arguments = [f"--property={','.join(['Id', *properties])}", *more, "--", *units]
    try:
        said = process.ask("systemctl", "show", *arguments)
    except process.CommandFailed:
        return []
    blocks = (block.splitlines() for block in said.split("\n\n"))
    return [dict(line.partition("=")[::2] for line in block) for block in blocks if block]


def last_words(unit: str) -> str:
    """The last line in which nsguard said in `unit` what is wrong; empty if there is none to be had."""
    try:
        lines = process.ask("journalctl", "-q", "-b", "-o", "cat", "-n", "50", "-u", unit).splitlines()
    except process.CommandFailed:
        return ""
    said = (line.removeprefix("nsguard: ") for line in reversed(lines) if line.startswith("nsguard: "))
    return next((line for line in said if not line.startswith(("undoing", "warning:"))), "")
