"""An answer ends before the first of some texts, however it is cut into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keydiff_cli.serve.stops import Stops, first_of


def passed(pieces: list[str], *stops: str) -> str:
    follow = Stops(stops)
    return "".join(map(follow.feed, pieces)) + follow.rest()


@pytest.mark.parametrize(
    ("pieces", "stops", "text"),
    [
        (["one. two"], ["."], "one"),
        (["on", "e E", "N", "D two"], ["END"], "one "),
        (["E", "N", "X"], ["END"], "ENX"),
        (["ends with E", "N"], ["END"], "ends with EN"),
        (["b then a"], ["a", "b"], ""),
        (["aab"], ["ab"], "a"),
        (["one"], [], "one"),
    ],
)
def test_what_is_passed_on(pieces: list[str], stops: list[str], text: str) -> None:
    assert passed(pieces, *stops) == text


def test_nothing_is_passed_on_after_a_stop_and_no_more_held_back_than_needed() -> None:
    follow = Stops(["END"])
    assert [follow.feed(text) for text in ("a E", "b", "EN", "D", "c")] == ["a ", "Eb", "", "", ""]
    assert follow.found and follow.rest() == ""


@given(st.lists(st.text("ab", max_size=4)), st.lists(st.text("ab", min_size=1), min_size=1))
def test_how_a_text_is_cut_makes_no_difference(pieces: list[str], stops: list[str]) -> None:
    text = "".join(pieces)
    assert passed(pieces, *stops) == passed([text], *stops) == text[: first_of(text, stops)]
