"""The provider files of the tests, and how wg(8) reads a configuration."""

from box import HERE, Box

PROVIDERS = {path.stem: path for path in sorted((HERE / "providers").glob("*.conf"))}
DEVICE = "wgtest"


def shown(box: Box, text: str) -> list[str]:
    """A configuration as wg(8) has read it, without the lines that are random or only nsguard's. Raises ValueError."""
    done = box.run("wg", "setconf", DEVICE, "/dev/stdin", stdin=text)
    if done.returncode:
        raise ValueError(done.stderr)
    lines = box.out("wg", "showconf", DEVICE).splitlines()
    kept = [line for line in lines if not line.startswith(("FwMark", "ListenPort"))]
    sections = "\n".join(", ".join(sorted(line.replace(",", "").split())) for line in kept).split("\n\n")
    return sorted(sections)  # wg(8) lists peers and ranges in any order


def stripped(box: Box, text: str) -> str:
    """The part of a file that wg-quick(8) passes on to wg(8)."""
    box.write("/run/strip/it.conf", text)
    return box.out("wg-quick", "strip", "/run/strip/it.conf")
