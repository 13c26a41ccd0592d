"""The cells of llama.cpp's cache, mirrored: their positions, and where their rows come from.

A row's *token* is what it was computed from, told by its number in the token stream; its *rotary
position* is the position by which its key is rotated. They are two things: a row keeps its token
when its key is rotated anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.scores import Float32


@dataclass(frozen=True)
class RowsInUse:
    """The rows of the cells in use, in the order of the cells.

    Attributes
    ----------
    cells
        The cells in use: int64 ``[rows]``.
    positions
        Position of each of these cells: int32 ``[rows]``.
    origin
        The token each row comes from, -1 for rows that a layer has given up: int32
        ``[heads, rows]``.
    rotary
        The position by which the key of each row is rotated, -1 likewise: int32 ``[heads, rows]``.
    past
        The last score of each row, under a policy that watches the stream: float32
        ``[heads, rows]``.
    """

    cells: NDArray[np.int64]
    positions: NDArray[np.int32]
    origin: NDArray[np.int32]
    rotary: NDArray[np.int32]
    past: Float32

    def __len__(self) -> int:
        return len(self.cells)

    @property
    def where(self) -> slice | NDArray[np.int64]:
        """The cells as an index into all cells."""
        return _index(self.cells)

    @cached_property
    def by_age(self) -> NDArray[np.int64]:
        """The rows in the order of their cells' positions: int64 ``[rows]``."""
        return np.argsort(self.positions)


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
        Position that llama.cpp has for each cell, -1 when free.
    origin : int32 ``[heads, cells]``
        The token each row comes from; -1 in free cells.
    rotary : int32 ``[heads, cells]``
        The position by which the key of each row is rotated; -1 in free cells.
    past : float32 ``[heads, cells]``
        The last score of each row, under a policy that watches the stream.
    """

    def __init__(self, heads: int, count: int) -> None:
        self.positions = np.full(count, -1, np.int32)
        self.origin = np.full((heads, count), -1, np.int32)
        self.rotary = np.full((heads, count), -1, np.int32)
        self.past = np.zeros((heads, count), np.float32)

    @property
    def in_use(self) -> NDArray[np.int64]:
        """The cells in use, in order: int64 ``[used]``."""
        return np.flatnonzero(self.positions >= 0)

    def rows_in_use(self) -> RowsInUse:
        """The rows of the cells in use: views where these are the first cells, else copies."""
        used = self.in_use
        where = _index(used)
        return RowsInUse(
            used,
            self.positions[used],
            self.origin[:, where],
            self.rotary[:, where],
            self.past[:, where],
        )

    def store(self, rows: RowsInUse) -> None:
        """Take over tokens, rotary positions and past scores of rows that may be copies."""
        where = rows.where
        self.origin[:, where] = rows.origin
        self.rotary[:, where] = rows.rotary
        self.past[:, where] = rows.past

    def fill(self, tokens: NDArray[np.int32], positions: NDArray[np.int32]) -> None:
        """Give cells to tokens at positions, by which their keys are rotated.

        Both int32 ``[tokens]``.
        """
        cells = np.flatnonzero(self.positions < 0)[: len(tokens)]
        self.positions[cells] = positions
        self.origin[:, cells] = tokens
        self.rotary[:, cells] = positions
        self.past[:, cells] = 0

    def remove(self, start: int, stop: int) -> int:
        """Free the cells of positions from ``start`` to ``stop`` (exclusive), -1 for the end.

        What :meth:`~keydiff_cli.llama.Context.remove` does to llama.cpp's.

        Returns
        -------
        Number of cells freed.
        """
        end = np.iinfo(np.int32).max if stop < 0 else stop
        cells = np.flatnonzero((self.positions >= start) & (self.positions < end))
        self.positions[cells] = -1
        self.origin[:, cells] = -1
        self.rotary[:, cells] = -1
        return len(cells)

    def load(
        self,
        positions: NDArray[np.int32],
        origin: NDArray[np.int32],
        rotary: NDArray[np.int32],
        past: Float32,
    ) -> None:
        """Set the first cells, and free the rest.

        Parameters
        ----------
        positions
            int32 ``[first cells]``, -1 for free ones.
        origin, rotary, past
            int32, int32 and float32 ``[heads, first cells]``.
        """
        count = len(positions)
        self.positions[:count], self.positions[count:] = positions, -1
        self.origin[:, :count], self.origin[:, count:] = origin, -1
        self.rotary[:, :count], self.rotary[:, count:] = rotary, -1
        self.past[:, :count], self.past[:, count:] = past, 0

    def clear(self) -> None:
        """Free all cells."""
        self.positions[:] = -1
        self.origin[:] = -1
        self.rotary[:] = -1
        self.past[:] = 0


def cells_of(tokens: NDArray[Any], origin: NDArray[np.int32]) -> NDArray[np.int64]:
    """The cells in which a head holds the rows of tokens: int64 ``[tokens]``.

    Parameters
    ----------
    origin
        The token that the head has in each cell: int32 ``[cells]``.

    Raises
    ------
    ValueError
        If it does not hold one of them.
    """
    order = np.argsort(origin)
    places = np.minimum(np.searchsorted(origin[order], tokens), len(order) - 1)
    cells = order[places]
    if not np.array_equal(origin[cells], tokens):
        raise ValueError("a head does not hold such a row")
    return cells


def _index(used: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """Cells in use as an index.

    A slice where they are the first cells, as while reading: views spare copies.
    """
    first = len(used) == 0 or used[-1] == len(used) - 1
    return slice(0, len(used)) if first else used
