"""Key norms: the shortest keys stay."""

from __future__ import annotations

import numpy as np
from score_helpers import plain_rows

from keydiff_cli.scores import Rows
from keydiff_cli.scores.knorm import KeyNorm


def test_scores_are_the_negative_norms(rows: Rows) -> None:
    expected = -np.linalg.norm(rows.keys, axis=2).T
    np.testing.assert_allclose(KeyNorm()(rows), expected, rtol=2e-5, atol=1e-5)


def test_squares_may_be_larger_than_the_numbers_of_a_key() -> None:
    keys = np.array([[3, 4], [30_000, -40_000], [0, 0]], np.float16)[:, None]
    np.testing.assert_allclose(KeyNorm()(plain_rows(keys)), [[-5, -50_000, 0]], rtol=1e-6)
