"""The lift of keys that come in pieces."""

from __future__ import annotations

import numpy as np
import pytest

from keydiff_cli.scores import Queries, Rows
from keydiff_cli.scores.focus import Focus
from keydiff_cli.scores.lift import Piece, lift

ROWS, HEADS, GROUP, WIDTH = 100, 2, 3, 16


def queries(lead: int, count: int = 7) -> Queries:
    random = np.random.default_rng(1)
    vectors = random.normal(size=(count, HEADS * GROUP, WIDTH)).astype(np.float32)
    return Queries(vectors, np.full(count, ROWS, np.int32), lead)


def keys() -> np.ndarray:
    return np.random.default_rng(2).normal(size=(ROWS, HEADS, WIDTH)).astype(np.float32)


@pytest.mark.parametrize("lead", [0, 2])
@pytest.mark.parametrize("size", [1, 33, ROWS])
def test_pieces_are_lifted_as_focus_lifts_the_rows_of_a_cache(lead: int, size: int) -> None:
    stored, asked = keys(), queries(lead)
    tokens = np.tile(np.arange(ROWS, dtype=np.int32), (HEADS, 1))
    wanted = Focus()(Rows(stored, tokens, tokens, asked))
    pieces = [Piece(stored[start : start + size], asked.vectors) for start in range(0, ROWS, size)]
    lifted = np.concatenate(list(lift(lambda: iter(pieces), lead)), axis=1)
    np.testing.assert_allclose(lifted, wanted, rtol=1e-4)


def test_large_logits_do_not_overflow() -> None:
    stored, vectors = keys() * 100, queries(2).vectors
    pieces = [Piece(part, vectors) for part in (stored[:50], stored[50:])]
    lifted = np.concatenate(list(lift(lambda: iter(pieces), 2)), axis=1)
    assert np.isfinite(lifted).all()
    assert lifted.max() > 1
