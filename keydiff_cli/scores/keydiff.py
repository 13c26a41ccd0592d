"""KeyDiff: keep the keys least similar to all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from keydiff_cli.scores.base import Float32, Rows, Watch


@dataclass(frozen=True)
class KeyDiff:
    """Keep the keys least similar to all others.

    ``mu = mean(k_i / |k_i|)``, ``score_i = -cos(k_i, mu)``, for every head on its own.
    Source: KeyDiff, arXiv 2504.15364, section 3.
    """

    watch: ClassVar[Watch] = "nothing"

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
