"""Answers that are right or wrong."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from keydiff_cli.bench.asked_documents import AskedDocument, AskedQuestion
from keydiff_cli.bench.exams import Judging
from keydiff_cli.bench.variants import Variant
from keydiff_cli.reading.reader import Reader


class Reads:
    """Says the question again."""

    def ask(self, question: str) -> str:
        return question


def test_an_answer_is_judged_if_it_can_be() -> None:
    exam, document = Judging(), AskedDocument(Path("a.txt"), "", ())
    question = AskedQuestion("How many?", "5", "place", (2, 3))
    assert exam.answer(cast(Reader, Reads()), question, Variant()) == "How many?"
    right = exam.marks(document, question, "It is 5.")
    assert right == {"references": ["5"], "pages": [2, 3], "score": 1.0}
    wrong = exam.marks(document, question, "It is 6.")
    free = exam.marks(document, AskedQuestion("Why?", "It is so because of that.", "x"), "So.")
    assert [exam.verdict(marks) for marks in (right, wrong, free)] == [
        "right", "wrong", "not judged",
    ]  # fmt: skip
