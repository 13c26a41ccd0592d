"""Stretches of a text, and which of them have most of the words of a sentence."""

from __future__ import annotations

import math

import pytest

from keydiff_cli.bench.stretches import LONG, STEP, Stretches, terms


def test_terms_are_words_that_say_something_and_digits_of_numbers() -> None:
    said = "The cranes of the harbour's quay cost $2.4 billion, 2,400 million or 1,050.00 (30 %)."
    assert terms(said) == [
        "crane", "harbour", "quay", "cost", "24", "billion", "24", "million", "105", "3",
    ]  # fmt: skip
    assert terms("of it 0.00 as") == ["0"]


@pytest.mark.parametrize(
    ("words", "first"),
    [(0, [0]), (1, [0]), (80, [0]), (81, [0, 20]), (100, [0, 20]), (101, [0, 20, 40])],
)
def test_stretches_begin_every_twenty_words_and_reach_the_end(words: int, first: list[int]) -> None:
    text = " ".join(f"w{n}w" for n in range(words))
    stretches = Stretches(text)
    assert (LONG, STEP) == (80, 20)
    assert stretches.words == words
    assert [stretch.split()[:1] for stretch in stretches.texts] == [
        [f"w{n}w"] if words else [] for n in first
    ]
    assert all(len(stretch.split()) == min(LONG, words - n) for stretch, n in
               zip(stretches.texts, first, strict=True))  # fmt: skip
    assert text.endswith(stretches.texts[-1].strip())


def fillers(count: int) -> str:
    return " ".join(["filler"] * count)


def test_a_sentence_is_best_where_most_of_its_weight_is() -> None:
    # 200 words, stretches from 0, 20, ..., 120: the crane is in those from 0 to 20, salt in the
    # one from 120 only, timber in the text nowhere.
    text = f"{fillers(30)} crane {fillers(164)} salt {fillers(4)}"
    stretches = Stretches(text)
    assert (stretches.words, len(stretches.texts)) == (200, 7)
    crane, salt, timber = (math.log(1 + 7 / (1 + have)) for have in (2, 1, 0))
    assert [stretches.weight(term) for term in ("crane", "salt", "timber")] == [
        crane, salt, timber,
    ]  # fmt: skip
    assert stretches.best("crane") == (0, 1.0)  # the first of two
    number, share = stretches.best("Crane, salt and timber.") or (0, 0.0)
    assert number == 6
    assert share == pytest.approx(salt / (crane + salt + timber))
    assert stretches.best("Timber.") is None
    assert stretches.best("of the") is None
    assert stretches.place(0) == 40 / 200
    assert stretches.place(6) == 160 / 200
    assert Stretches("a crane").place(0) == 0.5


def test_half_of_some_words_is_enough() -> None:
    text = f"crane rope {fillers(98)} rope salt {fillers(98)}"
    stretches = Stretches(text)  # 200 words; rope and salt are in the stretches from 40 to 100
    assert list(stretches.having_half(["crane", "rope", "salt", "tar"])) == [0, 2, 3, 4, 5]
    assert list(stretches.having_half(["rope"])) == [0, 2, 3, 4, 5]
    assert list(stretches.having_half(["crane", "tar", "oil"])) == []
