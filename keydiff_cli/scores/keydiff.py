"""KeyDiff: keep the keys least similar to all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.errors import ModelError, setting
from keydiff_cli.scores.base import Float32, Rows, Watch

ROTATION_UNKNOWN = (
    f"how this model rotates its keys is out of reach; use {setting('policy', 'keydiff')} or "
    "focus:prerope=0"
)


@dataclass(frozen=True)
class KeyDiff:
    """Keep the keys least similar to all others.

    ``mu = mean(k_i / |k_i|)``, ``score_i = -cos(k_i, mu)``, for every head on its own.
    Source: KeyDiff, arXiv 2504.15364, section 3.

    In double precision, so that scores do not depend on the order of sums: the patched llama.cpp
    (``patches/``) computes the same ones.

    Attributes
    ----------
    prerope
        Compare keys as they were before RoPE, and not as they are cached, as the paper does. RoPE
        turns the keys of middling positions towards the mean key, so that the middle of a text is
        evicted first; before it all positions are alike. That is ours.
    """

    prerope: bool = False
    watch: ClassVar[Watch] = "nothing"

    def __call__(self, rows: Rows) -> Float32:
        n, heads, _ = rows.keys.shape
        tiny = float(np.finfo(np.float32).tiny)
        scores = np.empty((heads, n), np.float32)
        for h in range(heads):
            keys = self._keys(rows, h)
            weight = 1 / np.sqrt(np.maximum(np.einsum("nd,nd->n", keys, keys), tiny))  # 1 / |k_i|
            mean = weight @ keys
            mean /= -max(float(np.linalg.norm(mean)), tiny)
            scores[h] = (keys @ mean) * weight
        return scores

    def _keys(self, rows: Rows, head: int) -> NDArray[np.float64]:
        """What is compared, of a head: float64 ``[rows, head_dim]``."""
        keys = rows.keys[:, head]
        if not self.prerope:
            return keys.astype(np.float64)
        if rows.rotation is None:
            raise ModelError(ROTATION_UNKNOWN)
        return rows.rotation.undo(keys.astype(np.float32, copy=False), rows.rotary[head])
