"""Places in words."""

from __future__ import annotations

import pytest

from keydiff_cli.text.places import Note, Place


@pytest.mark.parametrize(
    ("place", "words"),
    [
        (Place("a", None, (3, 3)), "line 3"),
        (Place("a", None, (3, 7)), "lines 3-7"),
        (Place("a", (2, 2), (3, 7)), "page 2"),
        (Place("a", (2, 4), (3, 7)), "pages 2-4"),
        (Place("a", (2, 2), (3, 7), "slide"), "slide 2"),
        (Place("a", (2, 2), (3, 7), "sheet"), "sheet 2, lines 3-7"),
        (Place("a", (2, 2), (3, 3), "chapter"), "chapter 2, line 3"),
        (Place("a", (2, 4), (3, 7), "chapter"), "chapters 2-4"),
    ],
)
def test_a_place_in_words(place: Place, words: str) -> None:
    assert str(place) == words
    assert Note("a", place.pages, place.lines, "", (), place.page_kind).place == place
