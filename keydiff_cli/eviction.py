"""Eviction: from scores to the rows that stay and the moves that make it so.

Mechanism of the cache (see ``docs/how-it-works.md``): llama.cpp frees a cell for all layers
and heads at once, yet each head wants to keep its own rows. So the cells of the oldest
positions are freed, and before that every head moves the rows it keeps out of those cells,
into the cells of rows it gives up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.scores import Float32, Scorer, Watch
from keydiff_cli.scores.base import blend, check_range, mean_of_heads, z_scores

_HIGHEST = np.finfo(np.float32).max  # of a score; above it is what is protected


@dataclass(frozen=True)
class Policy:
    """How a cache is held to its budget.

    Attributes
    ----------
    name
        What the user calls it.
    scorer
        Ranks the rows; None keeps everything.
    vote
        Share of the budget, 0 to 1, for the tokens that all layers and heads together score best;
        the rest each head chooses for itself. At 1 all heads keep the same tokens.
    sinks
        The first tokens of the stream, always kept (StreamingLLM keeps 4).
    recent
        Share of the budget, 0 to 1, reserved for the most recent tokens.
    pyramid
        Share of the budget, 0 to 1, that the first layer gets on top of it and the last one goes
        without; the layers between fall evenly (PyramidInfer, arXiv 2405.12532; PyramidKV,
        arXiv 2406.02069). All layers share llama.cpp's cells, so this takes the memory of the
        largest budget: it is for comparison.

    Raises
    ------
    ValueError
        If a share is not one, or layers of different budgets are to vote.
    """

    name: str
    scorer: Scorer | None
    vote: float = 0.0
    sinks: int = 0
    recent: float = 0.0
    pyramid: float = 0.0

    def __post_init__(self) -> None:
        if self.vote and self.pyramid:
            raise ValueError("layers of different budgets cannot vote")
        check_range("vote", self.vote, 0, 1)
        check_range("pyramid", self.pyramid, 0, 1)
        check_range("recent", self.recent, 0, 1)
        if self.sinks < 0:
            raise ValueError("sinks must not be negative")

    @property
    def observes(self) -> bool:
        """Whether it needs an observed context."""
        return self.watch != "nothing" or self.pyramid > 0

    def largest(self, budget: int) -> int:
        """The budget of the first layer, which has the largest one, if ``budget`` is the mean."""
        return int(budget * (1 + self.pyramid))

    def budgets(self, largest: int, layers: int) -> list[int]:
        """Tokens to keep in each layer, if the first of several keeps ``largest``."""
        if layers == 1:
            return [math.ceil(largest / (1 + self.pyramid) - 1e-6)]  # the mean
        last = (1 - self.pyramid) / (1 + self.pyramid)
        return [max(int(largest * part), 1) for part in np.linspace(1, last, layers)]

    def room(self, budget: int) -> int:
        """Tokens of which every layer keeps all, if ``budget`` is the mean of the layers."""
        return min(self.budgets(self.largest(budget), 2))

    def protected(self, room: int, tokens: int) -> list[tuple[int, int]]:
        """Tokens above every score, from start to stop (exclusive): sinks and recent ones.

        Parameters
        ----------
        room
            Rows that a layer keeps beside the pinned ones.
        tokens
            Tokens so far. The last one is always protected.
        """
        sinks = min(self.sinks, max(room - 1, 0))
        recent = max(int(self.recent * (room - sinks)), 1)
        return [(0, sinks), (tokens - recent, tokens)]

    @property
    def prerope(self) -> bool:
        """Whether its scorer compares keys as they were before RoPE."""
        return bool(getattr(self.scorer, "prerope", False))

    @property
    def watch(self) -> Watch:
        """Whose queries the scorer needs."""
        return "nothing" if self.scorer is None else self.scorer.watch


@dataclass(frozen=True)
class Moves:
    """Row copies of one layer, for every head at once; all three are int64 ``[moves]``.

    Row ``source[i]`` of head ``head[i]`` is copied over row ``target[i]`` of the same head.
    Sources and targets of one head never overlap.
    """

    head: NDArray[np.int64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]

    def apply(self, numbers: NDArray[Any]) -> None:
        """Move numbers ``[heads, rows]`` in place along with their rows."""
        numbers[self.head, self.target] = numbers[self.head, self.source]


def elect(
    scores: Float32,
    origin: NDArray[np.int32],
    pinned: Sequence[tuple[int, int]],
    vote: float,
) -> Float32:
    """Scores by which heads share their budget with what all of them together want.

    Parameters
    ----------
    scores
        Scores of all layers and heads: float32 ``[heads, rows]``.
    origin
        Index in the token stream that each row comes from: int32 ``[heads, rows]``.
    pinned
        Tokens that stay anyway, from start to stop (exclusive).
    vote
        See :class:`Policy`.

    Returns
    -------
    float32 ``[heads, rows]``: of the rows that stay by it, ``vote`` are the first by the mean of
    the heads' z-scores of their token (0, the average, from a head that has given it up).
    """
    if vote == 0:
        return scores
    mean = mean_of_heads(z_scores(scores), origin)[origin]
    return blend(mean, scores, origin, is_pinned(origin, pinned), vote)


def is_pinned(origin: NDArray[np.int32], pinned: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Rows of tokens that stay, which are given from start to stop: bool ``[heads, rows]``."""
    mask = np.zeros(origin.shape, np.bool_)
    for start, stop in pinned:
        mask |= (origin >= start) & (origin < stop)
    return mask


