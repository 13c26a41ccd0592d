"""Focus: keep what the question attends to, and for the rest what is unlike all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.scores.base import (
    WIDEST,
    Float32,
    Rows,
    Scorer,
    Watch,
    attention,
    blend,
    check_range,
    mean_of_heads,
    smooth,
)
from keydiff_cli.scores.keydiff import KeyDiff
from keydiff_cli.scores.lift import lift_of


@dataclass(frozen=True)
class Focus:
    """Share the budget between what the question attends to and KeyDiff.

    The question is run at the end of what was read so far. Much of its attention goes where that
    of any question goes: to openings, line breaks, punctuation. So the mean attention of its own
    words, and of what the chat template has after them, to a row is divided by that of the words
    before them, which every question begins with.
    Single heads attend to this and that; the mean of this lift over all heads of all layers
    singles out the passage that is asked for. Smoothed over neighbouring tokens, so that phrases
    survive whole, it ranks the tokens for one part of the budget, and KeyDiff ranks each head's
    rows for the other. A question that lifts nothing ("summarise the text") leaves the whole
    budget to KeyDiff.

    Sources: Finch, arXiv 2408.00167, and SnapKV, arXiv 2404.14469, run after every block; the lift
    and its mean are ours.

    Attributes
    ----------
    share
        Part of the budget that goes to the question at most, 0 to 1.
    width
        Tokens over which the lift is smoothed (maximum). A question attends to the words that it
        shares with the text, and the answer stands some tokens beside them.
    lift
        Tokens lifted less are left to KeyDiff.
    prerope
        Whether KeyDiff compares keys as they were before RoPE.
    """

    share: float = 0.7
    width: int = 21
    lift: float = 4.0
    prerope: bool = True
    watch: ClassVar[Watch] = "question"

    def __post_init__(self) -> None:
        check_range("share", self.share, 0, 1)
        check_range("width", self.width, 1, WIDEST)
        check_range("lift", self.lift, 0, 1e6)

    @property
    def rest(self) -> Scorer:
        return KeyDiff(prerope=self.prerope)

    def __call__(self, rows: Rows) -> Float32:
        """Attention of a question's words over that of what comes before them: ``[heads, rows]``.

        Means per token, with a little attention added to both so that rows that hardly any token
        attends to do not stand out. Without words before the question that is all there is below.
        """
        if rows.queries is None:
            raise ValueError("this scorer needs queries")
        lead, count = rows.queries.lead, len(rows.queries.vectors)
        words = attention(rows, slice(lead, None)) / np.float32(max(count - lead, 1))
        usual = attention(rows, slice(lead)) / np.float32(lead) if lead else np.zeros_like(words)
        return lift_of(words, usual)

    def settle(
        self,
        scores: Float32,
        others: Float32,
        origin: NDArray[np.int32],
        protected: NDArray[np.bool_],
    ) -> Float32:
        mean = mean_of_heads(scores, origin)
        tokens = np.flatnonzero(mean).astype(np.int32)  # those that any head still has
        mean[tokens] = smooth(mean[None, tokens], tokens[None], self.width)[0]
        lifted = mean[origin]
        lifted[(lifted < self.lift) | (origin < 0)] = -np.inf
        return blend(lifted, others, origin, protected, self.share)
