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
    check_range,
    ranks,
    smooth,
)
from keydiff_cli.scores.keydiff import KeyDiff


@dataclass(frozen=True)
class Focus:
    """Share the budget between the attention of the question and KeyDiff.

    The question is run at the end of what was read so far; the mean attention of its tokens and
    query heads, smoothed over neighbouring tokens so that phrases survive whole, ranks the rows.
    Of ``n`` rows that stay, ``share * n`` are the first by this ranking and the rest the first
    by KeyDiff's, whatever ``n`` is: a row's place is the better one of its two ranks, each
    divided by its part of the budget.

    Sources: Finch, arXiv 2408.00167, and SnapKV, arXiv 2404.14469, run after every block.

    Attributes
    ----------
    share
        Part of the budget that goes to the question, 0 to 1.
    width
        Tokens over which the attention is smoothed (maximum). A question attends to the words
        that it shares with the text, and the answer stands some tokens beside them.
    """

    share: float = 0.7
    width: int = 21
    watch: ClassVar[Watch] = "question"

    def __post_init__(self) -> None:
        check_range("share", self.share, 0, 1)
        check_range("width", self.width, 1, WIDEST)

    def __call__(self, rows: Rows) -> Float32:
        asked = ranks(smooth(attention(rows), rows.origin, self.width), rows.origin)
        unlike = ranks(KeyDiff()(rows), rows.origin)
        tiny = np.finfo(np.float32).eps
        asked /= max(self.share, tiny)
        unlike /= max(1 - self.share, tiny)
        places: Float32 = np.minimum(asked, unlike)
        return -places
