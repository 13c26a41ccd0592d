"""The cells of llama.cpp's cache, mirrored: their positions, and the tokens of their rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.scores import Float32


class Cells:
    """Cells, all free at first, of which llama.cpp gives the first free ones to the next tokens.

    It looks for them where it found the last ones (``llama_kv_cache::find_slot``), or where cells
    were freed if that is before, so a single sequence leaves none free behind it.

    Parameters
    ----------
    heads
        KV heads of all layers together.
    count
        Cells of the cache.

    Attributes
    ----------
    positions : int32 ``[cells]``
        Position of each cell, -1 when free.
    origin : int32 ``[heads, cells]``
        The token each row comes from; -1 in free cells.
    past : float32 ``[heads, cells]``
        The last score of each row, under a policy that watches the stream.
    """

    def __init__(self, heads: int, count: int) -> None:
        self.positions = np.full(count, -1, np.int32)
        self.origin = np.full((heads, count), -1, np.int32)
        self.past = np.zeros((heads, count), np.float32)

    @property
    def in_use(self) -> NDArray[np.int64]:
        """The cells in use, in order: int64 ``[used]``."""
        return np.flatnonzero(self.positions >= 0)

    def fill(self, tokens: NDArray[np.int32]) -> None:
        """Give cells to tokens, whose numbers are their positions: int32 ``[tokens]``."""
        cells = np.flatnonzero(self.positions < 0)[: len(tokens)]
        self.positions[cells] = tokens
        self.origin[:, cells] = tokens
        self.past[:, cells] = 0

    def remove(self, start: int, stop: int) -> None:
        """Free the cells of positions from ``start`` to ``stop`` (exclusive), -1 for the end.

        What :meth:`~keydiff_cli.llama.Context.remove` does to llama.cpp's.
        """
        end = np.iinfo(np.int32).max if stop < 0 else stop
        cells = np.flatnonzero((self.positions >= start) & (self.positions < end))
        self.positions[cells] = -1
        self.origin[:, cells] = -1

    def load(self, positions: NDArray[np.int32], origin: NDArray[np.int32], past: Float32) -> None:
        """Set the first cells, and free the rest.

        Parameters
        ----------
        positions
            int32 ``[first cells]``, -1 for free ones.
        origin, past
            int32 and float32 ``[heads, first cells]``.
        """
        count = len(positions)
        self.positions[:count], self.positions[count:] = positions, -1
        self.origin[:, :count], self.origin[:, count:] = origin, -1
        self.past[:, :count], self.past[:, count:] = past, 0

    def clear(self) -> None:
        """Free all cells."""
        self.positions[:] = -1
        self.origin[:] = -1
        self.past[:] = 0
