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

    In double precision, so that scores do not depend on the order of sums: the patched llama.cpp
    (``patches/``) computes the same ones.
    """

    watch: ClassVar[Watch] = "nothing"

    def __call__(self, rows: Rows) -> Float32:
        n, heads, _ = rows.keys.shape
        tiny = float(np.finfo(np.float32).tiny)
        scores = np.empty((heads, n), np.float32)
        for h in range(heads):
            keys = rows.keys[:, h].astype(np.float64)
            weight = 1 / np.sqrt(np.maximum(np.einsum("nd,nd->n", keys, keys), tiny))  # 1 / |k_i|
            mean = weight @ keys
            mean /= -max(float(np.linalg.norm(mean)), tiny)
            scores[h] = (keys @ mean) * weight
        return scores
