"""What stands behind a sentence of an answer."""

from __future__ import annotations

import pytest

from keydiff_cli.text.citation_marks import citation_mark, marked
from keydiff_cli.text.places import Citation


@pytest.mark.parametrize(
    "page, label, kind, several, missing, mark",
    [
        (3, "", "page", False, (), " [page 3]"),
        (3, "ix", "page", False, (), " [page 3 (ix)]"),
        (3, "i\x1b]0;x\ny", "page", False, (), " [page 3 (i y)]"),
        (2, "Budget", "sheet", True, (), " [a.pdf, sheet 2 (Budget), lines 4-5]"),
        (None, "", "page", False, ("1902", "Ada"), " [lines 4-5; not found: 1902, Ada]"),
    ],
)
def test_a_mark(
    page: int | None, label: str, kind: str, several: bool, missing: tuple[str, ...], mark: str
) -> None:
    citation = Citation(0, 9, "a.pdf", page, label, (4, 5), "", 1.0, None, missing, kind)
    assert citation_mark(citation, several=several) == mark


def cited(start: int, stop: int, page: int | None = 1, name: str = "a.pdf") -> Citation:
    return Citation(start, stop, name, page, "", (1, 1), "", 1.0, None)


def test_marks_stand_behind_their_sentences() -> None:
    answer = "One. Two!\n\nThree."
    citations = [cited(0, 4), cited(0, 4, 2), cited(5, 9, 3)]
    assert marked(answer, citations, several=False) == "One. [page 1] Two! [page 3]\n\nThree."
    assert marked(answer, [], several=False) == answer
