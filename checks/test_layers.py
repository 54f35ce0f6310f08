"""The code has the rooms of docs/architecture.md; they import only what that page allows, and in no circle."""

from __future__ import annotations

import re
from pathlib import Path

import layers
import pytest

PAGE = layers.ROOT / "docs/architecture.md"
# Python's own names for a package and for what `python -m` runs.
NOT_ROOMS = {"__init__", "__main__"}


def documented(heading: str) -> layers.Graph:
    """Room → what it may import, by the table that follows a heading of the page."""
    section = re.search(rf"^### {heading}\b.*?\n(.*?)(?=^##|\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert section, f"docs/architecture.md has no section '### {heading}'"
    rows = re.findall(r"^\| `([^`]+)` \|[^|]+\|([^|]*)\|$", section[1], re.MULTILINE)
    return {room: set(re.findall(r"`([^`]+)`", others)) for room, others in rows}


@pytest.mark.parametrize("tree", layers.TREES)
def test_the_page_lists_the_rooms_that_there_are(tree: str) -> None:
    rooms = layers.rooms(layers.arrows(layers.ROOT / layers.TREES[tree]))
    assert sorted(documented(tree)) == sorted(rooms.keys() - NOT_ROOMS)


@pytest.mark.parametrize("tree", layers.TREES)
def test_a_room_imports_only_what_the_page_allows(tree: str) -> None:
    allowed = documented(tree)
    rooms = layers.rooms(layers.arrows(layers.ROOT / layers.TREES[tree]))
    wrong = {room: extra for room in rooms.keys() - NOT_ROOMS if (extra := rooms[room] - allowed[room])}
    assert not wrong


@pytest.mark.parametrize("tree", layers.TREES)
def test_what_the_page_allows_makes_no_circle(tree: str) -> None:
    assert layers.circles(documented(tree)) == []


@pytest.mark.parametrize("tree", layers.TREES)
def test_modules_import_one_another_in_no_circle(tree: str) -> None:
    assert layers.circles(layers.arrows(layers.ROOT / layers.TREES[tree])) == []


def test_the_harness_imports_nothing_of_the_runtime() -> None:
    sources = [*(layers.ROOT / layers.TREES["harness"]).rglob("*.py"), *(layers.ROOT / "harness/tests").rglob("*.py")]
    importing = re.compile(r"^\s*(from nsguard[. ]|import nsguard\b(?!_))", re.MULTILINE)
    assert [path.name for path in sources if importing.search(path.read_text())] == []


def test_circles_and_rooms_are_seen(tmp_path: Path) -> None:
    """The tool itself, on a tree that is wrong on purpose."""
    tree = tmp_path / "wrong"
    (tree / "inner").mkdir(parents=True)
    for name, text in {
        "__init__": "",
        "inner/__init__": "",
        "inner/one": "def late():\n    from wrong import other",
        "other": "from wrong.inner import one",
        "typed": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from wrong import other",
        "relative": "from .inner.one import late",
    }.items():
        (tree / f"{name}.py").write_text(text)
    graph = layers.arrows(tree)
    assert graph["typed"] == set()
    assert graph["relative"] == {"inner/one"}
    assert layers.circles(graph) == [["inner/one", "other"]]
    assert layers.rooms(graph)["other"] == {"inner/"}


def test_families_of_attacks_import_none_of_one_another() -> None:
    """What several share is in a module whose name begins with _."""
    graph = layers.arrows(layers.ROOT / layers.TREES["harness"])
    families = {module for module in graph if re.match("attacks/[^_]", module)}
    wrong = {family: others for family in families if (others := graph[family] & families)}
    assert not wrong
