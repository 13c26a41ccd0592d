"""Random eviction: a uniform sample, drawn once and for all."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from keydiff_cli.scores import Rows
from keydiff_cli.scores.random import Random


def test_random_keeps_a_uniform_sample_that_depends_on_the_head_and_the_seed() -> None:
    tokens = 20_000
    origin = np.tile(np.arange(tokens, dtype=np.int32), (2, 1))
    keys = np.zeros((tokens, 2, 1), np.float32)
    rows = Rows(keys, origin, origin)
    scores = Random(seed=1)(rows)
    best = scores > np.quantile(scores, 0.9, axis=1, keepdims=True)
    for part in np.array_split(best, 10, axis=1):
        np.testing.assert_allclose(part.mean(axis=1), 0.1, atol=0.025)
    assert (best[0] & best[1]).mean() < 0.02
    layers = [replace(rows, layer=number) for number in range(4)]
    draws = [tuple(head) for layer in layers for head in Random(seed=1)(layer)]
    assert len(set(draws)) == len(draws)  # no head draws what one of another layer does
    again = Random(seed=1)(Rows(keys[::2], origin[:, ::2], origin[:, ::2]))
    np.testing.assert_array_equal(again, scores[:, ::2])
    others = [Random(seed=2)(rows), Random(seed=1)(layers[3])]
    assert all((np.abs(other - scores) > 0).mean() > 0.99 for other in others)
