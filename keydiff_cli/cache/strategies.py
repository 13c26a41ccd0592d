"""How an eviction reaches the rows and moves them: one strategy for each access.

``native`` has a patched llama.cpp score and move them, ``direct`` moves them in llama.cpp's own
memory, ``copy`` moves them in a serialised copy, which takes the place of the cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache.access import Layer, Layout
from keydiff_cli.cache.cells import Cells, RowsInUse
from keydiff_cli.cache.scoring import StoredKeys
from keydiff_cli.cache.state import Bytes, parse_state
from keydiff_cli.eviction import follow, is_pinned, keep_best, plan_moves
from keydiff_cli.llama import Context, LlamaError, NativeCache
from keydiff_cli.scores import Float32, Rotation


@dataclass(frozen=True)
class Choice:
    """Which rows are to stay.

    Attributes
    ----------
    rows
        The rows to choose from.
    places
        The higher, the longer a row stays: float32 ``[heads, rows]``.
    protected
        Tokens that stay whatever their places, from start to stop (exclusive).
    keeps
        Rows that each layer keeps.
    """

    rows: RowsInUse
    places: Float32
    protected: Sequence[tuple[int, int]]
    keeps: Sequence[int]

    @property
    def surplus(self) -> int:
        """Cells to free: those of the lowest positions."""
        return max(len(self.rows) - max(self.keeps), 0)

    @property
    def first_kept(self) -> int:
        """The lowest position whose cell is not freed."""
        return int(self.rows.positions[self.rows.by_age[self.surplus]])


class Strategy(StoredKeys, Protocol):
    """Reaches the rows in use, for scoring and for one eviction."""

    def evict(self, choice: Choice) -> None:
        """Move the rows that stay out of the cells that are freed, and free those in llama.cpp.

        In the mirror the rows are moved; its cells are not freed yet.

        Raises
        ------
        LlamaError
            If llama.cpp fails, or has freed another number of cells.
        """
        ...


class NativeRows:
    """A patched llama.cpp gives KeyDiff's scores, and moves the rows of all heads itself.

    Each layer has to keep the same number of rows, and to hold a row in each cell in use.
    """

    def __init__(self, layout: Layout, native: NativeCache, cells: Cells, rows: RowsInUse) -> None:
        self._layout = layout
        self._native = native
        self._cells = cells
        self._rows = rows

    def keys(self) -> Iterator[Bytes]:
        if self._layout.direct is not None:
            return (layer.keys[self._rows.where] for layer in self._layout.direct)
        layers = range(len(self._layout.heads))
        return (self._native.keys(number, self._rows.cells) for number in layers)

    def keydiff(self, rotations: list[Rotation] | None) -> Float32 | None:
        return self._native.keydiff(len(self._rows), self._cells.rotary, rotations)

    def evict(self, choice: Choice) -> None:
        cells, rows = self._cells, self._rows
        before = rows.origin.copy()
        wanted = max(choice.keeps), choice.places, choice.protected
        freed = self._native.evict(*wanted, cells.origin, cells.rotary)
        if freed != choice.surplus:
            raise LlamaError(f"llama.cpp has freed {freed} cells, and not {choice.surplus}")
        rows.origin[:] = cells.origin[:, rows.where]  # may be copies
        rows.rotary[:] = cells.rotary[:, rows.where]
        follow(before, rows.origin).apply(rows.past)
        cells.store(rows)


class DirectRows:
    """Rows are moved in llama.cpp's own memory."""

    def __init__(self, context: Context, layout: Layout, cells: Cells, rows: RowsInUse) -> None:
        self._context = context
        self._layout = layout
        self._cells = cells
        self._rows = rows
        self._layers = layout.direct or []

    def keys(self) -> Iterator[Bytes]:
        return (layer.keys[self._rows.where] for layer in self._layers)

    def keydiff(self, rotations: list[Rotation] | None) -> Float32 | None:
        return None

    def evict(self, choice: Choice) -> None:
        _move(choice, self._layers, self._rows.cells, self._layout.offsets)
        self._cells.store(self._rows)
        _free(self._context, self._layout, choice)


class CopiedRows:
    """Rows are moved in a serialised copy of the cache, which then takes its place."""

    def __init__(self, context: Context, layout: Layout, cells: Cells, rows: RowsInUse) -> None:
        self._context = context
        self._layout = layout
        self._cells = cells
        self._rows = rows
        self._blob = context.state()
        self._layers = layout.layers(parse_state(self._blob)[0])

    def keys(self) -> Iterator[Bytes]:
        return (layer.keys for layer in self._layers)

    def keydiff(self, rotations: list[Rotation] | None) -> Float32 | None:
        return None

    def evict(self, choice: Choice) -> None:
        rows = self._rows
        _move(choice, self._layers, np.arange(len(rows)), self._layout.offsets)
        # llama.cpp puts the rows into the first cells, in order.
        self._context.restore(self._blob)
        positions = parse_state(self._blob)[0].positions
        self._cells.load(positions, rows.origin, rows.rotary, rows.past)
        _free(self._context, self._layout, choice)


def _free(context: Context, layout: Layout, choice: Choice) -> None:
    """Free the cells out of which rows were moved, of which a patched llama.cpp is told."""
    if choice.surplus:
        context.remove(0, choice.first_kept)
    layout.forget_keys()


def _move(
    choice: Choice, layers: Sequence[Layer], places: NDArray[np.int64], offsets: NDArray[np.int64]
) -> None:
    """Move the rows that stay out of the oldest cells; tokens, positions and scores go along.

    Parameters
    ----------
    places
        Where each row is in the layers: int64 ``[rows]``.
    offsets
        Where the heads of each layer begin among all, and the end: int64 ``[layers + 1]``.
    """
    rows, keeps = choice.rows, choice.keeps
    protected = is_pinned(rows.origin, choice.protected)
    # Layers that keep equally many rows are planned together, which spares calls.
    steps = [0, len(layers)] if len(set(keeps)) == 1 else range(len(layers) + 1)
    for first, last in pairwise(steps):
        heads = slice(offsets[first], offsets[last])
        count = min(keeps[first], int((rows.origin[offsets[first]] >= 0).sum()))
        gone = rows.by_age[: len(rows) - count]
        freed = np.zeros(len(rows), np.bool_)
        freed[gone] = True
        moves = plan_moves(keep_best(choice.places[heads], protected[heads], count), freed)
        for numbers in (rows.origin, rows.rotary, rows.past):
            moves.apply(numbers[heads])
        rows.origin[heads, gone] = rows.rotary[heads, gone] = -1
        source, target = places[moves.source], places[moves.target]
        bounds = np.searchsorted(moves.head, offsets[first : last + 1] - offsets[first])
        for number, (start, stop) in enumerate(pairwise(bounds), first):
            head = moves.head[start:stop] - (offsets[number] - offsets[first])
            for stored in (layers[number].keys, layers[number].values):
                stored[target[start:stop], head] = stored[source[start:stop], head]
