"""The cells of a run: every attack in every state, as every identity, for each family, or why it can't apply."""

from __future__ import annotations

from nsguard_harness import attacks
from nsguard_harness.run.cells import OUTSIDER, Subject, cells_for
from nsguard_harness.run.states import STATES, UP

SUBJECTS = [Subject(who, OUTSIDER.confined, OUTSIDER.control) for who in ("root", "user")]


def test_plan_multiplies_by_states_and_says_what_cannot_apply() -> None:
    every = {state.name for state in STATES}
    cells = cells_for("udp-lan", SUBJECTS, "*")
    assert {cell.state.name for cell in cells} == every
    assert len(cells) == 4 * len(every) == len({cell.token for cell in cells})
    assert not any(cell.cannot for cell in cells)
    assert {cell.control for cell in cells} == {cell.token for cell in cells if cell.state is UP}
    for name, why in (
        ("keyring", "the tunnel's state makes no difference"),
        ("link-deleted", "it disturbs the tunnel"),
    ):
        elsewhere = [cell for cell in cells_for(name, SUBJECTS, "*") if cell.state is not UP]
        assert elsewhere and all(cell.cannot.startswith(why) for cell in elsewhere)
    assert {cell.state.name for cell in cells_for("udp-lan", SUBJECTS, "re*")} == {"restarting", "remade"}


def test_several_globs_choose_the_attacks_of_all() -> None:
    chosen = {cell.attack.name for cell in cells_for(["udp-lan", "tcp-l*"], SUBJECTS)}
    assert chosen == {name for name in attacks.registry() if name == "udp-lan" or name.startswith("tcp-l")}
    assert len(chosen) > 1


def test_a_quick_plan_has_every_core_attack_once_a_family() -> None:
    cells = cells_for("*", SUBJECTS, quick=True)
    core = {name for name, attack in attacks.registry().items() if attack.core}
    assert {cell.attack.name for cell in cells} == core
    assert len({(cell.attack.name, cell.family) for cell in cells}) == len(cells)


def test_plan_multiplies_attacks_by_identities_and_families() -> None:
    cells = cells_for("icmp-*-lan", SUBJECTS)
    assert [(c.attack.name, c.family, c.subject.identity) for c in cells] == [
        ("icmp-raw-lan", 4, "root"),
        ("icmp-raw-lan", 6, "root"),
        *(("icmp-ping-lan", family, who) for who in ("root", "user") for family in (4, 6)),
    ]
    assert len({cell.token for cell in cells}) == len(cells)
    assert all(cell.token.isalnum() and cell.token.islower() for cell in cells)
    assert cells_for("icmp-raw-lan", SUBJECTS)[0].token != cells[0].token
