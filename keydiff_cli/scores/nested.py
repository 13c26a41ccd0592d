"""NestedKV: unlike all others, and unlike its own surroundings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from keydiff_cli.scores.base import Float32, Rows, Watch, check_range, z_scores
from keydiff_cli.scores.keydiff import KeyDiff


@dataclass(frozen=True)
class Nested:
    """Keep keys unlike the mean of all keys and unlike the mean of their own window.

    Both scores are KeyDiff's (the negative cosine to the mean of the unit keys), z-scored and
    added. Source: NestedKV, arXiv 2605.26678, of which these are two of the anchors; the paper
    has a third, weighs them by head and token, and gives heads budgets of their own.

    Attributes
    ----------
    window
        Tokens of a window, by their place in the token stream.
    """

    window: int = 128
    watch: ClassVar[Watch] = "nothing"

    def __post_init__(self) -> None:
        check_range("window", self.window, 1, 2**20)

    def __call__(self, rows: Rows) -> Float32:
        keys = rows.keys.astype(np.float32, copy=False)
        n, heads, _ = keys.shape
        local = np.empty((heads, n), np.float32)
        for h in range(heads):
            unit = _direction(keys[:, h])
            _, where = np.unique(rows.origin[h] // self.window, return_inverse=True)
            sums = np.zeros((where.max(initial=0) + 1, unit.shape[1]), np.float32)
            np.add.at(sums, where, unit)
            local[h] = -np.einsum("nd,nd->n", unit, _direction(sums)[where])
        scores: Float32 = z_scores(KeyDiff()(rows)) + z_scores(local)
        return scores


def _direction(vectors: Float32) -> Float32:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: Float32 = vectors / np.maximum(length, np.finfo(np.float32).tiny)
    return unit
