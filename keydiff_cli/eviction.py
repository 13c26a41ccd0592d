"""Eviction: from scores to the rows that stay and the moves that make it so.

Mechanism of the cache (see ``docs/how-it-works.md``): llama.cpp frees a cell for all layers
and heads at once, yet each head wants to keep its own rows. So the cells of the oldest
positions are freed, and before that every head moves the rows it keeps out of those cells,
into the cells of rows it gives up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.scores import Float32, KeyDiff, Recency, Scorer


@dataclass(frozen=True)
class Policy:
    """How a cache is held to its budget.

    Attributes
    ----------
    name
        What the user calls it.
    scorer
        Ranks the rows; None keeps everything.
    shared
        One decision for all layers and heads (z-scored scores, averaged) instead of one each.
    sinks
        The first tokens of the stream, always kept (StreamingLLM keeps 4).
    recent
        Share of the budget, 0 to 1, reserved for the most recent tokens.
    """

    name: str
    scorer: Scorer | None
    shared: bool = False
    sinks: int = 0
    recent: float = 0.0


POLICIES = {
    policy.name: policy
    for policy in (
        Policy("keydiff", KeyDiff()),
        Policy("keydiff-token", KeyDiff(), shared=True),
        Policy("window", Recency(), sinks=4),
        Policy("full", None),
    )
}


@dataclass(frozen=True)
class Moves:
    """Row copies of one layer, for every head at once; all three are int64 ``[moves]``.

    Row ``source[i]`` of head ``head[i]`` is copied over row ``target[i]`` of the same head.
    Sources and targets of one head never overlap.
    """

    head: NDArray[np.int64]
    source: NDArray[np.int64]
    target: NDArray[np.int64]


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
    ranked = np.where(protected, np.float32(np.inf), scores)
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
