"""What stands behind a sentence of an answer."""

from __future__ import annotations

import pytest

from keydiff_cli.render.citations import citation_mark
from keydiff_cli.text.places import Citation


@pytest.mark.parametrize(
    "page, label, kind, several, missing, mark",
    [
        (3, "", "page", False, (), " [page 3]"),
        (3, "ix", "page", False, (), " [page 3 (ix)]"),
        (2, "Budget", "sheet", True, (), " [a.pdf, sheet 2 (Budget), lines 4-5]"),
        (None, "", "page", False, ("1902", "Ada"), " [lines 4-5; not found: 1902, Ada]"),
    ],
)
def test_a_mark(
    page: int | None, label: str, kind: str, several: bool, missing: tuple[str, ...], mark: str
) -> None:
    citation = Citation(0, 9, "a.pdf", page, label, (4, 5), "", 1.0, None, missing, kind)
    assert citation_mark(citation, several=several) == mark
