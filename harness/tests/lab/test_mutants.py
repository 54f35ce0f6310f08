"""Every protection in the plan can be removed; the suite turns red without it, and only then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from marks import needs_nix
from nsguard_harness import attacks, scenario
from nsguard_harness.attack import Attack, Env, Outcome
from nsguard_harness.capture import Frame
from nsguard_harness.cli import main
from nsguard_harness.lab.container import ContainerLab
from nsguard_harness.mutants import START, Fate, Mutants, first, likeness
from nsguard_harness.output.report import fate_line
from nsguard_harness.run.subjects import subjects
from nsguard_harness.run.suite import OUTSIDER, Cell, Run, Verdict
from nsguard_harness.run.trial import UNOWNED, Red, reds_of, renewed, together_first
from nsguard_harness.scenario import Protection
from nsguard_harness.verdict.judge import Judgement, Leak


@needs_nix
def test_every_protection_can_be_taken_away_and_makes_a_difference() -> None:
    protections = scenario.protections()
    names = {protection.name for protection in protections}
    assert len(names) == len(protections) >= 40
    assert {name.partition(":")[0] for name in names} == {
        *("property", "nft", "dependency", "sysctl", "file", "run", "host"),
        *scenario.OF_APPS,
    }
    paths = [scenario.DEMO, scenario.RUN, scenario.FORWARDING, scenario.PUBLISH, scenario.CLIENTS, scenario.APPS]
    paths += [scenario.HOSTLINK, scenario.RANGES]
    whole = {path: scenario.render(path) for path in paths}
    for protection in protections:
        assert protection.guards
        assert set(protection.besides) <= names - {protection.name}
        assert scenario.render(protection.scenario, [protection.name]) != whole[protection.scenario], protection.name


@needs_nix
def test_a_list_without_its_parts_is_a_list_that_is_not_there() -> None:
    parts = [
        protection.name for protection in scenario.protections() if protection.name.startswith("property:system-calls:")
    ]
    assert len(parts) > 1
    assert scenario.render(scenario.DEMO, parts) == scenario.render(scenario.DEMO, ["property:system-calls"])


class Plain(Attack):
    """Claim: a firewall holds."""

    name = "plain"

    def run(self, env: Env) -> Outcome:
        raise NotImplementedError


class Alone(Plain):
    """Claim: the endpoint is pinned."""

    name = "alone"
    alone = True


class Through(Plain):
    """Claim: it goes through."""

    name = "through"
    tunnelled = True


def cell(attack: Attack, token: str = "nga", **more: str) -> Cell:
    return replace(Cell(attack, 4, OUTSIDER, token), **more)  # type: ignore[arg-type]


def run(*leaks: Leak, outcomes: dict[str, Outcome] | None = None, failures: dict[str, str] | None = None) -> Run:
    frames = [Frame(leak.time, b"", leak.wire) for leak in leaks]
    return Run(outcomes or {}, failures or {}, Judgement(len(leaks), 0, {}, leaks), frames)


def leak(token: str | None, attack: str | None) -> Leak:
    return Leak(1.0, "client", "udp", "here > there", "no rule allows it", token, attack)


@pytest.mark.parametrize(
    ("attack", "shown", "red"),
    [
        (Plain(), run(leak("nga", "plain")), ("plain", Verdict.LEAKED)),
        (Plain(), run(leak(None, None)), (UNOWNED, Verdict.LEAKED)),
        (Alone(), run(leak(None, "alone")), ("alone", Verdict.LEAKED)),
        (Through(), run(outcomes={"nga": Outcome(True)}), ("through", Verdict.VACUOUS)),
        (Plain(), run(failures={"nga": "broke"}), ("plain", Verdict.ERROR)),
        (Plain(), run(outcomes={"nga": Outcome(True)}), None),
    ],
)
def test_what_makes_an_attack_red(attack: Attack, shown: Run, red: tuple[str, Verdict] | None) -> None:
    assert [(entry.attack, entry.verdict) for entry in reds_of([cell(attack)], shown)] == ([red] if red else [])


def test_groups_leave_out_what_cannot_apply_and_put_those_apart_that_are_alone() -> None:
    cells = [cell(Alone(), "a"), cell(Plain(), "b"), cell(Plain(), "c", cannot="why"), cell(Through(), "d")]
    groups = [[entry.token for entry in group] for group in together_first(cells)]
    assert groups == [["b", "d"], ["a"]]
    assert {entry.token for entry in renewed(cells)}.isdisjoint({"a", "b", "c", "d"})


def test_errors_alone_count_only_when_nothing_else_is_red() -> None:
    error, sure = Red("a", Verdict.ERROR, ""), Red("b", Verdict.VACUOUS, "")
    assert first(iter([[error], [], [sure, error]])) == (sure,)
    assert first(iter([[error], []])) == (error,)
    assert first(iter([[]])) == ()


def test_likeness_prefers_what_speaks_of_the_same() -> None:
    pin = Protection("nft:endpoint-pin", "packets to an address that a peer chose")
    assert likeness(pin, cell(Alone())) > likeness(pin, cell(Plain()))


def test_a_line_says_what_became_of_a_mutant() -> None:
    protection = Protection("nft:pin", "packets elsewhere", ("nft:other",))
    reds = tuple(Red(name, Verdict.LEAKED, "") for name in "abcde")
    assert fate_line(Fate(protection), 8).plain == "nft:pin   SURVIVED\n    packets elsewhere"
    told = fate_line(Fate(protection, reds, protection.besides), 8).plain
    assert told.startswith("nft:pin   a, b, c and 2 more (with nft:other gone as well")


@needs_nix
def test_a_name_that_no_protection_has_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["mutants", "--only", "nope*"])
    assert "no protection has such a name" in capsys.readouterr().err


@needs_nix
def test_every_name_is_used_however_often_the_option_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    """No lab is made: these show on a kernel of the client's own."""
    first, second, third = [it.name for it in scenario.protections() if it.own_kernel][:3]
    assert main(["mutants", "--only", first, second, "--only", third]) == 0
    shown = capsys.readouterr().out
    assert all(f"'{name}'" in shown for name in (first, second, third))
    assert "nsguard: 0 mutants" in shown


