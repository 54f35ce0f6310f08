"""Service modules of nixpkgs, confined: a sample, and modules that once showed a fault of nsguard.

`make sweep` takes all modules, which needs about twenty minutes of processor time.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from nix import NIXPKGS, needs_nixpkgs

sys.path.insert(0, str(Path(__file__).parent / "sweep"))

from page import row, section
from sweep import Module, Tree, lines_of, swept

# One module of each kind that had a hole, made the evaluation recurse, or was refused without a reason.
TELLING = {
    "bazarr": ("clean",),  # whose user's home is read from the confined service
    "biboumi": ("refused",),
    "borgbackup": ("cannot work",),
    "cryptpad": ("clean",),
    "freeciv": ("refused",),  # for its pipe, which systemd opens on the host
    "jellyfin": ("clean",),
    "metricbeat": ("clean",),
    "minecraft-server": ("refused",),
    "nextcloud": ("cannot work",),
    "nifi": ("refused",),  # for its user's home, in which its command is a login's as well
    "polipo": ("cannot work",),  # with a line to fill in, which was refused itself
    "redis": ("refused",),
    "sing-box": ("refused",),
    "sslh": ("refused",),
    "transmission": ("refused",),
}


def test_the_line_that_a_message_says_is_read_whole() -> None:
    settings = 'systemd.services.d.serviceConfig = { RuntimeDirectory = "d"; PIDFile = lib.mkForce "/run/d/d.pid"; };'
    switch = "systemd.services.d.nsguard.hardening.hiddenProcesses = false;"
    bound, after = 'systemd.services.d.nsguard.bindPaths = [ "/run/x" ];', 'systemd.services.d.after = [ "x.service" ];'
    messages = [
        f"systemd.services.d: /run/x is hidden; set {bound} and, for paths that another unit makes, {after}",
        f"systemd.services.d.serviceConfig.PIDFile: it is hidden; write {settings}",
        f"systemd.services.d.serviceConfig.Type: it does not work; set {switch}",
    ]
    assert lines_of(messages) == (bound, after, settings, switch)


def test_of_two_lines_for_one_option_the_one_that_includes_the_other_is_written() -> None:
    confirming, giving = (
        f"systemd.services.d.nsguard.capabilities = [ {it} ];" for it in ('"CAP_A"', '"CAP_A" "CAP_B"')
    )
    messages = [
        f"systemd.services.d: CAP_A is taken away; to confirm that, set {confirming}",
        f"systemd.services.d: CAP_B is taken away; if the service needs it, set instead {giving}",
    ]
    assert lines_of(messages) == (giving,)
    assert lines_of(messages[:1]) == (confirming,)


FORKS = (
    "systemd.services.d.serviceConfig.Type: it forks; set systemd.services.d.nsguard.hardening.ownProcesses = false;"
)
LACKS = "systemd.services.d: CAP_NET_RAW is taken away; leave it unconfined if it needs that"
LINE = "systemd.services.d.nsguard.hardening.ownProcesses = false;"


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (Module("d", "clean", ["d"], []), "| `d` | works |  |"),
        (Module("d", "refused", ["d"], [FORKS], (LINE,), True), f"| `d` | with these lines | `{LINE}` |"),
        (
            Module("d", "refused", ["d"], ["systemd.services.d.x: no|way; remove it"]),
            "| `d` | refused | no/way; remove it |",
        ),
        (
            Module("d", "cannot work", ["d"], [LACKS, FORKS], (LINE,)),
            f"| `d` | lacks something | CAP_NET_RAW is taken away; leave it unconfined if it needs that<br>`{LINE}` |",
        ),
        (
            Module("tailscale", "clean", ["tailscaled"], []),
            "| `tailscale` | not to be confined | it sets up the host's network |",
        ),
        (
            Module(
                "d", "refused", ["d", "e"], [], (LINE, "systemd.services.d.nsguard.namespace = lib.mkForce null;"), True
            ),
            "| `d` | not to be confined | it serves programs of the host |",
        ),
        (
            Module("d", "cannot work", ["d"], [FORKS, "then: systemd.services.d.x: no way; remove it"], (LINE,), False),
            "| `d` | refused | no way; remove it |",
        ),
        (
            Module("d", "refused", ["d"], [FORKS, "then: systemd.services.d.x: no way"], (LINE,), False),
            f"| `d` | refused | {FORKS.partition(': ')[2]} |",
        ),
        (Module("d", "not evaluable", [], ["throws"]), "| `d` | not known |  |"),
    ],
)
def test_the_page_says_what_became_of_a_module(module: Module, expected: str) -> None:
    assert row(module) == expected


def test_the_page_counts_modules_that_have_services_and_has_a_part_for_each_state() -> None:
    text = section(
        [
            Module("b", "clean", ["b"], []),
            Module("A", "clean", ["a"], []),
            Module("caddy", "clean", ["caddy"], []),
            Module("c", "without services", [], []),
            Module("e", "cannot work", ["e"], [LACKS]),
            Module("d", "cannot work", ["d"], [LACKS]),
            Module("f", "refused", ["f"], [FORKS], (LINE,), True),
        ],
        "25.05",
    )
    top, *parts = text.split("\n### ")
    assert "Of 6 modules that have services (nixpkgs 25.05)" in top and "- 3 have nothing refused or missing;" in top
    by_heading = {part.partition("\n")[0]: part for part in parts}
    assert "`A`, `b`, `caddy`." in by_heading["Nothing is refused or missing"]
    assert "| `caddy` | works |  |" in by_heading["Most used"] and "`A`" not in by_heading["Most used"]
    assert f"| `f` | `{LINE}` |" in by_heading["Work with these lines"]
    assert "| `d`, `e` | CAP_NET_RAW is taken away; " in by_heading["Lack something"]


@needs_nixpkgs
def test_a_module_is_the_same_among_all_modules_of_nixos(tmp_path: Path) -> None:
    tree, paths = Tree(Path(NIXPKGS or ""), tmp_path), [["redis"], ["tor"]]
    assert list(tree.modules(paths)) == list(tree.modules(paths, whole=True))


@pytest.fixture(scope="module")
def modules() -> dict[str, Module]:
    return {it.name: it for it in swept([[name] for name in TELLING])}


@needs_nixpkgs
def test_no_module_has_a_hole_or_ends_the_evaluation(modules: dict[str, Module]) -> None:
    assert [it for it in modules.values() if it.kind in ("hole", "crash")] == []


@needs_nixpkgs
def test_no_module_is_refused_with_the_lines_of_its_messages(modules: dict[str, Module]) -> None:
    assert [(it.name, it.said[-1]) for it in modules.values() if it.mended is False] == []


@needs_nixpkgs
@pytest.mark.parametrize("name", TELLING)
def test_a_module_is_what_it_was(name: str, modules: dict[str, Module]) -> None:
    assert modules[name].kind in TELLING[name], modules[name].said
