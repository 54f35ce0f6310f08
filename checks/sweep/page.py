"""The table of docs/services.md, from what ./sweep.py wrote with --json.

    page.py SWEEP.json PAGE.md

The part of the page below its heading *By module* is replaced.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from sweep import Module

HEADING = "## By module\n"
UNCONFINED = ".nsguard.namespace = lib.mkForce null;"

# Daemons for the host's network, sessions or hardware: not to be confined, whatever their units evaluate to.
NOT_CONFINED = {
    "asusd": "it drives the host's hardware",
    "avahi": "it answers for the host's network",
    "bpftune": "it sets the host's kernel",
    "cage": "it is a session of the host",
    "chrony": "it sets the host's clock",
    "cloudflare-warp": "it sets up the host's network",
    "cockpit": "it manages the host",
    "corosync": "it joins the host to a cluster",
    "dae": "it sets up the host's network",
    "fail2ban": "it changes the host's firewall",
    "openiscsi": "it attaches disks to the host",
    "tailscale": "it sets up the host's network",
}
STATES = {
    "works": "work as they are",
    "with these lines": "work with the lines that the table has",
    "lacks something": "start, and lack what the table says",
    "refused": "are refused for the reason that the table has",
    "not to be confined": "are not to be confined",
    "not known": "do not evaluate with stand-ins for packages, so that nothing is known of them",
}


def state(module: Module) -> str:
    """Which of `STATES` a module is in."""
    if module.name in NOT_CONFINED:
        return "not to be confined"
    if module.kind == "clean":
        return "works"
    if module.kind == "refused" and module.mended:
        alone = all(line.endswith(UNCONFINED) for line in module.lines)
        return "not to be confined" if alone else "with these lines"
    if module.kind == "cannot work":
        return "lacks something" if unsaid(module) else "with these lines"
    return "not known" if module.kind == "not evaluable" else "refused"


def unsaid(module: Module) -> list[str]:
    """The module's messages that name no line to write, each without its unit."""
    said = (message.partition(": ")[2] for message in module.said if "systemd.s" not in message.partition("; ")[2])
    return list(dict.fromkeys(said))


def row(module: Module) -> str:
    """The row of the table for one module."""
    where = state(module)
    rest = ""
    if where == "with these lines":
        rest = "<br>".join([*(f"`{line}`" for line in module.lines), *unsaid(module)])
    elif where == "lacks something":
        rest = "<br>".join([*unsaid(module), *(f"`{line}`" for line in module.lines)])
    elif where == "refused":
        rest = module.said[0].partition(": ")[2]
    elif where == "not to be confined":
        rest = NOT_CONFINED.get(module.name, "")
    return f"| `{module.name}` | {where} | {rest.replace('|', '/')} |"


def section(modules: Iterable[Module]) -> str:
    """Markdown: how many modules are in which state, and the table."""
    serving = sorted(
        (module for module in modules if module.kind != "without services"), key=lambda it: it.name.lower()
    )
    counts = Counter(map(state, serving))
    return "\n".join(
        [
            "`make services` writes this from the last `make sweep`. Nothing is known of modules that are not listed.",
            "",
            f"Of {len(serving)} modules that have services (nixpkgs of March 2025)",
            "",
            *(
                f"- {counts[name]} {words}" + (";" if n < len(STATES) - 1 else ".")
                for n, (name, words) in enumerate(STATES.items())
            ),
            "",
            "| `services.` | confined | lines, or why not |",
            "|---|---|---|",
            *map(row, serving),
            "",
        ]
    )


def main() -> int:
    """Write the page; the exit status."""
    source, page = map(Path, sys.argv[1:])
    modules = [Module(**fields) for fields in json.loads(source.read_text())]
    above, heading, _ = page.read_text().partition(HEADING)
    if not heading:
        print(f"page.py: {page} has no heading {HEADING.strip()!r}", file=sys.stderr)
        return 1
    page.write_text(f"{above}{heading}\n{section(modules)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
