"""Which drop-in systemd reads of several with one file name: the evaluation's answer, compared with systemd's own."""

from __future__ import annotations

import json
import os
import random
import re
from pathlib import Path

from analyze import needs_systemd, warnings_of
from nix import evaluate

CHECKS = Path(__file__).parent
UNITS = 80


def confined(rng: random.Random, number: int) -> str:
    """The name of a unit, which no other unit's drop-ins concern: its first part is its own."""
    parts = [f"u{number}", *rng.choices(["web", "a", "of", ""], k=rng.randint(0, 3))]
    return "-".join(parts) + rng.choice(["", "", "", "-", "@one", "@one-two"]) + rng.choice([".service", ".socket"])


def drop_ins(rng: random.Random, unit: str) -> dict[str, bool]:
    """Drop-ins that may concern the unit: its own, those of prefixes, and some beside them; and which are enabled."""
    name, _, kind = unit.rpartition(".")
    prefix, at, instance = name.partition("@")
    dashes = [i + 1 for i, char in enumerate(prefix) if char == "-"]
    prefixes = [prefix, *(prefix[:end] for end in dashes), *(prefix[: end - 1] for end in dashes)]
    ends = ["", "@", f"@{instance}"] if at else ["", "@"]
    possible = [f"{start}{end}.{kind}" for start in prefixes if len(start) > 1 for end in ends]
    return {it: rng.random() < 0.75 for it in dict.fromkeys(possible) if rng.random() < 0.4}


def read_by_systemd(directory: Path, unit: str) -> list[str]:
    """The names of the drop-ins that systemd reads for the unit: each has a setting of its own that nobody knows."""
    at = re.escape(str(directory))
    return list(dict.fromkeys(re.findall(rf"^{at}/(\S+)\.d/overrides\.conf:", warnings_of(directory, [unit]), re.M)))


@needs_systemd("the order of drop-ins")
def test_the_chosen_drop_in_is_the_one_that_systemd_reads(tmp_path: Path) -> None:
    rng = random.Random(3)
    cases = {unit: drop_ins(rng, unit) for unit in (confined(rng, number) for number in range(UNITS))}
    # NixOS links the file of a unit that is disabled to the null device.
    disabled = tmp_path / "disabled"
    disabled.symlink_to(os.devnull)
    for unit, enabled in cases.items():
        template = re.sub("@[^.]*", "@", unit)
        text = "[Service]\nExecStart=/bin/true\n" if unit.endswith("service") else "[Socket]\nListenStream=1\n"
        (tmp_path / template).write_text(text)
        for name in enabled:
            drop_in = tmp_path / f"{name}.d/overrides.conf"
            drop_in.parent.mkdir()
            if enabled[name]:
                drop_in.write_text(f"[Unit]\nNobodyKnows{len(name)}=1\n")
            else:
                drop_in.symlink_to(disabled)
    file = tmp_path / "cases.json"
    file.write_text(json.dumps([{"unit": unit, "dropIns": enabled} for unit, enabled in cases.items()]))
    chosen = evaluate(f"""
      map (case: (import {CHECKS}/../modules/plan/problems/drop-ins.nix).chosen
        (builtins.mapAttrs (_: enable: {{ inherit enable; overrideStrategy = "asDropin"; }}) case.dropIns)
        case.unit) (builtins.fromJSON (builtins.readFile {file}))""")
    read = {unit: read_by_systemd(tmp_path, unit) for unit in cases}
    assert {unit: [it] if it else [] for unit, it in zip(cases, chosen, strict=True)} == read
    assert len({it for it in chosen if it}) > UNITS / 4
    # A disabled one is the most specific of several, of which another is enabled.
    masked = [unit for unit, it in zip(cases, chosen, strict=True) if not it and any(cases[unit].values())]
    assert len(masked) > UNITS / 20
