"""What the tests of scorers share: rows of three heads, and attention by its definition."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.scores import Queries, Rotation, Rows

HEADS, GROUP, WIDTH, ROWS, ASKED, LEAD = 3, 2, 8, 90, 9, 2
ROTATION = Rotation(np.array([1.0, 0.1, 0.003]))  # of six of the eight numbers of a key


def make_rows(seed: int, *, block: bool) -> Rows:
    """Rows as after evictions: every head holds other tokens, in an order of its own.

    Their rotary positions are other numbers than their tokens, in another order. With ``block``
    the queries are of the tokens that came last, else of a question behind them.
    """
    random = np.random.default_rng(seed)
    keys = random.normal(size=(ROWS, HEADS, WIDTH)).astype(np.float32)
    keys[..., 0] += 2
    recent = np.arange(200, 200 + ASKED)
    origin = np.stack(
        [
            random.permutation(
                np.concatenate((random.choice(200, ROWS - ASKED, replace=False), recent))
            )
            for _ in range(HEADS)
        ]
    ).astype(np.int32)
    vectors = random.normal(size=(ASKED, HEADS * GROUP, WIDTH)).astype(np.float32)
    asked = (recent if block else recent + ASKED).astype(np.int32)
    past = random.uniform(size=(HEADS, ROWS)).astype(np.float32)
    lead = 0 if block else LEAD
    positions = random.permuted(np.tile(np.arange(ROWS, dtype=np.int32) * 50, (HEADS, 1)), axis=1)
    return Rows(keys, origin, positions, Queries(vectors, asked, lead), 1, past, ROTATION)


def plain_rows(keys: NDArray) -> Rows:
    """Keys ``[rows, heads, head_dim]`` of the first tokens, which stand in order."""
    n, heads, _ = keys.shape
    origin = np.tile(np.arange(n, dtype=np.int32), (heads, 1))
    return Rows(keys, origin, origin)


def slow_attention(rows: Rows) -> NDArray[np.float64]:
    """``[heads, tokens, group, rows]``, in float64, straight from the definition."""
    assert rows.queries is not None
    paid = np.zeros((HEADS, ASKED, GROUP, ROWS))
    for h in range(HEADS):
        for t in range(ASKED):
            for g in range(GROUP):
                query = rows.queries.vectors[t, h * GROUP + g].astype(float)
                seen = rows.origin[h] <= rows.queries.origin[t]
                weights = np.array(
                    [
                        math.exp(query @ key.astype(float)) if sees else 0.0
                        for key, sees in zip(rows.keys[:, h], seen, strict=True)
                    ]
                )
                paid[h, t, g] = weights / weights.sum()
    return paid
