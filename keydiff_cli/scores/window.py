"""StreamingLLM: keep the first and the latest tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from keydiff_cli.scores.base import Float32, Rows, Watch


@dataclass(frozen=True)
class Window:
    """Keep the most recent tokens: a sliding window.

    With the first tokens protected as attention sinks this is StreamingLLM
    (arXiv 2309.17453, section 3.2).
    """

    watch: ClassVar[Watch] = "nothing"

    def __call__(self, rows: Rows) -> Float32:
        # float32 is exact up to 2**24, so it is counted from the end, where it matters.
        newest = rows.origin.max(axis=1, keepdims=True)
        age: Float32 = (rows.origin - newest).astype(np.float32)
        return age
