"""The part *By module* of docs/services.md, from what ./sweep.py wrote with --json.

    page.py SWEEP.json PAGE.md

The part of the page below its heading *By module* is replaced.
"""

from __future__ import annotations

import json
import re
import sys
import textwrap
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from sweep import THEN, Module, unit_of

HEADING = "## By module\n"
UNCONFINED = ".nsguard.namespace = lib.mkForce null;"
WIDTH = 120

# Daemons for the host's network, sessions or hardware: not to be confined, whatever their units evaluate to.
UNFIT = {
    "it drives the host's hardware": (
        *("acpid", "asusd", "auto-cpufreq", "auto-epp", "devmon", "evdevremapkeys", "fwupd", "handheld-daemon"),
        *("hardware.argonone", "hardware.lcd.server", "hardware.openrgb", "hardware.pommed", "illum"),
        *("interception-tools", "kanata", "pcscd", "persistent-evdev", "seatd", "smartd", "tcsd", "thermald"),
        *("throttled", "tlp", "touchegg", "trezord", "udisks2", "undervolt", "upower", "usbmuxd", "watchdogd"),
    ),
    "it sets up the host's network": (
        *("babeld", "bird2", "clatd", "cloudflare-warp", "connman", "corerad", "create_ap", "dae", "expressvpn"),
        *("fireqos", "hostapd", "iodine", "iodined", "keepalived", "miredo", "netbird", "netclient"),
        *("networkd-dispatcher", "openvpn", "opensnitch", "radvd", "rdnssd", "redsocks", "strongswan"),
        *("strongswan-swanctl", "tailscale", "tinc", "wg-netmanager", "xl2tpd", "zerotierone"),
    ),
    "it answers for the host's network": ("avahi",),
    "it changes the host's firewall": ("fail2ban", "ferm", "shorewall", "shorewall6", "sshguard"),
    "it sets the host's clock": ("chrony", "ntp", "ntpd-rs", "openntpd"),
    "it sets the host's time zone": ("localtimed", "tzupdate"),
    "it sets the host's kernel": ("bpftune",),
    "it manages the host": (
        *("amazon-ssm-agent", "autosuspend", "cachix-agent", "cloud-init", "cockpit", "cron", "das_watchdog"),
        *("earlyoom", "monit", "qemuGuest", "salt.minion", "self-deploy", "ssm-agent"),
    ),
    "it is a session of the host": ("cage", "displayManager", "greetd"),
    "it joins the host to a cluster": ("corosync", "drbd", "flannel", "k3s", "kubernetes.proxy", "rke2"),
    "it attaches disks to the host": ("beesd", "cachefilesd", "openiscsi"),
}
NOT_CONFINED = {name: why for why, names in UNFIT.items() for name in names}
SERVES_HOST = "it serves programs of the host"
# Modules that readers look for first.
MOST_USED = (
    *("borgbackup", "caddy", "deluge", "forgejo", "gitea", "home-assistant", "jellyfin", "matrix-synapse", "nextcloud"),
    *("nginx", "plex", "postgresql", "prowlarr", "radarr", "redis", "slskd", "sonarr", "syncthing", "tor"),
    *("transmission", "unbound"),
)
STATES = {
    "works": "have nothing refused or missing",
    "with these lines": "work with the lines below",
    "lacks something": "start, and lack what is said below",
    "refused": "are refused for the reason below",
    "not to be confined": "are not to be confined",
    "not known": "do not evaluate with stand-ins for packages, so that nothing is known of them",
}


def state(module: Module) -> str:
    """Which of `STATES` a module is in."""
    if module.name in NOT_CONFINED:
        return "not to be confined"
    if module.kind == "clean":
        return "works"
    if module.mended is False:
        return "refused"
    if module.kind == "refused" and module.mended:
        alone = all(line.endswith(UNCONFINED) for line in lines(module))
        return "not to be confined" if alone else "with these lines"
    if module.kind == "cannot work":
        return "lacks something" if without_line(module) else "with these lines"
    return "not known" if module.kind == "not evaluable" else "refused"


def refusal(module: Module) -> str:
    """The first refusal of a refused module, which for one that only has warnings comes when it has their lines."""
    refused_then = [message.removeprefix(THEN) for message in module.said if message.startswith(THEN)]
    refusals = refused_then if module.kind == "cannot work" else module.said
    return refusals[0] if refusals else ""


