"""Focus: keep what the question attends to, and for the rest what is unlike all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from keydiff_cli.scores.base import (
    WIDEST,
    Float32,
    Rows,
    Watch,
    attention,
    blend,
    check_range,
    smooth,
)
from keydiff_cli.scores.keydiff import KeyDiff


@dataclass(frozen=True)
class Focus:
    """Share the budget between what the question attends to and KeyDiff.

    The question is run at the end of what was read so far. Much of its attention goes where that
    of any question goes: to openings, line breaks, punctuation. So the mean attention of its own
    words to a row is divided by that of the words before them, which every question begins with.
    This lift, smoothed over neighbouring tokens so that phrases survive whole, ranks the rows for
    one part of the budget, and KeyDiff ranks them for the other. A question that lifts nothing
    ("summarise the text") leaves the whole budget to KeyDiff.

    Sources: Finch, arXiv 2408.00167, and SnapKV, arXiv 2404.14469, run after every block; the lift
    is ours.

    Attributes
    ----------
    share
        Part of the budget that goes to the question at most, 0 to 1.
    width
        Tokens over which the lift is smoothed (maximum). A question attends to the words that it
        shares with the text, and the answer stands some tokens beside them.
    lift
        Rows lifted less are left to KeyDiff.
    """

    share: float = 0.7
    width: int = 21
    lift: float = 4.0
    watch: ClassVar[Watch] = "question"

    def __post_init__(self) -> None:
        check_range("share", self.share, 0, 1)
        check_range("width", self.width, 1, WIDEST)
        check_range("lift", self.lift, 0, 1e6)

    def __call__(self, rows: Rows) -> Float32:
        lifted = smooth(lift(rows), rows.origin, self.width)
        lifted[lifted < self.lift] = -np.inf
        return blend(lifted, KeyDiff()(rows), rows.origin, self.share)


def lift(rows: Rows) -> Float32:
    """Attention of a question's words over that of what comes before them: ``[heads, rows]``.

    Means per token, with the mean over the rows added to both so that rows that hardly any token
    attends to do not stand out. Without words before the question it is compared to that mean.
    """
    if rows.queries is None:
        raise ValueError("this scorer needs queries")
    lead, count = rows.queries.lead, len(rows.queries.vectors)
    words = attention(rows, slice(lead, None)) / (count - lead)
    usual = attention(rows, slice(lead)) / lead if lead else np.zeros_like(words)
    mean = (usual if lead else words).mean(axis=1, keepdims=True)
    lifted: Float32 = (words + mean) / (usual + mean)
    return lifted
