"""Intervals: how far a rate from few samples can be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

_Z = 1.959964  # 97.5 % quantile of the normal distribution
_FEWEST = 5  # texts of as many samples each that say anything about others


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
    scores: Sequence[float], others: Sequence[float], texts: Sequence[str]
) -> tuple[float, tuple[float, float] | None]:
    """Mean of ``scores - others`` over the same samples, and its 95 % interval.

    Samples of one text depend on each other, so texts are what varies: ``texts`` says which text
    each sample is about. The mean is the ratio of two sums over texts, its standard error the
    usual linear one (Cochran 1977, section 6.5), and the interval Student's. Texts with many
    samples weigh more, so as many texts of one size count as vary like them (Kish 1965, section
    8.2). None with fewer than five of those, or if no text differs from the mean, which says
    nothing about how much others would.
    """
    if not len(scores) == len(others) == len(texts):
        raise ValueError("a paired comparison needs the same samples")
    gaps = np.subtract(scores, others)
    mean = float(gaps.mean())
    _, where = np.unique(np.asarray(texts), return_inverse=True)
    left, sizes = np.bincount(where, gaps - mean), np.bincount(where)
    n = len(gaps) ** 2 / float(sizes @ sizes)
    if n < _FEWEST or np.allclose(left, 0):
        return mean, None
    error = math.sqrt(n / (n - 1) * float(left @ left)) / len(gaps)
    half = student(n - 1) * error
    return mean, (max(mean - half, -1.0), min(mean + half, 1.0))


def student(freedom: float) -> float:
    """97.5 % quantile of Student's distribution, to 0.3 % from 4 degrees of freedom on.

    Abramowitz and Stegun (1964), 26.7.5.
    """
    z, v = _Z, freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )
