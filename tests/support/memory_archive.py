"""An archive in memory: rows of a cache without files."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache import KVCache
from keydiff_cli.cache.state import Bytes


class Kept:
    """An archive in memory, filled from the cache."""

    kv_type = "f16"

    def __init__(self) -> None:
        self.tokens = 0
        self._parts: list[list[Bytes]] = []

    def add(self, cache: KVCache, count: int) -> list[Bytes]:
        """Add the last tokens of the cache, and return their rows."""
        self._parts.append(cache.rows.between(cache.position - count, cache.position))
        self.tokens += count
        return self._parts[-1]

    def keys(self, layer: int) -> Iterator[Bytes]:
        for part in self._parts:
            yield part[layer]

    def rows(self, tokens: NDArray[np.int64]) -> list[Bytes]:
        return [np.concatenate(parts)[tokens] for parts in zip(*self._parts, strict=True)]
