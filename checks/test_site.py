"""The documentation's web site: every page is in its menu, and every link leads to a page and a heading of it."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    """The script that writes the pages."""
    spec = importlib.util.spec_from_file_location("site_pages", ROOT / "docs/site/pages.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(pages: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, written."""
    directory = tmp_path_factory.mktemp("site") / "pages"
    pages.write(directory)
    return directory


def test_every_page_of_the_documentation_is_in_the_menu(pages: ModuleType) -> None:
    listed = {path for section in pages.SECTIONS.values() for path in section.values()}
    there = {str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")}
    assert there <= listed
    assert all((ROOT / path).is_file() for path in listed)


def test_every_link_leads_to_a_heading(pages: ModuleType, site: Path) -> None:
    headings = {
        path: {pages.slug(text) for text in re.findall(r"^#+ (.+?)(?: \{:.*)?$", path.read_text(), re.MULTILINE)}
        for path in site.rglob("*.md")
    }
    followed = 0
    for page in headings:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            there = (page.parent / path).resolve() if path else page
            assert there in headings, f"{page.name}: {target}"
            assert not anchor or anchor in headings[there], f"{page.name}: {target}"
            followed += 1
    assert followed > 100


def test_each_section_of_the_options_is_a_page(site: Path) -> None:
    sections = re.findall(r"^## (.+)$", (ROOT / "docs/options.md").read_text(), re.MULTILINE)
    menu = json.loads((site.parent / "mkdocs.yml").read_text())["nav"]
    listed = next(entry["Options"] for entry in menu if "Options" in entry)
    assert [title for page in listed for title in page][1:] == sections
    assert 'data-toc-label="namespace"' in (site / "options/services.md").read_text()