def without_line(module: Module) -> list[str]:
    """The module's messages that name no line to write, each without its unit."""
    names_line = re.compile(r"systemd\.s[^;]* = ")
    messages = (
        message.partition(": ")[2] for message in module.said if not names_line.search(message.partition("; ")[2])
    )
    return list(dict.fromkeys(messages))


def lines(module: Module) -> list[str]:
    """The module's lines, without those for units that another of them leaves unconfined."""
    unconfined = {unit_of(line) for line in module.lines if line.endswith(UNCONFINED)}
    return [line for line in module.lines if line.endswith(UNCONFINED) or unit_of(line) not in unconfined]


def code(words: Iterable[str]) -> list[str]:
    return [f"`{word}`" for word in words]


def advice(module: Module) -> str:
    """What one module needs or lacks, as a cell of a table."""
    where = state(module)
    cells = {
        "with these lines": [*code(lines(module)), *without_line(module)],
        "lacks something": [*without_line(module), *code(lines(module))],
        "refused": [refusal(module).partition(": ")[2]],
        "not to be confined": [NOT_CONFINED.get(module.name, SERVES_HOST)],
    }
    return "<br>".join(cells.get(where, [])).replace("|", "/")


def row(module: Module) -> str:
    """The row for one module in the table of all states."""
    return f"| `{module.name}` | {state(module)} | {advice(module)} |"


def names(modules: Iterable[Module]) -> list[str]:
    """The modules' names in alphabetical order, as wrapped lines."""
    listed = sorted((module.name for module in modules), key=str.lower)
    return textwrap.wrap(", ".join(code(listed)) + ".", WIDTH, break_long_words=False, break_on_hyphens=False)


def by_reason(modules: Iterable[Module]) -> list[str]:
    """A table with one row for all modules of the same advice."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for module in modules:
        groups[advice(module)].append(module.name)
    rows = sorted(groups.items(), key=lambda group: (-len(group[1]), group[1][0].lower()))
    return ["| `services.` | why |", "|---|---|", *(f"| {', '.join(code(these))} | {why} |" for why, these in rows)]


def counts(modules: list[Module]) -> list[str]:
    """How many modules are in which state, as a list."""
    number = Counter(map(state, modules))
    ends = [";"] * (len(STATES) - 1) + ["."]
    return [f"- {number[name]} {words}{end}" for (name, words), end in zip(STATES.items(), ends, strict=True)]


def section(modules: Iterable[Module], nixpkgs: str) -> str:
    """Markdown: how many modules are in which state, those that readers look for first, and a part for each state."""
    serving = sorted(
        (module for module in modules if module.kind != "without services"), key=lambda it: it.name.lower()
    )
    of_state = {name: [module for module in serving if state(module) == name] for name in STATES}
    heads = ["| `services.` | confined | lines, or why not |", "|---|---|---|"]
    parts = {
        "Most used": [*heads, *(row(module) for module in serving if module.name in MOST_USED)],
        "Nothing is refused or missing": names(of_state["works"]),
        "Work with these lines": [
            "| `services.` | lines |",
            "|---|---|",
            *(f"| `{module.name}` | {advice(module)} |" for module in of_state["with these lines"]),
        ],
        "Lack something": by_reason(of_state["lacks something"]),
        "Refused": by_reason(of_state["refused"]),
        "Not to be confined, by name": by_reason(of_state["not to be confined"]),
        "Not known": names(of_state["not known"]),
    }
    text = [
        "`make services` writes this from the last `make sweep`. Nothing is known of modules that are not listed.",
        "",
        f"Of {len(serving)} modules that have services (nixpkgs {nixpkgs})",
        "",
        *counts(serving),
    ]
    for heading, part in parts.items():
        text += ["", f"### {heading}", "", *part]
    return "\n".join([*text, ""])


def main() -> int:
    """Write the page; the exit status."""
    source, page = map(Path, sys.argv[1:])
    document = json.loads(source.read_text())
    modules = [Module(**fields) for fields in document["modules"]]
    above, heading, _ = page.read_text().partition(HEADING)
    if not heading:
        print(f"page.py: {page} has no heading {HEADING.strip()!r}", file=sys.stderr)
        return 1
    page.write_text(f"{above}{heading}\n{section(modules, document['nixpkgs'])}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
