"""Cutting text: at borders that no token crosses, with nothing lost or doubled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from text_helpers import split_at
from text_strategies import cuts, steady, wordy

from keydiff_cli.text.cutting import MAX_PIECE, cut_text, safe_cut


def borders(text: str) -> list[int]:
    """A border is a space between a letter or digit and a letter."""
    inside = range(1, len(text) - 1)
    return [i for i in inside if text[i] == " " and text[i - 1].isalnum() and text[i + 1].isalpha()]


@given(wordy, st.integers(1, 130))
@steady
def test_the_cut_is_at_the_last_border(text: str, limit: int) -> None:
    expected = len(text)
    if len(text) > limit:
        expected = max((border for border in borders(text) if border <= limit), default=limit)
    assert safe_cut(text, limit) == expected


@pytest.mark.parametrize("limit", [700, 1024, 1025, 1500, 2048, 3000, MAX_PIECE, 10_000])
@pytest.mark.parametrize("border", [1, 100, 690])
def test_a_border_is_found_however_far_back(limit: int, border: int) -> None:
    text = "x" * border + " " + "x" * 20_000
    assert safe_cut(text, limit) == border


def test_without_a_border_the_cut_is_at_the_limit() -> None:
    assert safe_cut("x" * 9000, 4096) == 4096
    assert safe_cut("1 2 3 4 5", 4) == 4
    assert safe_cut(" word", 3) == 3


@given(st.one_of(wordy, st.text(max_size=120)), cuts, st.integers(1, 130))
@steady
def test_cut_text_loses_and_doubles_nothing(text: str, places: list[int], limit: int) -> None:
    pieces = list(cut_text(split_at(text, places), limit))
    assert "".join(pieces) == text
    assert all(0 < len(piece) <= limit for piece in pieces)


def test_cut_text_of_nothing_is_nothing() -> None:
    assert list(cut_text([])) == []
    assert list(cut_text(["", ""])) == []


def test_cut_text_waits_for_no_more_than_it_needs() -> None:
    def endless():
        while True:
            yield "some words "

    assert len(next(cut_text(endless(), 100))) in range(90, 101)
