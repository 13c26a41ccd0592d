"""Intervals: how far a rate from few samples can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

_Z = 1.959964  # 97.5 % quantile of the normal distribution
_DRAWS = 10_000


def wilson(successes: float, samples: int) -> tuple[float, float]:
    """95 % interval of a rate (Wilson 1927); ``successes`` may be a sum of scores from 0 to 1."""
    if not samples:
        return 0.0, 1.0
    rate = successes / samples
    weight = _Z * _Z / samples
    centre = (rate + weight / 2) / (1 + weight)
    half = math.sqrt(rate * (1 - rate) * weight + weight * weight / 4) / (1 + weight)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def paired_difference(
    mine: Sequence[float], other: Sequence[float], texts: Sequence[str], seed: int = 0
) -> tuple[float, float, float]:
    """Mean of ``mine - other`` over the same samples, and its 95 % interval by bootstrap.

    Percentile bootstrap (Efron 1979) with a fixed seed, that draws whole texts, because samples of
    one text depend on each other: ``texts`` says which text each sample is about. A single text
    says nothing of others: the interval is -1 to 1.
    """
    if not len(mine) == len(other) == len(texts):
        raise ValueError("a paired comparison needs the same samples")
    gaps = np.subtract(mine, other)
    _, where = np.unique(np.asarray(texts), return_inverse=True)
    sums, counts = np.bincount(where, gaps), np.bincount(where)
    if len(sums) < 2:
        return float(gaps.mean()), -1.0, 1.0
    draws = np.random.default_rng(seed).integers(0, len(sums), (_DRAWS, len(sums)))
    means = sums[draws].sum(axis=1) / counts[draws].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(gaps.mean()), float(low), float(high)
