"""The documentation is true: options and snippets are evaluated, and the attacks and files that it names exist."""

from __future__ import annotations

import fnmatch
import functools
import json
import re
from pathlib import Path
from typing import Any

import pytest
import snippets
from nix import NIXPKGS, evaluate, needs_nixpkgs, nixos_arguments
from nsguard_harness import attacks

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
SNIPPETS = DOCS / "snippets"
REFERENCE = DOCS / "options.md"
PAGES = [*(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY")), *sorted(DOCS.rglob("*.md"))]


@functools.cache
def reference() -> dict[str, Any]:
    """`markdown`, and `options`: name → description, type, default and example as the documentation has them."""
    made = f"import {ROOT}/checks/docs/options.nix {{ lib = import {NIXPKGS}/lib; }}"
    return dict(evaluate(f'removeAttrs ({made}) [ "evaluated" ]'))


@needs_nixpkgs
def test_the_reference_is_fresh() -> None:
    assert REFERENCE.read_text() == reference()["markdown"], "options have changed since: make docs"


@needs_nixpkgs
def test_every_option_says_what_it_is_for_with_an_example_and_its_risk() -> None:
    options = reference()["options"]
    assert "nsguard.tunnels.<name>.peers.*.endpoint" in options
    wanting = []
    for name, option in options.items():
        paragraphs = option["description"].strip().split("\n\n")
        if len(paragraphs) < 2 or not re.match(r"Risk( of [^:]+)?: \S", paragraphs[-1]):
            wanting.append(f'{name}: the description ends without a paragraph that begins "Risk: "')
        if "example" not in option:
            wanting.append(f"{name}: no example")
    assert wanting == []


@needs_nixpkgs
def test_every_example_is_of_its_options_type(tmp_path: Path) -> None:
    examples = {name: option["example"]["text"] for name, option in reference()["options"].items()}
    lines = [f"  {json.dumps(name)} = ({text}\n);\n" for name, text in examples.items()]
    (tmp_path / "examples.nix").write_text("{ lib, pkgs }: {\n" + "".join(lines) + "}\n")
    arguments = f"{{ lib = import {NIXPKGS}/lib; examples = import {tmp_path}/examples.nix; }}"
    assert evaluate(f"import {ROOT}/checks/docs/examples.nix {arguments}") == []


def claims() -> dict[str, str]:
    """Claim of the threat model → the text that says what tests it."""
    text = (DOCS / "threat-model.md").read_text().partition("## Claims")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+) \|$", text, re.MULTILINE)
    return {claim: tests for claim, tests in rows if claim != "Claim"}


@pytest.mark.parametrize("claim", claims())
def test_what_tests_a_claim_exists(claim: str) -> None:
    tests = claims()[claim]
    # Words with a space are commands, and a leading slash is a path on the machine that is attacked.
    named = [name for name in re.findall(r"`([^`]+)`", tests) if " " not in name and not name.startswith("/")]
    files = [name for name in named if name.endswith((".py", ".nix"))]
    for name in files:
        assert list(ROOT.glob(f"harness/**/{name}")) + list(ROOT.glob(f"[!.h]*/**/{name}")), f"no file {name}"
    for name in set(named) - set(files):
        assert fnmatch.filter(attacks.registry(), name), f"no attack {name}"
    assert named, "no attack and no file of tests shows it"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_attacks_that_a_page_names_exist(page: Path) -> None:
    for name in re.findall(r"\battacks? `([a-z0-9-]+)`", " ".join(page.read_text().split())):
        assert name in attacks.registry()


def test_tests_that_a_page_names_exist() -> None:
    """This is not among the harness's own tests, because its package runs those without the pages."""
    named = re.findall(r"`(test_\w+\.py)::(\w+)`", (DOCS / "ways-out.md").read_text())
    assert len(named) > 10
    for file, name in named:
        folders = (ROOT / "checks", ROOT / "harness/tests", ROOT / "pkgs/nsguard/tests")
        texts = [path.read_text() for folder in folders for path in folder.rglob(file)]
        assert any(re.search(rf"^def {name}\(", text, re.MULTILINE) for text in texts), f"{file}: no {name}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_within_the_documentation_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), f"{target}: no such file"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}, target


def shown(text: str) -> set[str]:
    """The texts by which a page may show a file: the whole file or, for a module that is a plain set, its content."""
    lines = text.rstrip("\n").split("\n")
    if (lines[0], lines[-1]) != ("{", "}"):
        return {text}
    return {text, "".join(line.removeprefix("  ") + "\n" for line in lines[1:-1])}


@functools.cache
def files() -> dict[Path, set[str]]:
    """What can be shown of each file that a check evaluates: the snippets here, the template in test_eval.py."""
    return {path: shown(path.read_text()) for path in [*SNIPPETS.glob("*.nix"), *ROOT.glob("templates/*/*.nix")]}


def blocks(page: Path) -> list[str]:
    return re.findall(r"^```nix\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_nix_that_a_page_shows_is_a_file_that_a_check_evaluates(page: Path) -> None:
    for block in blocks(page):
        assert any(block in texts for texts in files().values()), f"no file below docs/snippets/ is:\n{block}"


def test_every_snippet_is_shown() -> None:
    every = {block for page in PAGES for block in blocks(page)}
    assert [path.name for path in SNIPPETS.iterdir() if not shown(path.read_text()) & every] == []


@needs_nixpkgs
def test_every_snippet_is_accepted_and_does_something(tmp_path: Path) -> None:
    hosts = evaluate(f"import {ROOT}/checks/docs/snippets.nix {nixos_arguments(tmp_path)}")
    assert set(hosts) == {path.stem for path in SNIPPETS.iterdir()} - {"leak-test"}  # test_eval.py evaluates that
    for name, host in hosts.items():
        assert host["messages"] == [], name
        assert any(unit.startswith("nsguard-netns-") for unit in host["units"]), name
        for service in re.findall(r"systemd\.services\.([\w-]+)\.nsguard", (SNIPPETS / f"{name}.nix").read_text()):
            assert host["confined"][service].startswith("/run/netns/"), name


def test_every_snippet_boots_in_a_test_of_its_name_or_says_why_not() -> None:
    booted = {snippet for names, _ in snippets.BOOTS.values() for snippet in names}
    named = [*booted, *snippets.ELSEWHERE, *snippets.UNABLE]
    assert sorted(named) == sorted(path.stem for path in SNIPPETS.iterdir())
    tests = (ROOT / "checks/test_nixos_snippets.py").read_text()
    for name in booted:
        assert f"\ndef test_{name.replace('-', '_')}(" in tests, f"checks/test_nixos_snippets.py: no test of {name}.nix"
    for name, file in snippets.ELSEWHERE.items():
        assert f"../../docs/snippets/{name}.nix" in (ROOT / f"checks/nixos/{name}.nix").read_text()
        assert f'NIXOS / "{name}.nix"' in (ROOT / "checks" / file).read_text()


def test_the_files_that_contributors_are_sent_to_exist() -> None:
    table = re.findall(r"^\| an? .*\|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    paths = [path for row in table for path in re.findall(r"`([\w.-]+/[\w./{},-]*)`", row)]
    assert len(paths) > 20
    for path in paths:
        before, brace, rest = path.partition("{")
        names, _, after = rest.partition("}")
        for name in names.split(",") if brace else [""]:
            assert (ROOT / f"{before}{name}{after}").exists(), path


def test_the_files_that_comments_and_pages_name_exist() -> None:
    """Paths are from the top of the project. A path after "systemd's" is not ours; FOLDER stands for any folder."""
    folders = "checks|docs|harness|lib|modules|pkgs|templates"
    path = re.compile(rf"(?<![\w/.*-])(?<!systemd's )(?:{folders})/[\w./-]+\.(?:nix|py|c|h|md|json)\b")
    texts = [
        it for folder in folders.split("|") for it in (ROOT / folder).rglob("*.*") if it.suffix in (".py", ".nix", ".c")
    ]
    named = {(name, str(text)) for text in [*PAGES, *texts] for name in path.findall(text.read_text())}
    assert len(named) > 100
    missing = {name: text for name, text in named if "FOLDER" not in name and not (ROOT / name).exists()}
    assert missing == {}
