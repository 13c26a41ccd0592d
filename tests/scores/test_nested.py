"""NestedKV: unlike all keys, and unlike those of the own window."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from score_helpers import HEADS, ROWS, plain_rows

from keydiff_cli.scores import KeyDiff, Rows, z_scores
from keydiff_cli.scores.nested import Nested


def slow_z(values: NDArray[Any]) -> NDArray[Any]:
    return (values - values.mean(axis=1, keepdims=True)) / values.std(axis=1, keepdims=True)


def slow_nested(rows: Rows, window: int) -> NDArray[Any]:
    unit = rows.keys.astype(float)
    unit /= np.linalg.norm(unit, axis=2, keepdims=True)
    whole, local = np.empty((2, HEADS, ROWS))
    for h in range(HEADS):
        anchor = unit[:, h].mean(axis=0)
        for i in range(ROWS):
            near = rows.origin[h] // window == rows.origin[h, i] // window
            own = unit[near, h].mean(axis=0)
            whole[h, i] = -(unit[i, h] @ anchor) / np.linalg.norm(anchor)
            local[h, i] = -(unit[i, h] @ own) / np.linalg.norm(own)
    return slow_z(whole) + slow_z(local)


def test_nested_is_the_formula(rows: Rows) -> None:
    expected = slow_nested(rows, 32)
    np.testing.assert_allclose(Nested(window=32)(rows), expected, rtol=2e-5, atol=1e-5)


def test_a_window_of_all_tokens_counts_their_mean_twice(rows: Rows) -> None:
    expected = 2 * z_scores(KeyDiff()(rows))
    np.testing.assert_allclose(Nested(window=1000)(rows), expected, atol=1e-4)


def test_a_key_that_is_out_of_place_stays() -> None:
    """Half of all keys are like it, but none in its window, which goes by token and not by row."""
    keys = np.zeros((64, 1, 4), np.float32)
    keys[:, 0, 0] = 1
    keys[32:, 0, 1] = 2
    keys[5] = keys[40]
    order = np.random.default_rng(0).permutation(64)
    rows = plain_rows(keys)
    mixed = replace(rows, keys=keys[order], origin=rows.origin[:, order])
    best = Nested(window=32)(mixed).argmax()
    assert rows.origin[0, order[best]] == 5


def test_keys_of_zeros_have_finite_scores() -> None:
    keys = np.random.default_rng(0).normal(size=(40, 2, 4)).astype(np.float32)
    keys[7] = 0
    assert np.isfinite(Nested(window=8)(plain_rows(keys))).all()
