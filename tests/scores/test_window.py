"""The sliding window: the latest tokens."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from keydiff_cli.scores import Rows
from keydiff_cli.scores.window import Window


@given(st.integers(0, 2**31 - 1 - 2**24))
@settings(derandomize=True, deadline=None, max_examples=40)
def test_recency_ranks_by_token_however_long_the_stream(oldest: int) -> None:
    steps = np.array([[5, 0, 2**24 - 1, 6, 2**24 - 2], [1, 2, 3, 0, 4]], np.int32)
    origin = (steps + oldest).astype(np.int32)
    scores = Window()(Rows(np.zeros((5, 2, 4), np.float16), origin, np.zeros_like(origin)))
    assert scores.dtype == np.float32
    assert np.array_equal(np.argsort(scores, axis=1), np.argsort(steps, axis=1))
    assert (np.diff(np.sort(scores, axis=1), axis=1) > 0).all()
