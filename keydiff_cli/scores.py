"""Scorers: which cached rows are worth keeping. Pure NumPy, no model, no state.

A scorer maps the rows of one layer to one number per row and KV head; the higher, the
longer it stays. What is protected, how many stay and where they move is decided in
:mod:`keydiff_cli.eviction`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]


@dataclass(frozen=True)
class Rows:
    """The cached rows of one layer, in any order.

    Attributes
    ----------
    keys
        Keys as cached, after RoPE: float16 or float32 ``[rows, heads, head_dim]``.
    origin
        Index in the token stream that each row comes from: int32 ``[heads, rows]``.
    """

    keys: NDArray[np.float16] | Float32
    origin: NDArray[np.int32]


class Scorer(Protocol):
    """Scores the rows of one layer: float32 ``[heads, rows]``, higher = keep."""

    def __call__(self, rows: Rows) -> Float32: ...


@dataclass(frozen=True)
class KeyDiff:
    """Keep the keys least similar to all others.

    ``mu = mean(k_i / |k_i|)``, ``score_i = -cos(k_i, mu)``, for every head on its own.
    Source: KeyDiff, arXiv 2504.15364, section 3.
    """

    def __call__(self, rows: Rows) -> Float32:
        keys = rows.keys.astype(np.float32, copy=False)
        n, heads, _ = keys.shape
        weight = np.empty((heads, n), np.float32)  # 1 / |k_i|
        np.einsum("nhd,nhd->hn", keys, keys, out=weight)
        np.maximum(weight, np.finfo(np.float32).tiny, out=weight)
        np.sqrt(weight, out=weight)
        np.reciprocal(weight, out=weight)
        scores = np.empty((heads, n), np.float32)
        for h in range(heads):
            mean = weight[h] @ keys[:, h]
            mean /= -max(float(np.linalg.norm(mean)), float(np.finfo(np.float32).tiny))
            np.matmul(keys[:, h], mean, out=scores[h])
        scores *= weight
        return scores


@dataclass(frozen=True)
class Recency:
    """Keep the most recent tokens: a sliding window.

    With the first tokens protected as attention sinks this is StreamingLLM
    (arXiv 2309.17453, section 3.2).
    """

    def __call__(self, rows: Rows) -> Float32:
        # float32 is exact up to 2**24; ranks within the cache stay exact for any length.
        oldest = rows.origin.min(axis=1, keepdims=True)
        age: Float32 = (rows.origin - oldest).astype(np.float32)
        return age


def z_scores(scores: Float32) -> Float32:
    """Scores of each head shifted to mean 0 and scaled to deviation 1: ``[heads, rows]``."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    deviation = centred.std(axis=1, keepdims=True)
    # Scores that are all equal differ by rounding only, which must not be blown up.
    result: Float32 = centred / np.maximum(deviation, np.float32(1e-6))
    return result
