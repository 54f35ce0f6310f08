"""How a unit's file is divided into lines and directives: both judges' reading, compared with systemd's own."""

from __future__ import annotations

import json
import random
import re
import sys
from pathlib import Path

from analyze import needs_systemd, warnings_of
from nix import evaluate

CHECKS = Path(__file__).parent
sys.path.insert(0, str(CHECKS.parent / "pkgs/nsguard/src"))

from nsguard.health.judge import text  # noqa: E402

FILES = 60
LINES = 30


def unit(rng: random.Random) -> str:
    """A unit with settings that nobody knows, so that systemd names each that it reads."""
    parts = ["[Service]\nExecStart=/bin/true\n"]
    for number in range(LINES):
        setting = rng.choice(["", "", " ", "\t"]) + f"Nobody{number}" + rng.choice(["=", " = ", "=\t"]) + "x"
        line = rng.choice([setting, setting, setting, "", "# a comment", " ;another", "[Unit]", "[Service]"])
        if not line.startswith("["):
            line += rng.choice(["", "", " \\", "\\", "\\\\", "\\\\\\", "\\ "])
        parts += [line, rng.choice(["\n", "\n", "\n", "\r", "\r\n", "\n\r"])]
    return "".join(parts)


def read_by_systemd(directory: Path) -> dict[str, list[str]]:
    """The settings that systemd names, by file, as "Section.Key"."""
    files = sorted(file.name for file in directory.glob("*.service"))
    unknown = r"^\S*/(\S+):\d+: Unknown key(?: name)? '(\w+)' in section [\['](\w+)"
    named = re.findall(unknown, warnings_of(directory, files), re.M)
    return {file: sorted(f"{section}.{key}" for name, key, section in named if name == file) for file in files}


@needs_systemd("the judges' reading of units")
def test_the_judges_read_the_lines_that_systemd_reads(tmp_path: Path) -> None:
    rng = random.Random(7)
    units = {f"u{number}.service": unit(rng) for number in range(FILES)}
    for name, content in units.items():
        (tmp_path / name).write_text(content, newline="")
    file = tmp_path / "units.json"
    file.write_text(json.dumps(units))
    by_nix = evaluate(f"""
      builtins.mapAttrs (_: text: builtins.attrNames ((import {CHECKS}/../modules/plan/judge/text.nix).directives text))
        (builtins.fromJSON (builtins.readFile {file}))""")
    expected = read_by_systemd(tmp_path)
    read = {name: [key for key in keys if ".Nobody" in key] for name, keys in by_nix.items()}
    assert {name: sorted(keys) for name, keys in read.items()} == expected
    by_doctor = {name: sorted(key for key in text.directives(it) if ".Nobody" in key) for name, it in units.items()}
    assert by_doctor == expected
    count = sum(map(len, expected.values()))
    assert FILES * LINES / 8 < count < FILES * LINES / 2
