"""How questions about documents are asked, and how their answers are marked."""

from __future__ import annotations

from typing import Protocol

from keydiff_cli.bench.asked_documents import AskedDocument, AskedQuestion
from keydiff_cli.bench.records import Record
from keydiff_cli.bench.variants import Variant
from keydiff_cli.bench.verdicts import judge
from keydiff_cli.reading.reader import Reader


class Exam(Protocol):
    """What one benchmark does with a question, whatever the document was read by."""

    def answer(self, reader: Reader, question: AskedQuestion, variant: Variant) -> str:
        """The answer to a question about what was read."""

    def marks(self, document: AskedDocument, question: AskedQuestion, answer: str) -> Record:
        """What a record has of what was wanted, and of how good the answer is."""

    def verdict(self, marks: Record) -> str:
        """The marks in a few words, for who looks on."""


class Judging:
    """Answers that are right or wrong (:func:`~keydiff_cli.bench.verdicts.judge`)."""

    def answer(self, reader: Reader, question: AskedQuestion, variant: Variant) -> str:
        """As :meth:`Exam.answer`."""
        return reader.ask(question.text)

    def marks(self, document: AskedDocument, question: AskedQuestion, answer: str) -> Record:
        """As :meth:`Exam.marks`."""
        right = judge(answer, question.text, question.reference, question.kind)
        return {
            "references": [question.reference],
            "pages": list(question.pages),
            "score": None if right is None else float(right),
        }

    def verdict(self, marks: Record) -> str:
        """As :meth:`Exam.verdict`."""
        return {None: "not judged", 1.0: "right", 0.0: "wrong"}[marks["score"]]
