"""The distance to the mean key, against its formula and by hand."""

from __future__ import annotations

import numpy as np
from score_helpers import plain_rows

from keydiff_cli.scores import Rows
from keydiff_cli.scores.distance import Distance


def test_distance_is_the_formula(rows: Rows) -> None:
    expected = np.linalg.norm(rows.keys - rows.keys.mean(axis=0), axis=2).T
    np.testing.assert_allclose(Distance()(rows), expected, rtol=2e-5, atol=1e-5)


def test_length_counts_as_direction_does() -> None:
    """The mean of these keys is (2, 1)."""
    keys = np.array([[0, 0], [2, 0], [4, 0], [2, 4]], np.float16)[:, None]
    scores = Distance()(plain_rows(keys))
    np.testing.assert_allclose(scores, [[5**0.5, 1, 5**0.5, 3]], rtol=1e-6)


def test_equal_keys_are_at_hardly_any_distance() -> None:
    """Squares that rounding makes negative have no root."""
    keys = np.tile(np.random.default_rng(0).normal(size=(1, 50, 8)), (9, 1, 1)).astype(np.float32)
    np.testing.assert_allclose(Distance()(plain_rows(keys)), 0, atol=3e-3)