def keep_best(scores: Float32, protected: NDArray[np.bool_], count: int) -> NDArray[np.bool_]:
    """Mark the rows that stay: the protected ones, then the highest scores.

    Parameters
    ----------
    scores
        float32 ``[heads, rows]``.
    protected
        bool ``[heads, rows]``: rows that rank above every score.
    count
        Rows to keep per head. At least the number of protected rows of any head.

    Returns
    -------
    bool ``[heads, rows]`` with exactly ``count`` marks per head. Equal scores at the border
    are resolved in favour of the later row.
    """
    heads, n = scores.shape
    if count >= n:
        return np.ones((heads, n), np.bool_)
    if int(protected.sum(axis=1).max(initial=0)) > count:
        raise ValueError("more rows are protected than may be kept")
    ranked = np.where(protected, np.float32(np.inf), np.minimum(scores, _HIGHEST))
    border = np.partition(ranked, n - count, axis=1)[:, n - count, None]
    keep: NDArray[np.bool_] = ranked >= border
    surplus = np.count_nonzero(keep, axis=1) - count
    for h in np.flatnonzero(surplus):
        tied = np.flatnonzero(ranked[h] == border[h])
        keep[h, tied[: surplus[h]]] = False
    return keep


def plan_moves(keep: NDArray[np.bool_], freed: NDArray[np.bool_]) -> Moves:
    """Moves that bring every kept row out of the freed rows.

    Parameters
    ----------
    keep
        bool ``[heads, rows]`` with the same number of marks in every head, namely the number
        of rows that are not freed.
    freed
        bool ``[rows]``: rows whose cells are about to be freed, for all heads.
    """
    head, source = np.nonzero(keep & freed)
    target_head, target = np.nonzero(~keep & ~freed)
    if not np.array_equal(head, target_head):
        raise ValueError("every head must keep as many rows as there are cells left")
    return Moves(head, source, target)


def follow(before: NDArray[np.int32], after: NDArray[np.int32]) -> Moves:
    """The moves by which rows came from where their tokens were to where they are.

    Parameters
    ----------
    before, after
        Token of each row, afterwards -1 in freed rows, which are the same for all heads: int32
        ``[heads, rows]``.
    """
    freed = np.flatnonzero(after[0] < 0)
    head, target = np.nonzero((after != before) & (after >= 0))
    heads = np.arange(len(before))[:, None] << 32  # tokens of different heads are different
    left = (before[:, freed] + heads).ravel()
    order = np.argsort(left)
    places = order[np.searchsorted(left[order], after[head, target] + heads[head, 0])]
    return Moves(head, freed[places % max(len(freed), 1)], target)
