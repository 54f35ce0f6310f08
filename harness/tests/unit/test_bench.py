"""What `make bench` computes from samples: ratios within a round, its JSON, and a page that needs no other file."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from rich.console import Console

from marks import needs_nix
from nsguard_harness.bench import peers, starts, tables
from nsguard_harness.bench.__main__ import main, parser
from nsguard_harness.bench.figures import OURS, Count, Figure, Figures, Spread, Stage
from nsguard_harness.bench.page import page, plot, stacked
from nsguard_harness.checkout import SCENARIOS
from nsguard_harness.errors import HarnessError
from nsguard_harness.inside import flood, stopwatch
from nsguard_harness.scenario import RUN, render

# the machine is twice as slow in the second round
STARTED = Figure(
    "start",
    "ms",
    {OURS: [30.0, 60.0, 33.0], "free": [20.0, 40.0, 20.0]},
    {"free": 1.5},
    processor={OURS: [44.0, 44.0, 66.0], "free": [22.0, 20.0, 22.0]},
)
SENT = Figure("packets", "packets/s", {OURS: [98.0], "bare": [100.0]}, {"bare": 0.99}, more_is_better=True)
FIGURES = Figures(
    "container",
    "wireguard-go",
    3,
    [STARTED, SENT],
    [Stage("sandbox", 20.0), Stage("rest <of it>", 10.0)],
    [Stage("+ ip netns add vpn", 4.0)],
    [Count(1, 0.2, 5.0, 150.0), Count(100, 12.5, 5.1, 4321.0)],
    {"a host, 10 namespaces": 0.02},
)


def pictures(text: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(part) for part in re.findall(r"<svg.*?</svg>", text, re.DOTALL)]


def test_a_ratio_is_of_samples_of_one_round() -> None:
    assert STARTED.ratio("free") == Spread(1.5, 1.5, 1.575)


def test_a_ratio_of_processor_time_is_of_one_round_as_well() -> None:
    assert STARTED.processor_ratio("free") == Spread(2.2, 2.1, 2.6)
    assert SENT.processor_ratio("bare") is None


def test_a_single_round_has_no_spread() -> None:
    assert SENT.ratio("bare") == Spread(0.98, 0.98, 0.98)


def test_a_goal_is_most_or_least_by_what_is_better() -> None:
    assert STARTED.reached("free") is True
    assert SENT.reached("bare") is False
    assert replace(SENT, more_is_better=False).reached("bare") is True
    assert replace(SENT, goals={}).reached("bare") is None


def test_rounds_of_other_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        replace(SENT, samples={OURS: [1.0, 2.0], "bare": [1.0]}).ratio("bare")


def test_json_has_samples_medians_and_ratios() -> None:
    made = json.loads(json.dumps(FIGURES.data()))
    assert made.keys() == {
        *("lab", "wireguard", "rounds", "figures", "stages", "steps", "counts", "evaluation", "load"),
    }
    assert made["figures"][0] == {
        "name": "start",
        "unit": "ms",
        "moreIsBetter": False,
        "samples": {OURS: [30.0, 60.0, 33.0], "free": [20.0, 40.0, 20.0]},
        "medians": {OURS: 33.0, "free": 20.0},
        "ratios": {"free": {"median": 1.5, "low": 1.5, "high": 1.575, "goal": 1.5}},
        "processor": {OURS: [44.0, 44.0, 66.0], "free": [22.0, 20.0, 22.0]},
        "processorRatios": {"free": {"median": 2.2, "low": 2.1, "high": 2.6}},
    }
    assert made["counts"][1] == {"namespaces": 100, "seconds": 12.5, "megabytes": 5.1, "start": 4321.0}
    assert made["stages"][0] == {"name": "sandbox", "milliseconds": 20.0}


def test_tables_name_what_is_compared() -> None:
    console = Console(width=200)
    with console.capture() as captured:
        tables.show(console, FIGURES)
    text = captured.get()
    for word in ("start", "free", "1.50 to 1.57", "≤ 1.5", "reached", "≥ 0.99", "missed", "12.50", "rest <of it>"):
        assert word in text


def test_tables_are_whole_in_80_columns() -> None:
    names = ("start of a confined oneshot", "same sandbox, without our processes")
    wide = Figure(names[0], "ms", {OURS: [12345.0], names[1]: [12345.0]}, {names[1]: 1.15})
    console = Console(width=80)
    with console.capture() as captured:
        tables.show(console, replace(FIGURES, figures=[wide], steps=[Stage("ip-netns-exec " * 9, 1.0)]))
    text = captured.get()
    assert "…" not in text
    for word in ("12,345", "1.00 to 1.00", "≤ 1.15", "reached", "processes", "12.50", "5.10", "4321", "+2.0%"):
        assert word in text
    assert text.count("ip-netns-exec") == 9


def test_what_was_not_measured_has_no_table() -> None:
    console = Console()
    with console.capture() as captured:
        tables.show(console, Figures("vm", "the kernel's WireGuard", 9, load=(0.2, 7.5)))
    assert " ".join(captured.get().split()) == (
        "Lab: vm. WireGuard: the kernel's WireGuard. 9 rounds, taken in turn. "
        "Load of the machine: 0.2 at the beginning, 7.5 at the end."
    )


def test_the_page_stands_alone_and_escapes() -> None:
    text = page(FIGURES)
    assert "default-src 'none'" in text
    assert not re.search(r"<script|src=|href=|url\(|@import", text)
    assert "rest <of it>" not in text and "rest &lt;of it&gt;" in text
    assert len(pictures(text)) == 4


def test_a_line_encloses_no_filled_area() -> None:
    """By default, SVG fills what a path encloses with black: an axis with two arms would hide its plot."""
    text = page(FIGURES)
    lines = {it.get("class") for drawn in pictures(text) for it in drawn.iter() if it.tag == "path"}
    assert lines == {"lane", "mark", "goal"}
    for name in lines - {"goal"}:  # a goal is one stroke
        assert re.search(rf"svg \.{name} {{[^}}]*fill: none", text), name


def test_each_table_scrolls_in_a_narrow_window() -> None:
    text = page(FIGURES)
    assert text.count("<table>") == text.count('<div class="scroll"><table>') == 3
    assert ".scroll { overflow-x: auto; }" in text


def test_what_was_not_measured_has_no_section() -> None:
    text = page(Figures("vm", "the kernel's WireGuard", 9))
    assert "<h2>" not in text and "<svg" not in text


def test_the_parts_of_a_start_fill_the_bar() -> None:
    (bar,) = pictures(stacked(FIGURES.stages))
    rects = [it for it in bar.iter() if it.tag == "rect" and it.get("height") == "40"]
    assert [float(it.get("width", "")) for it in rects] == [640.0, 320.0]
    assert float(rects[1].get("x", "")) == 20 + 640


def test_more_namespaces_stand_further_right_and_slower_ones_higher() -> None:
    (drawn,) = pictures(plot({1: 0.2, 100: 12.5}, "s", "title"))
    first, last = [it for it in drawn.iter() if it.tag == "circle"]
    assert float(first.get("cx", "")) < float(last.get("cx", ""))
    assert float(first.get("cy", "")) > float(last.get("cy", ""))


@needs_nix
def test_the_sandbox_alone_keeps_every_property() -> None:
    text = render(SCENARIOS / "bench.nix").units[starts.CONFINED].text
    alone = starts.FRONT.sub("", text)
    assert "ExecStart=/bin/true\n" in alone
    assert re.search("^ExecStart=.*nsguard-init", text, re.MULTILINE)
    assert [line for line in text.splitlines() if "Exec" not in line] == [
        line for line in alone.splitlines() if "Exec" not in line
    ]


@needs_nix
def test_systemd_run_gets_the_sandbox_of_a_command() -> None:
    line = starts.systemd_run(render(RUN).units[starts.COMMAND_UNIT].text)
    for word in ("NetworkNamespacePath=/run/netns/vpn", "CapabilityBoundingSet=", "TemporaryFileSystem=/run:", "User="):
        assert f"--property={word}" in line
    assert "supervise" not in line and "Standard" not in line


def test_the_stopwatch_takes_turns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    used = tmp_path / "cpu.stat"
    used.write_text("usage_usec 1000\nuser_usec 900\n")
    monkeypatch.setattr(stopwatch, "CGROUPS", (f"{tmp_path}/none", str(tmp_path)))
    # doubles what is used
    slowly = f"""sh -c 'sleep 0.02; read name usec <{used}; echo "$name $((2 * usec))" >{used}'"""
    stopwatch.main(3, ["true", slowly])
    quick, slow = json.loads(capsys.readouterr().out)
    assert [len(samples) for samples in (*quick, *slow)] == [3, 3, 3, 3]
    assert min(slow[0]) >= 20
    assert quick[1] == [0.0, 0.0, 0.0]
    assert slow[1] == [2.0, 4.0, 8.0]


def test_a_machine_without_cgroup2_has_no_processor_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopwatch, "CGROUPS", ("/nowhere",))
    with pytest.raises(SystemExit, match="/nowhere"):
        stopwatch.processor()


@pytest.mark.parametrize("word", ["8", "0", "-1", "many", ""])
def test_fewer_rounds_than_a_median_needs_are_refused(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args([f"--rounds={word}"])
    assert "is not a number from 9 up" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["", "name", "=/nix/store/x", "name=/nowhere"])
def test_a_peer_is_a_name_and_a_system(word: str) -> None:
    with pytest.raises(ValueError, match="NAME=CLOSURE"):
        peers.parse([word])


@pytest.mark.parametrize(
    "words",
    ["--peer=a=%s --peer=a=%s", "--peer=a=%s --earlier=a=%s", "--earlier=nsguard=%s --peer=a=%s"],
)
def test_each_column_has_a_name_of_its_own(words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "init").touch()
    assert main((words % (tmp_path, tmp_path)).split()) == 2
    assert "choose another name" in capsys.readouterr().err


class Peer:
    """A machine with these units, and files by their text."""

    def __init__(self, units: list[str], files: dict[str, str]) -> None:
        self.units, self.files = units, files

    def execute(self, command: str) -> tuple[int, str]:
        words = command.split()
        if words[0] == "cat":
            return (0, self.files[words[1]]) if words[1] in self.files else (1, "")
        return (0, "") if words[2] in self.units else (1, "")


UNITS = [starts.CONFINED, peers.NAMESPACE_UNIT]


@pytest.mark.parametrize("missing", UNITS)
def test_a_closure_without_what_is_timed_is_named(missing: str) -> None:
    peer: Any = Peer([unit for unit in UNITS if unit != missing], {})
    with pytest.raises(HarnessError, match=f"other: its closure has no {missing}; docs/performance.md says"):
        peers.in_turn("other", peer)


def test_a_tunnel_with_a_unit_of_its_own_goes_first_and_comes_last() -> None:
    peer: Any = Peer([*UNITS, peers.TUNNEL_UNIT], {peers.COMMAND_FILE: "confine true\n"})
    assert peers.in_turn("other", peer) == {
        peers.DOWN_OF: "systemctl stop bench-tunnel.service bench-namespace.service",
        peers.UP_OF: "systemctl start bench-namespace.service bench-tunnel.service",
        peers.START_OF: "systemctl start bench-confined.service",
        peers.COMMAND_OF: "confine true",
    }


def test_a_guard_may_have_one_unit_and_run_no_commands() -> None:
    peer: Any = Peer(UNITS, {})
    assert peers.in_turn("other", peer) == {
        peers.DOWN_OF: "systemctl stop bench-namespace.service",
        peers.UP_OF: "systemctl start bench-namespace.service",
        peers.START_OF: "systemctl start bench-confined.service",
    }


def test_peers_boot_on_a_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert parser().parse_args([f"--image={tmp_path}"]).image == tmp_path
    with pytest.raises(SystemExit):
        parser().parse_args([f"--image={tmp_path}/none"])
    assert f"'{tmp_path}/none' is not a directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--peer=a=%s --lab=vm", "--peer: a closure boots in a container, and nsguard with --lab vm does not"),
        ("--earlier=a=%s --lab=vm", "--earlier: a closure boots in a container, and nsguard with --lab vm does not"),
        (
            "--peer=a=%s --only=evaluation",
            "--peer: evaluation starts no machine; name another part with --only, or none",
        ),
        ("--image=%s", "--image: only closures boot on it; name one with --peer or --earlier"),
    ],
)
def test_options_that_measure_nothing_together_are_refused(
    words: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "init").touch()
    assert main((words % tmp_path).split()) == 2
    assert capsys.readouterr().err == f"bench: {message}\n"


def test_an_answer_has_addresses_and_ports_exchanged_and_no_checksum() -> None:
    sent = bytes.fromhex("4500001c00000000401100000a420002cb007101") + bytes.fromhex("c350000900080bad") + b"text"
    answered = bytes.fromhex("4500001c0000000040110000cb0071010a420002") + bytes.fromhex("0009c35000080000") + b"text"
    assert flood.turned(sent) == answered
