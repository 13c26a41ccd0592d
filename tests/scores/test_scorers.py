"""What holds for every scorer: scores are of rows, not of places, and queries are needed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from score_helpers import HEADS, ROWS, make_rows

from keydiff_cli.policies import POLICIES
from keydiff_cli.scores import KeyDiff, Scorer

ALL: list[Scorer] = list(
    dict.fromkeys(policy.scorer for policy in POLICIES.values() if policy.scorer is not None)
)


@pytest.mark.parametrize("scorer", ALL, ids=lambda scorer: type(scorer).__name__)
def test_scores_go_with_the_rows_wherever_they_are(scorer: Scorer) -> None:
    """A score is of a token, not of the place of its row, and is finite."""
    rows = make_rows(3, block=True)
    order = np.random.default_rng(0).permutation(ROWS)
    assert rows.past is not None
    moved = replace(
        rows,
        keys=rows.keys[order],
        origin=rows.origin[:, order],
        rotary=rows.rotary[:, order],
        past=rows.past[:, order],
    )
    scores = scorer(rows)
    assert scores.shape == (HEADS, ROWS)
    assert scores.dtype == np.float32
    assert np.isfinite(scores).all()
    np.testing.assert_allclose(scorer(moved), scores[:, order], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("scorer", ALL, ids=repr)
def test_positions_are_for_undoing_rotations_alone(scorer: Scorer) -> None:
    """Neighbours, windows, age, chance and what a query sees go by token."""
    rows = make_rows(3, block=True)
    rotary = np.random.default_rng(1).permuted(rows.rotary, axis=1)
    same = np.array_equal(scorer(replace(rows, rotary=rotary)), scorer(rows))
    assert same != (scorer == KeyDiff(prerope=True))


def test_a_scorer_that_watches_needs_queries() -> None:
    rows = make_rows(1, block=True)
    for scorer in ALL:
        if scorer.watch != "nothing":
            with pytest.raises(ValueError, match="needs queries"):
                scorer(replace(rows, queries=None))
