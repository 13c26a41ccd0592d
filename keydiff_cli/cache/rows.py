"""Rows of keys and values as they are stored: taken out of a cache, and put into it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache.access import Layer, LayerElsewhere, Layout
from keydiff_cli.cache.cells import Cells, cells_of
from keydiff_cli.cache.evictor import Evictor
from keydiff_cli.cache.quantized import dequantize
from keydiff_cli.cache.scoring import Scoring
from keydiff_cli.cache.state import Bytes, parse_state
from keydiff_cli.cache.turning import turned, turned_rows
from keydiff_cli.compaction import place_between
from keydiff_cli.errors import ModelError
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Context, LlamaError, hold_interrupt
from keydiff_cli.scores import Float32, Rotation


class LostRowsError(ModelError):
    """An exchange of rows cannot be undone: what the cache holds is of no use any more."""

    def __init__(self, error: Exception) -> None:
        why = str(error) or type(error).__name__
        super().__init__(f"what was read is lost, and has to be read again: {why}")


@dataclass(frozen=True)
class HeadRows:
    """Rows of single heads, sorted by head.

    Attributes
    ----------
    head
        The head of each row among those of all layers: int64 ``[rows]``.
    origin
        The token that each row comes from: int32 ``[rows]``.
    rotary
        The position by which its key is rotated: int32 ``[rows]``.
    past
        Its last score, under a policy that watches the stream: float32 ``[rows]``.
    keys, values
        For each layer, the stored rows of its heads: uint8 ``[rows of the layer, bytes]``.
    """

    head: NDArray[np.int64]
    origin: NDArray[np.int32]
    rotary: NDArray[np.int32]
    past: Float32
    keys: list[Bytes]
    values: list[Bytes]


class StoredRows:
    """The rows of a context's cache, outside evictions.

    Parameters
    ----------
    layout
        Layout of the context's cache.
    cells
        The mirror of its cells, which is kept up.
    scoring, evictor
        What scores the rows.
    """

    def __init__(
        self, context: Context, layout: Layout, cells: Cells, scoring: Scoring, evictor: Evictor
    ) -> None:
        self._context = context
        self._layout = layout
        self._cells = cells
        self._scoring = scoring
        self._evictor = evictor

    @property
    def heads(self) -> list[int]:
        """KV heads of each layer."""
        return self._layout.heads

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where the heads of each layer begin among all, and the end: int64 ``[layers + 1]``."""
        return self._layout.offsets

    def numbers(self, keys: Bytes, layer: int, kv_type: str) -> Float32:
        """Keys of a layer, uint8 ``[rows, bytes]``, as float32 ``[rows, heads, head_dim]``.

        In a buffer that the next call, or the next eviction, overwrites.

        Parameters
        ----------
        kv_type
            How they are stored: as in the cache, or as ``q8_0``.
        """
        shape = (len(keys), self.heads[layer], -1)
        if kv_type == "q8_0":
            return dequantize(keys).reshape(shape)
        return self._scoring.numbers(keys.reshape(shape))

    def turn(self, keys: Bytes, layer: int, steps: NDArray[np.int32]) -> Bytes:
        """Keys of single heads of a layer turned on by so many positions: uint8 ``[rows, bytes]``.

        Raises
        ------
        ModelError
            If it is not known how the layer rotates them.
        """
        return turned(keys, self.rotation(layer), steps, self._layout.kv_type)

    def turned(self, rows: Iterable[Bytes], steps: NDArray[np.int32]) -> Iterator[Bytes]:
        """Rows with their keys turned on: keys of each layer, then values, uint8 ``[rows, bytes]``.

        Parameters
        ----------
        steps
            Positions that each row is turned by in all heads: int32 ``[rows]``.
        """
        every = np.broadcast_to(steps, (len(self._cells.origin), len(steps)))
        return turned_rows(self._layout, rows, every)

    def rotation(self, layer: int) -> Rotation:
        """How a layer rotates its keys.

        Raises
        ------
        ModelError
            If that is not known of every layer.
        """
        return self._layout.known_rotation(layer)

    def placed(self, rows: HeadRows) -> HeadRows:
        """Rows turned to their places between those that their heads hold now."""
        cells = self._cells
        new = rows.rotary.copy()
        for head in np.unique(rows.head):
            own = rows.head == head
            new[own] = place_between(rows.origin[own], cells.origin[head], cells.rotary[head])
        bounds = np.searchsorted(rows.head, self._layout.offsets)
        keys = [
            self.turn(part, number, (new - rows.rotary)[first:last])
            for number, (part, (first, last)) in enumerate(
                zip(rows.keys, pairwise(bounds), strict=True)
            )
        ]
        return replace(rows, rotary=new, keys=keys)

    def score(self, policy: Policy) -> tuple[Float32, NDArray[np.int32], NDArray[np.int64]]:
        """How a policy ranks the rows in use.

        Returns
        -------
        Scores and tokens, float32 and int32 ``[heads of all layers, rows]``, and the cell of each
        row: int64 ``[rows]``.
        """
        return self._evictor.score(policy)

    def between(self, start: int, stop: int) -> list[Bytes]:
        """Rows of all heads in the cells of positions from ``start`` to ``stop`` (exclusive).

        Returns
        -------
        Keys of each layer, then values of each layer, in the order of the positions: uint8
        ``[rows, bytes]``.
        """
        layers, places = self._layers(self._cells_between(start, stop))
        rows = [layer.read(places) for layer in layers]
        parts = [*(keys for keys, _ in rows), *(values for _, values in rows)]
        return [part.reshape(len(places), -1) for part in parts]

    def keys_between(self, layer: int, start: int, stop: int) -> Bytes:
        """As :meth:`between`, the keys of one layer only."""
        layers, places = self._layers(self._cells_between(start, stop))
        keys, _ = layers[layer].read(places)
        return keys.reshape(len(places), -1)

    def _cells_between(self, start: int, stop: int) -> NDArray[np.int64]:
        """Cells of positions from ``start`` to ``stop`` (exclusive), in the order of these."""
        positions = self._cells.positions
        cells = np.flatnonzero((positions >= start) & (positions < stop))
        return cells[np.argsort(positions[cells])]

    def find(self, head: NDArray[np.int64], token: NDArray[np.int32]) -> NDArray[np.int64]:
        """The cells in which heads hold the rows of tokens: int64 ``[rows]``.

        Raises
        ------
        ValueError
            If a head does not hold one of them.
        """
        cells = np.empty(len(head), np.int64)
        bounds = np.searchsorted(head, np.arange(len(self._cells.origin) + 1))
        for number, (first, last) in enumerate(pairwise(bounds)):
            cells[first:last] = cells_of(token[first:last], self._cells.origin[number])
        return cells

    @hold_interrupt()
    def exchange(self, cells: NDArray[np.int64], rows: HeadRows) -> HeadRows:
        """Put rows of single heads in the place of others, and return what was there.

        Parameters
        ----------
        cells
            The cell in use for each row: int64 ``[rows]``.

        Raises
        ------
        LostRowsError
            If only a part of them was exchanged. After any other error all are where they were.
        """
        mirror, head = self._cells, rows.head
        before = (mirror.origin[head, cells], mirror.rotary[head, cells], mirror.past[head, cells])
        blob = None if self._layout.reachable is not None else self._context.state()
        layers, places = self._layers(cells, blob)
        keys, values = [], []
        bounds = np.searchsorted(head, self._layout.offsets)
        with ExitStack() as after_failure:
            after_failure.callback(self._layout.forget_keys)
            for number, (first, last) in enumerate(pairwise(bounds)):
                own = head[first:last] - self._layout.offsets[number]
                came = rows.keys[number], rows.values[number]
                went = layers[number].exchange(places[first:last], own, *came)
                after_failure.callback(_undo, layers[number], places[first:last], own, went)
                keys.append(went[0])
                values.append(went[1])
            after_failure.pop_all()
        mirror.origin[head, cells], mirror.rotary[head, cells] = rows.origin, rows.rotary
        mirror.past[head, cells] = rows.past
        if blob is not None:  # llama.cpp puts the rows into the first cells, in order
            try:
                self._context.restore(blob)
            except LlamaError as error:  # it has freed the cells before
                raise LostRowsError(error) from error
            held = mirror.rows_in_use()
            mirror.load(held.positions, held.origin, held.rotary, held.past)
        self._layout.forget_keys()
        return HeadRows(head, *before, keys, values)

    @hold_interrupt()
    def remove(self, start: int, stop: int) -> None:
        """Free the cells of positions from ``start`` to ``stop`` (exclusive); later ones stay."""
        self._context.remove(start, stop)
        self._layout.forget_keys()
        self._cells.remove(start, stop)

    def _layers(
        self, cells: NDArray[np.int64], blob: Bytes | None = None
    ) -> tuple[Sequence[Layer | LayerElsewhere], NDArray[np.int64]]:
        """The layers, and where the rows of cells in use are in them: int64 ``[cells]``."""
        if self._layout.reachable is not None:
            return self._layout.reachable, cells
        state = parse_state(self._context.state() if blob is None else blob)[0]
        return self._layout.layers(state), np.searchsorted(self._cells.in_use, cells)


def _undo(
    layer: Layer | LayerElsewhere,
    places: NDArray[np.int64],
    heads: NDArray[np.int64],
    rows: tuple[Bytes, Bytes],
) -> None:
    """Undo the exchange of the rows of a layer, because a later one has failed."""
    try:
        layer.exchange(places, heads, *rows)
    except Exception as error:
        raise LostRowsError(error) from error
