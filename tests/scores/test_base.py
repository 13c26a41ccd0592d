"""What scorers share: z-scores, means over heads, and smoothing over neighbouring tokens."""

from __future__ import annotations

import numpy as np
import pytest
from score_helpers import make_rows, slow_attention

from keydiff_cli.scores import z_scores
from keydiff_cli.scores.base import attention, mean_of_heads, smooth


def test_z_scores_have_mean_zero_and_deviation_one() -> None:
    scores = np.random.default_rng(3).normal(-0.8, 0.1, size=(4, 500)).astype(np.float32)
    scores[2] *= 1000
    result = z_scores(scores)
    np.testing.assert_allclose(result.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(result.std(axis=1), 1, atol=1e-5)
    assert np.array_equal(np.argsort(result, axis=1), np.argsort(scores, axis=1))


@pytest.mark.parametrize("value", [0.0, 0.1, -0.3, -0.977])
def test_z_scores_of_equal_scores_are_nothing(value: float) -> None:
    scores = np.full((2, 777), value, np.float32)
    np.testing.assert_allclose(z_scores(scores), 0, atol=1)


def test_the_mean_of_heads_counts_every_token_that_a_head_holds() -> None:
    """The first one, too; a head that has given a token up counts as nothing."""
    origin = np.array([[0, 2, 3], [3, 0, -1]], np.int32)
    scores = np.array([[4, 1, 2], [6, 2, 9]], np.float32)
    assert mean_of_heads(scores, origin).tolist() == [3, 0, 0.5, 4]


def test_neighbours_are_those_of_the_token_stream() -> None:
    """Whatever the order of the rows; a gap between tokens is a gap."""
    origin = np.array([[30, 10, 12, 11, 20, 13]], np.int32)
    scores = np.array([[5, 1, 2, 9, 3, 4]], np.float32)
    assert smooth(scores, origin, 3).tolist() == [[5, 9, 9, 9, 3, 4]]
    assert smooth(scores, origin, 5).tolist() == [[5, 9, 9, 9, 3, 9]]
    assert smooth(scores, origin, 1).tolist() == scores.tolist()


@pytest.mark.parametrize("block", [True, False], ids=["block", "question"])
def test_attention_is_the_softmax_over_what_a_query_sees(block: bool) -> None:
    rows = make_rows(2, block=block)
    expected = slow_attention(rows).mean(axis=2)
    np.testing.assert_allclose(attention(rows), expected.sum(axis=1), rtol=1e-4, atol=1e-6)
    part = attention(rows, slice(3, 5))
    np.testing.assert_allclose(part, expected[:, 3:5].sum(axis=1), rtol=1e-4, atol=1e-6)
