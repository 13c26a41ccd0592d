"""What was sought for a question, beside what the cache holds for all questions."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from keydiff_cli.reading.coverage import NO_TOKENS, Numbers, Retention, tokens_of
from keydiff_cli.report import RecallCounts
from keydiff_cli.text.coverage import Coverage
from keydiff_cli.text.places import Look


@dataclass(frozen=True)
class Evidence:
    """What came back, and what is read again, for the last question.

    Attributes
    ----------
    recalled
        The tokens whose rows came back: int64.
    recalling, searching
        Seconds that it took to recall rows, and to find passages.
    looks, spans
        The passages that are read again, and their tokens, from the first to the last (exclusive).
    all_looked_at
        Whether all of the documents is gone through.
    retention
        What the cache holds of the documents; None if it holds none.
    """

    recalled: Numbers = field(default_factory=lambda: NO_TOKENS)
    recalling: float = 0.0
    looks: tuple[Look, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    searching: float = 0.0
    all_looked_at: bool = False
    retention: Retention | None = None

    @property
    def recall(self) -> RecallCounts:
        """What came back, in figures."""
        return RecallCounts(len(self.recalled), self.recalling)

    @property
    def seconds(self) -> float:
        """How long it took to find all of it."""
        return self.recalling + self.searching

    def with_recalled(self, tokens: Numbers, seconds: float) -> Evidence:
        """The rows of these tokens came back, or were looked for, in so many seconds more."""
        return replace(self, recalled=tokens, recalling=self.recalling + seconds)

    @cached_property
    def coverage(self) -> tuple[Coverage, ...]:
        """How much is held of each document, and what of it was sought; nothing if none is held.

        Added up once, since a report is asked for whenever the bottom line of a chat is drawn.
        """
        if self.retention is None:
            return ()
        looked = np.arange(self.retention.tokens) if self.all_looked_at else tokens_of(self.spans)
        return self.retention.coverage(self.recalled, looked)
