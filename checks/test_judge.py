"""The judge of finished units, compared with the refusals, with which it shares no code, and tried on each protection.

NSGUARD_UNITS is the number of generated units that are judged, 600 by default; `make judge` judges ten thousand.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from nix import evaluate

CHECKS = Path(__file__).parent
sys.path[:0] = [str(CHECKS / "judge"), str(CHECKS.parent / "pkgs/nsguard/src")]

from nsguard.health import judge  # noqa: E402
from spelling import Unit, unit  # noqa: E402

UNITS = int(os.environ.get("NSGUARD_UNITS", "600"))


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Unit, dict[str, Any]]]:
    rng = random.Random(15)
    units = [unit(rng) for _ in range(UNITS)]
    file = tmp_path_factory.mktemp("judge") / "units.json"
    file.write_text(json.dumps([it._asdict() for it in units]))
    return list(zip(units, evaluate(f"(import {CHECKS}/judge).generated {file}"), strict=True))


def test_whatever_the_refusals_let_pass_is_tight_once_it_is_finished(
    generated: list[tuple[Unit, dict[str, Any]]],
) -> None:
    open_units = [
        (line, outcome["finished"]) for line, outcome in generated if not outcome["refused"] and outcome["finished"]
    ]
    assert open_units == []


def test_the_judge_sees_every_dangerous_path_in_every_spelling(generated: list[tuple[Unit, dict[str, Any]]]) -> None:
    unseen = [line for line, outcome in generated if line.dangerous and not outcome["raw"]]
    assert unseen == []
    assert sum(line.dangerous for line, _ in generated) > UNITS / 2


def test_what_leads_nowhere_is_neither_refused_nor_judged(generated: list[tuple[Unit, dict[str, Any]]]) -> None:
    # An escape that systemd may read in two ways is judged both ways.
    harmless = [(line, outcome) for line, outcome in generated if not line.dangerous]
    assert [(line, outcome["raw"]) for line, outcome in harmless if line.plain and outcome["raw"]] == []
    assert [line for line, outcome in harmless if line.plain and outcome["refused"]] == []


def test_the_judge_misses_each_protection_that_is_taken_away() -> None:
    judged = evaluate(f"{{ inherit (import {CHECKS}/judge) mutants none; }}")
    assert judged["none"] == []
    assert [name for name, holes in judged["mutants"].items() if not holes] == []
    assert len(judged["mutants"]) > 25


def test_the_refusals_and_the_judge_list_the_same_paths_that_the_host_starts() -> None:
    missing = evaluate(f"""
      let
        paths = import {CHECKS}/../modules/plan/confinement/paths.nix;
        facts = builtins.fromJSON (builtins.readFile {CHECKS}/../modules/plan/judge/facts.json);
        unknown = pattern: builtins.filter (path: builtins.match pattern path == null);
      in
      unknown paths.started facts.started ++ unknown paths.startedInHome facts.login
    """)
    assert missing == []


# Addresses of a service's socket: what systemd opens on the host or what the host can reach, and what stays inside.
OUTSIDE = (
    *("ListenFIFO=/run/app/pipe", "ListenFIFO=%t/app/pipe", "ListenFIFO=/srv/pipe", "ListenMessageQueue=/app"),
    *("ListenSpecial=/dev/input/event0", "ListenUSBFunction=/dev/ffs"),
    *("ListenStream=/run/app.sock", "ListenStream=%t/app.sock", "ListenDatagram=/run/../run/app.sock"),
    *("ListenSequentialPacket=%S/app.sock", "ListenStream=vsock::1234", "ListenStream=vsock:2:1234"),
)
INSIDE = ("ListenStream=8081", "ListenDatagram=[::1]:53", "ListenStream=@app", "ListenFIFO=", "ListenNetlink=audit 1")


def test_the_judge_sees_every_kind_of_socket_that_systemd_opens_on_the_host(tmp_path: Path) -> None:
    file = tmp_path / "lines.json"
    file.write_text(json.dumps([*OUTSIDE, *INSIDE]))
    judged = dict(zip([*OUTSIDE, *INSIDE], evaluate(f"(import {CHECKS}/judge).sockets {file}"), strict=True))
    for line in OUTSIDE:
        (message,) = judged[line]
        assert message.startswith(f"systemd.sockets.app.socketConfig.{line.partition('=')[0]}"), line
    assert [line for line in INSIDE if judged[line]] == []


def brief(holes: list[dict[str, str]]) -> list[tuple[str, ...]]:
    return sorted((it["directive"], it["value"], it["reason"], it.get("protection", "")) for it in holes)


def test_both_judges_find_what_a_drop_in_opens() -> None:
    cases = json.loads((CHECKS / "judge/cases.json").read_text())
    laid = evaluate(f"(import {CHECKS}/judge).laid {CHECKS}/judge/cases.json")
    for case, text, holes in zip(cases, laid["texts"], laid["holes"], strict=True):
        twin = judge.service(laid["facts"], laid["want"], "app.service", text)
        assert sorted(map(list, {(it["directive"], it["reason"]) for it in holes})) == sorted(
            map(list, {tuple(it) for it in case["holes"]})
        ), case["lines"]
        assert sorted(tuple(it) for it in twin) == brief(holes), case["lines"]


def test_the_judge_of_running_units_is_its_twin(tmp_path: Path) -> None:
    rng = random.Random(16)
    file = tmp_path / "units.json"
    file.write_text(json.dumps([{"lines": [f"{it.property}={it.value}"]} for it in (unit(rng) for _ in range(UNITS))]))
    laid = evaluate(f"(import {CHECKS}/judge).laid {file}")
    twins = [judge.service(laid["facts"], laid["want"], "app.service", text) for text in laid["texts"]]
    different = [
        (text.rsplit("\n", 2)[-2], twin, holes)
        for text, twin, holes in zip(laid["texts"], twins, laid["holes"], strict=True)
        if sorted(tuple(it) for it in twin) != brief(holes)
    ]
    assert different == []
