"""SnapKV: what the latest tokens attend to, and what stands beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from score_helpers import plain_rows, slow_attention

from keydiff_cli.scores import Queries, Rows
from keydiff_cli.scores.snapkv import SnapKV


def slow_smooth(values: NDArray[Any], origin: NDArray[np.int32], width: int) -> NDArray[Any]:
    return np.array(
        [
            [max(scores[abs(tokens - own) <= width // 2]) for own in tokens]
            for scores, tokens in zip(values, origin, strict=True)
        ]
    )


def test_snapkv_is_the_formula(rows: Rows) -> None:
    paid = slow_attention(rows)[:, -4:].mean(axis=2).sum(axis=1)
    expected = slow_smooth(paid, rows.origin, 5)
    np.testing.assert_allclose(SnapKV(last=4, width=5)(rows), expected, rtol=2e-5, atol=1e-5)


def test_a_window_larger_than_the_block_is_the_block(rows: Rows) -> None:
    paid = slow_attention(rows).mean(axis=2).sum(axis=1)
    np.testing.assert_allclose(SnapKV(width=1)(rows), paid, rtol=2e-5, atol=1e-5)


def test_neighbours_of_what_the_last_token_looks_for_stay() -> None:
    """Token 20 is what it looks for, token 4 what the one before it looked for."""
    keys = np.zeros((30, 1, 2), np.float32)
    keys[20, 0, 0] = keys[4, 0, 1] = 1
    vectors = np.array([[[0, 50]], [[50, 0]]], np.float32)
    queries = Queries(vectors, np.array([30, 31], np.int32))
    scores = SnapKV(last=1, width=5)(replace(plain_rows(keys), queries=queries))
    np.testing.assert_allclose(scores[0], [18 <= token <= 22 for token in range(30)], atol=1e-6)
