"""The provider files of the tests, and what wg(8) makes of a configuration."""

from box import HERE, Box

PROVIDERS = {path.stem: path for path in sorted((HERE / "providers").glob("*.conf"))}
DEVICE = "wgtest"


def shown(box: Box, text: str) -> list[str]:
    """What wg(8) has made of a configuration, without what is drawn by lot or ours alone. Raises ValueError."""
    done = box.run("wg", "setconf", DEVICE, "/dev/stdin", stdin=text)
    if done.returncode:
        raise ValueError(done.stderr)
    lines = box.out("wg", "showconf", DEVICE).splitlines()
    kept = [line for line in lines if not line.startswith(("FwMark", "ListenPort"))]
    sections = "\n".join(", ".join(sorted(line.replace(",", "").split())) for line in kept).split("\n\n")
    return sorted(sections)  # peers and ranges come in no order


def stripped(box: Box, text: str) -> str:
    """What wg-quick(8) leaves of a file for wg(8)."""
    box.write("/run/strip/it.conf", text)
    return box.out("wg-quick", "strip", "/run/strip/it.conf")
