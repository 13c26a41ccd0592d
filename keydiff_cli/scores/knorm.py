"""Key norms: keep the shortest keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from keydiff_cli.scores.base import Float32, Rows, Watch


@dataclass(frozen=True)
class KeyNorm:
    """Keep the keys with the smallest norm, which tend to be attended to.

    Source: A Simple and Effective L2 Norm-Based Strategy for KV Cache Compression,
    arXiv 2406.11430, section 3.
    """

    watch: ClassVar[Watch] = "nothing"

    def __call__(self, rows: Rows) -> Float32:
        keys = rows.keys.astype(np.float32, copy=False)
        norms: Float32 = -np.sqrt(np.einsum("nhd,nhd->hn", keys, keys))
        return norms
