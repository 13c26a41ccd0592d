"""TOVA: what the last token attends to, as the mean over the heads of a layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from score_helpers import HEADS, ROWS, slow_attention

from keydiff_cli.scores import Queries, Rows
from keydiff_cli.scores.tova import Tova


def slow_tova(rows: Rows) -> NDArray[Any]:
    paid = slow_attention(rows)[:, -1].mean(axis=1)
    result = np.empty((HEADS, ROWS))
    for h in range(HEADS):
        for i in range(ROWS):
            same = rows.origin == rows.origin[h, i]
            result[h, i] = paid[same].mean()
    return result


def test_tova_is_the_formula(rows: Rows) -> None:
    np.testing.assert_allclose(Tova()(rows), slow_tova(rows), rtol=2e-5, atol=1e-5)


def test_heads_share_the_score_of_a_token_that_they_hold_in_other_rows() -> None:
    """Token 3 gets all attention of the first head; the second attends to token 5, its own."""
    origin = np.array([[0, 3], [5, 3]], np.int32)
    keys = np.zeros((2, 2, 2), np.float32)
    keys[1, 0, 0] = keys[0, 1, 1] = 1
    vectors = np.array([[[7, 7], [7, 7]], [[90, 0], [0, 90]]], np.float32)  # the last one counts
    queries = Queries(vectors, np.array([8, 9], np.int32))
    scores = Tova()(Rows(keys, origin, origin, queries))
    np.testing.assert_allclose(scores, [[0, 0.5], [1, 0.5]], atol=1e-6)
