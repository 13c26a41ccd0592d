"""What a benchmark asks: texts, and questions about them with the answers that count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Count = Callable[[str], int]  # tokens of a text


@dataclass(frozen=True)
class Question:
    """One sample.

    Attributes
    ----------
    id
        Unique in its benchmark, and the same for the same options and seed.
    text
        What is asked.
    references
        What the answer is scored against (see :mod:`keydiff_cli.bench.metrics`).
    depth
        Where in the text the answer stands, 0 to 1; None if that makes no sense.
    classes
        What there is to choose from, in a task of classification.
    """

    id: str
    text: str
    references: tuple[str, ...]
    depth: float | None = None
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Text:
    """A document of a benchmark, with all questions about it.

    Attributes
    ----------
    id
        Unique in its benchmark.
    task
        Name of the task; decides the metric.
    length
        Tokens it was made for; None if it was not made for a length.
    """

    id: str
    task: str
    length: int | None
    document: str
    questions: tuple[Question, ...]
