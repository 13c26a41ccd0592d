"""Whether a passage has some of what is asked for: what a model leans to anyway does not count."""

from __future__ import annotations

from typing import Any

import pytest

from keydiff_cli.reading.judging import ASKED, EXAMPLES, Judge
from keydiff_cli.text.passages import Passage

QUESTION = "List all fees."
PART, TEXT = Passage(0, 9), "The fee is 50 euros."
ASKS, ELSE = (ASKED.format(question=each) for each in ("List all fees", "list everything else"))
SHOWN, ELSE_SHOWN = (EXAMPLES.format(wanted=each) for each in ("fees", "everything else"))


class View:
    """Leans to yes by what is asked, in place of a model."""

    def __init__(self, leanings: dict[str, float]) -> None:
        self._leanings = leanings
        self.asked: list[str] = []

    def leaning(self, _: Passage, question: str) -> float:
        self.asked.append(question)
        return self._leanings[question]

    def leaning_after(self, lead: str, text: str) -> float:
        assert text == f"Sentence: {TEXT}\nAnswer:"
        return self.leaning(PART, lead)


def likely(*leanings: float) -> tuple[float, list[str]]:
    view: Any = View(dict(zip((ASKS, ELSE, SHOWN, ELSE_SHOWN), leanings, strict=False)))
    return Judge(QUESTION).likely(view, PART, TEXT), view.asked


@pytest.mark.parametrize(
    ("asked", "otherwise", "has"), [(0.7, 0.5, True), (0.7, 0.7, False), (0.4, 0.1, False)]
)
def test_a_part_has_some_where_it_says_so_and_not_anyway(
    asked: float, otherwise: float, has: bool
) -> None:
    view: Any = View({ASKS: asked, ELSE: otherwise})
    assert Judge(QUESTION).has_any(view, PART) == has


def test_a_statement_is_judged_by_its_rows_and_its_words() -> None:
    even, asked = likely(0.75, 0.5, 0.5, 0.5)
    assert asked == [ASKS, ELSE, SHOWN, ELSE_SHOWN]
    more, less = likely(0.75, 0.5, 0.8, 0.5)[0], likely(0.75, 0.5, 0.8, 0.95)[0]
    assert less < even < more
    assert likely(0.75, 0.4, 0.5, 0.5)[0] > even
    assert likely(1.0, 0.0, 1.0, 0.0)[0] < float("inf")


@pytest.mark.parametrize(("leanings", "questions"), [((0.5,), 1), ((0.75, 0.74), 2)])
def test_a_statement_that_is_hardly_one_is_asked_no_more(
    leanings: tuple[float, ...], questions: int
) -> None:
    value, asked = likely(*leanings)
    assert len(asked) == questions
    assert value < -10
