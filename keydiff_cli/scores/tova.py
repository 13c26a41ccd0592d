"""TOVA: keep what the last token attends to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from keydiff_cli.scores.base import Float32, Rows, Watch, attention


@dataclass(frozen=True)
class Tova:
    """Keep the rows that the last token attends to most, averaged over the heads of the layer.

    Source: Transformers are Multi-State RNNs, arXiv 2401.06104, section 3.2.
    """

    watch: ClassVar[Watch] = "block"

    def __call__(self, rows: Rows) -> Float32:
        return _mean_over_tokens(rows, attention(rows, slice(-1, None)))


def _mean_over_tokens(rows: Rows, paid: Float32) -> Float32:
    """The mean over heads for every token: heads may hold different tokens, in any order."""
    tokens, where = np.unique(rows.origin, return_inverse=True)
    where = where.reshape(rows.origin.shape)
    sums = np.bincount(where.ravel(), paid.ravel(), len(tokens))
    mean: Float32 = (sums / np.bincount(where.ravel(), minlength=len(tokens))).astype(np.float32)
    return mean[where]
