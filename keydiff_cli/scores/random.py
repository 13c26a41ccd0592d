"""Random eviction: what any method has to beat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from keydiff_cli.scores.base import Float32, Rows, Watch


@dataclass(frozen=True)
class Random:
    """Keep a uniform sample of all tokens, another one for every head.

    The score of a token is drawn once and for all (a hash of seed, layer, head and token, by the
    finaliser of SplitMix64), so that old and new tokens have the same chance.

    Attributes
    ----------
    seed
        The seed of the draw.
    """

    seed: int = 0
    watch: ClassVar[Watch] = "nothing"

    def __call__(self, rows: Rows) -> Float32:
        heads = np.arange(len(rows.origin), dtype=np.uint64)[:, None]
        seed = np.uint64(self.seed * 0xD1342543DE82EF95 % 2**64)
        place = seed ^ (np.uint64(rows.layer) << np.uint64(40))
        mixed = place + (heads << np.uint64(32)) + rows.origin.astype(np.uint64)
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        mixed ^= mixed >> np.uint64(31)
        scores: Float32 = (mixed >> np.uint64(40)).astype(np.float32)
        return scores
