"""Distance to the mean: keep the outliers by length, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from keydiff_cli.scores.base import Float32, Rows, Watch


@dataclass(frozen=True)
class Distance:
    """Keep the keys farthest from the mean key: ``s_i = |k_i - mean_j(k_j)|``.

    Source: ManifoldKV, arXiv 2602.08343. Unlike KeyDiff's cosine it sees the length of a key.
    """

    watch: ClassVar[Watch] = "nothing"

    def __call__(self, rows: Rows) -> Float32:
        keys = rows.keys.astype(np.float32, copy=False)
        mean = keys.mean(axis=0)
        # |k - m|^2 without a copy of the keys
        squares = np.einsum("nhd,nhd->hn", keys, keys) - 2 * np.einsum("nhd,hd->hn", keys, mean)
        squares += np.einsum("hd,hd->h", mean, mean)[:, None]
        distance: Float32 = np.sqrt(np.maximum(squares, 0))
        return distance
