"""The pages of the documentation's web site, from the Markdown files that GitHub shows.

usage: python3 docs/site/pages.py DIRECTORY

README.md becomes the first page, and docs/options.md a page for each of its sections. Links follow. Beside DIRECTORY a
file mkdocs.yml with the navigation is written, for `mkdocs build`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
DOCS = ROOT / "docs"

# Section of the navigation → its pages in order: title, and file of the repository.
SECTIONS = {
    "Start": {"What nsguard is": "README.md", "Quickstart": "docs/quickstart.md"},
    "How to": {
        "All how-to pages": "docs/how-to/README.md",
        "Services of every kind": "docs/how-to/services.md",
        "Browsers and other apps": "docs/how-to/browser.md",
        "Single commands": "docs/how-to/commands.md",
        "Secrets": "docs/how-to/secrets.md",
        "Published ports": "docs/how-to/published-ports.md",
        "Half a stack inside": "docs/how-to/half-a-stack.md",
        "Your own network": "docs/how-to/own-network.md",
        "A torrent box": "docs/how-to/torrent-box.md",
        "Several tunnels": "docs/how-to/multi-hop.md",
        "Test your own host": "docs/how-to/test-your-host.md",
        "Test another guard": "docs/how-to/test-another-guard.md",
        "From VPN-Confinement": "docs/how-to/from-vpn-confinement.md",
        "From nixarr": "docs/how-to/from-nixarr.md",
        "From gluetun": "docs/how-to/from-gluetun.md",
        "From wg-quick": "docs/how-to/from-wg-quick.md",
        "From networking.wireguard": "docs/how-to/from-wireguard-namespaces.md",
    },
    "Reference": {
        "Tunnels": "docs/tunnels.md",
        "Provider files": "docs/provider-files.md",
        "Port forwarding": "docs/port-forwarding.md",
        "Status": "docs/status.md",
        "Doctor": "docs/doctor.md",
        "Faults": "docs/faults.md",
        "Metrics": "docs/metrics.md",
        "Services of nixpkgs": "docs/services.md",
    },
    "Options": {"All options": "docs/options.md"},
    "Security": {
        "What is claimed": "docs/threat-model.md",
        "Ways out that were closed": "docs/ways-out.md",
        "Reporting": "SECURITY.md",
    },
    "Development": {
        "Architecture": "docs/architecture.md",
        "Testing": "docs/testing.md",
        "Performance": "docs/performance.md",
        "Contributing": "CONTRIBUTING.md",
        "Changelog": "CHANGELOG.md",
    },
}
NAMES = {"README.md": "index.md", "docs/how-to/README.md": "how-to/index.md", "docs/options.md": "options/index.md"}


def destination(path: str) -> str:
    """Where a file of the repository goes on the site."""
    return NAMES.get(path, path.removeprefix("docs/"))


def slug(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def sections(options: str) -> tuple[str, dict[str, str]]:
    """What comes before the first section of docs/options.md, and each section's text by its title."""
    before, *rest = re.split(r"^## ", options, flags=re.MULTILINE)
    return before, {text.partition("\n")[0]: text.partition("\n")[2] for text in rest}


def anchors(parts: Mapping[str, str]) -> dict[str, str]:
    """Anchor of docs/options.md → the link to it on the site, from the folder of the options."""
    found = {}
    for title, text in parts.items():
        page = f"{slug(title)}.md"
        found[slug(title)] = page
        found |= {slug(heading): f"{page}#{slug(heading)}" for heading in re.findall(r"^### (.+)$", text, re.MULTILINE)}
    return found


def chapter(title: str, text: str) -> str:
    """A section of docs/options.md as a page of its own; beside the text options have their short names."""
    names = re.findall(r"^### `(.+)`$", text, re.MULTILINE)
    common = os.path.commonpath([name.replace(".", "/") for name in names]).replace("/", ".") if len(names) > 1 else ""

    def heading(match: re.Match[str]) -> str:
        name = match[1]
        short = name.removeprefix(f"{common}.").removeprefix("<name>.").replace("<", "&lt;")
        return f'## `{name}` {{: #{slug(name)} data-toc-label="{short}" }}'

    text = re.sub(r"^### `(.+)`$", heading, text, flags=re.MULTILINE)
    return f"# {title}\n" + re.sub(r"^ {6}", " " * 8, text, flags=re.MULTILINE)  # code in a list, for Python-Markdown


def linked(text: str, source: str, target: str, known: Mapping[str, str]) -> str:
    """A page's text with its links as the site has them. source, target: the page in the repository and on the site."""

    def link(match: re.Match[str]) -> str:
        address = match[1]
        if re.match(r"[a-z]+:", address):
            return match[0]
        path, _, anchor = address.partition("#")
        file = os.path.normpath(os.path.join(os.path.dirname(source), path)) if path else source
        if file == "docs/options.md" and anchor:
            place = f"options/{known[anchor]}"
        elif (ROOT / file).is_dir():
            place = destination(f"{file}/README.md")
        else:
            place = destination(file) + (f"#{anchor}" if anchor else "")
        return f"]({os.path.relpath(place, os.path.dirname(target) or '.')})"

    return re.sub(r"\]\(([^)\s]+)\)", link, text)


def write(directory: Path) -> None:
    """Write every page below a directory, which is emptied first, and mkdocs.yml beside it."""
    shutil.rmtree(directory, ignore_errors=True)
    first, parts = sections((DOCS / "options.md").read_text())
    known = anchors(parts)
    pages = {path: (ROOT / path).read_text() for of in SECTIONS.values() for path in of.values()}
    pages["docs/options.md"] = first
    texts = {destination(path): linked(text, path, destination(path), known) for path, text in pages.items()}
    for title, text in parts.items():
        target = f"options/{slug(title)}.md"
        texts[target] = linked(chapter(title, text), "docs/options.md", target, known)
    for target, text in texts.items():
        path = directory / target
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    shutil.copy(HERE / "theme/wide.css", directory)
    menu = [{section: [{title: destination(path)} for title, path in of.items()]} for section, of in SECTIONS.items()]
    chapters = next(entry["Options"] for entry in menu if "Options" in entry)
    chapters += [{title: f"options/{slug(title)}.md"} for title in parts]
    settings = {
        "INHERIT": os.path.relpath(HERE / "mkdocs.yml", directory.parent),
        "docs_dir": directory.name,
        "site_dir": "html",
        "nav": menu,
    }
    (directory.parent / "mkdocs.yml").write_text(json.dumps(settings, indent=1) + "\n")  # JSON is YAML, too


if __name__ == "__main__":
    write(Path(sys.argv[1]))
