"""Lines that are left out of a text while it comes."""

from __future__ import annotations

import pytest

from keydiff_cli.text.leaving_out import LeavingOut

HEADINGS = ("[lines 1-2]", "Passages:", "[a1.txt, page 3]")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("One.\n\n[lines 1-2]\nTwo.", "One.\n\nTwo."),
        ("Passages:\n\n [lines 10-20] \nTwo.\n", "\nTwo.\n"),
        ("It is in [lines 1-2]\nof it.", "It is in [lines 1-2]\nof it."),
        ("[lines 58-60]\nTwo.\n[a1.txt, page 12]\nThree.", "Two.\nThree."),
        ("[lines 1]\n[lines 1-2] too\n[page 3]\n.", "[lines 1]\n[lines 1-2] too\n[page 3]\n."),
        ("On:\n[lines 1-2]", "On:\n[lines 1-2]"),
        ("[lines", "[lines"),
        ("", ""),
    ],
)
def test_a_line_is_left_out_wherever_it_is_cut(text: str, left: str) -> None:
    for size in (1, 2, 3, 5, 8, 100):
        leaving = LeavingOut(HEADINGS)
        given = [leaving.feed(text[at : at + size]) for at in range(0, len(text), size)]
        assert "".join(given) + leaving.feed("", last=True) == left


def test_no_more_is_held_back_than_may_be_left_out() -> None:
    leaving = LeavingOut(HEADINGS)
    assert leaving.feed("One [") == "One ["
    assert leaving.feed("a]\n[l") == "a]\n"
    assert leaving.feed("amp") == "[lamp"
    assert LeavingOut().feed("\n[lines 1-2") == "\n[lines 1-2"
