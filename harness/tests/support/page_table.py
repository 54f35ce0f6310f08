"""A table on a page of the documentation whose rows a test saw: compared with the page, or written there."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from nsguard_harness.checkout import ROOT


@dataclass(frozen=True)
class PageTable:
    """page: the file. head: the table's first two lines. writing: the variable that, when set, has the page written."""

    page: Path
    head: str
    writing: str

    def rows(self) -> str:
        """The rows as the page has them, each a line."""
        return self._parts()[1]

    def check(self, rows: str) -> None:
        """The page has exactly these rows, in this order; or is written so."""
        before, known, after = self._parts()
        if os.environ.get(self.writing):
            self.page.write_text(before + rows + after)
            return
        new = "".join(row for row in rows.splitlines(keepends=True) if row not in known)
        page = self.page.relative_to(ROOT)
        assert known == rows, f"{page} differs from what is; {self.writing}=1 writes it anew:\n{new}"

    def _parts(self) -> tuple[str, str, str]:
        """The page up to the first row, the rows, and the rest."""
        before, head, rest = self.page.read_text().partition(self.head)
        assert head, f"{self.page}: no table"
        after = re.sub(r"\A(\|.*\n)*", "", rest)
        return before + head, rest.removesuffix(after), after
