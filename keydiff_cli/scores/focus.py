"""Focus: keep what the question attends to, and for the rest what is unlike all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

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
    """Share the budget between the attention of the question and KeyDiff.

    The question is run at the end of what was read so far; the mean attention of its tokens and
    query heads, smoothed over neighbouring tokens so that phrases survive whole, ranks the rows
    for one part of the budget, and KeyDiff ranks them for the other.

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
        asked = smooth(attention(rows), rows.origin, self.width)
        return blend(asked, KeyDiff()(rows), rows.origin, self.share)