@pytest.fixture(scope="module")
def mutants() -> Iterator[Mutants]:
    """Mutants of the demo, judged by a few attacks."""
    with ContainerLab() as lab:
        scenario.apply(lab.client, scenario.DEMO)
        made = Mutants(lab, scenario.DEMO, subjects)
        few = {
            "setns-proc",
            "udp-lan",
            "socket-in-tmp",
            "unscoped-family",
            "trace",
            "nscd-socket",
            "socket-of-a-package",
        }
        made.red = set(attacks.registry()) - few  # attacks that are red already are not tried
        yield made


@pytest.mark.lab
@needs_nix
@pytest.mark.parametrize(
    ("name", "killers", "together"),
    [
        ("property:private-tmp", {"socket-in-tmp"}, ()),
        ("property:address-families", {"unscoped-family"}, ()),
        ("property:own-binds", {"nscd-socket"}, ()),  # its question is on the wire in clear
        ("property:own-sockets", {"socket-of-a-package"}, ()),
        ("property:capability-bounds", {"setns-proc"}, ("property:private-users", "property:own-processes")),
        ("property:network-namespace", {"udp-lan"}, ("property:namespace-check",)),
        ("nft:output-multicast", set(), ()),  # none of those few attacks tests it, so it survives
    ],
)
def test_mutants_meet_their_fate(mutants: Mutants, name: str, killers: set[str], together: tuple[str, ...]) -> None:
    protection = next(entry for entry in scenario.protections() if entry.name == name)
    fate = mutants.fate(protection)
    assert {red.attack for red in fate.killers} - {UNOWNED} == killers
    assert (fate.killed, fate.together_with) == (bool(killers), together)


@pytest.mark.lab
@needs_nix
def test_what_is_red_with_nothing_removed_kills_no_mutant(mutants: Mutants, monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(mutants.red)
    monkeypatch.setattr(mutants, "green", set())
    monkeypatch.setattr("nsguard_harness.run.trial.escape", lambda cell, run: "red whatever is removed")
    assert not mutants.fate(Protection("nft:output-multicast", "announcements")).killed
    assert mutants.red - before
    mutants.red = before


@pytest.mark.lab
@needs_nix
def test_services_that_do_not_start_are_no_leak(mutants: Mutants) -> None:
    (reds,) = mutants.reds(["property:network-namespace"])
    assert [(red.attack, red.verdict) for red in reds] == [(START, Verdict.ERROR)]
