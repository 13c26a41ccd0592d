"""Images of what a cache holds: written down, or gone back to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache.access import Layout
from keydiff_cli.cache.cells import Cells
from keydiff_cli.cache.shifts import Shift
from keydiff_cli.cache.state import STATE_HEAD, Bytes, build_state, parse_state
from keydiff_cli.llama import KV_TYPES, Context
from keydiff_cli.scores import Float32


class Pin(NamedTuple):
    """Tokens from ``start`` to ``stop`` (exclusive) of which ``rows`` a head are never evicted."""

    start: int
    stop: int
    rows: int


@dataclass(frozen=True)
class Image:
    """All that a cache holds, cell by cell up to the last one in use.

    What goes on from it does so bit by bit as it would have gone on without.

    Attributes
    ----------
    tokens
        Tokens appended, which is the number of the next token.
    position
        Position of the next token.
    pinned
        Which tokens are never evicted.
    positions
        Position of each cell, -1 when free: int32 ``[cells]``.
    origin, rotary, past
        Token of each row, the position by which its key is rotated, and its last score under a
        policy that watches the stream: int32, int32 and float32 ``[heads of all layers, cells]``.
    widths
        Bytes of a row of keys of each layer, then of a row of values of each layer.
    rows
        Keys of each layer, then values of each layer: uint8 ``[cells, bytes]``.
    windowed
        Layers with a sliding window, serialised: uint8 ``[bytes]``.
    shifts
        At what positions tokens were read, where these are not their numbers.
    """

    tokens: int
    position: int
    pinned: tuple[Pin, ...]
    positions: NDArray[np.int32]
    origin: NDArray[np.int32]
    rotary: NDArray[np.int32]
    past: Float32
    widths: list[int]
    rows: Iterable[Bytes]
    windowed: Bytes
    shifts: tuple[Shift, ...] = ()

    def followed_by(
        self, start: int, rows: Iterable[Bytes], count: int, position: int | None = None
    ) -> Image:
        """The same with the rows of tokens after it, which come from elsewhere.

        The image has to be of consecutive cells from the first one on. What it does not have are
        the windows of layers that have one.

        Parameters
        ----------
        start
            Number of the first of these tokens.
        rows
            Keys of each layer, then values of each layer: uint8 ``[count, bytes]``.
        count
            Number of the tokens.
        position
            Position of the first of them, by which its keys are rotated; None for its number.
        """
        more = np.arange(count, dtype=np.int32)
        at = more + (start if position is None else position)
        shape = len(self.origin), count
        return replace(
            self,
            tokens=start + count,
            position=int(at[0]) + count,
            positions=np.concatenate((self.positions, at)),
            origin=np.concatenate((self.origin, np.broadcast_to(start + more, shape)), axis=1),
            rotary=np.concatenate((self.rotary, np.broadcast_to(at, shape)), axis=1),
            past=np.concatenate((self.past, np.zeros(shape, np.float32)), axis=1),
            rows=map(_joined, self.rows, rows),
        )


@dataclass
class Mark:
    """A state of a cache to come back to (see :meth:`~keydiff_cli.cache.KVCache.rewind`).

    Attributes
    ----------
    tokens
        Tokens appended by then.
    position
        Position of the token that came next.
    evicted
        Cells freed by then.
    image
        What the cache held, if more was evicted since.
    """

    tokens: int
    position: int
    evicted: int
    image: Image | None = None


class Imaging:
    """Takes images of a context's cache, and puts them back into the same cells.

    Parameters
    ----------
    layout
        Layout of the context's cache.
    cells
        The mirror of its cells.
    """

    def __init__(self, context: Context, layout: Layout, cells: Cells) -> None:
        self._context = context
        self._layout = layout
        self._cells = cells

    def take(
        self,
        tokens: int,
        position: int,
        pinned: Sequence[Pin],
        shifts: Sequence[Shift],
        *,
        copy: bool,
    ) -> Image:
        """An image of the cache as it is.

        Parameters
        ----------
        tokens, position, pinned, shifts
            What the cache knows beside its cells; see :class:`Image`.
        copy
            Whether the rows have to outlast the next change of the cache, and be gone through more
            than once; else they may be views, or made layer by layer.
        """
        cells, used = self._cells, self._cells.in_use
        count = int(used[-1]) + 1 if len(used) else 0
        rows, windowed = self._rows(used, count)
        if copy:
            placed = self._layout.direct is None
            rows = list(rows) if placed else [view.copy() for view in rows]
            windowed = windowed.copy()
        return Image(
            tokens,
            position,
            tuple(pinned),
            cells.positions[:count].copy(),
            cells.origin[:, :count].copy(),
            cells.rotary[:, :count].copy(),
            cells.past[:, :count].copy(),
            self._layout.widths,
            rows,
            windowed,
            tuple(shifts),
        )

    def check(self, image: Image) -> None:
        """Make sure that an image fits.

        Raises
        ------
        ValueError
            If it is of a larger cache, or of another model.
        """
        if len(image.positions) > self._context.cells or image.widths != self._layout.widths:
            raise ValueError("the image is of another cache")

    def put(self, image: Image) -> None:
        """Fill the cells, which have to be free, from an image that fits.

        Raises
        ------
        LlamaError
            If llama.cpp does not take them.
        """
        # llama.cpp fills cells in order, so the free ones take part and are freed again.
        free = image.positions < 0
        positions = image.positions.copy()
        positions[free] = image.position + np.arange(np.count_nonzero(free))
        blob = build_state(
            self._context.state()[:STATE_HEAD],
            positions,
            KV_TYPES[self._layout.kv_type],
            self._layout.widths,
            image.windowed,
        )
        if self._layout.direct is None:
            _copy_rows(image.rows, parse_state(blob)[0].rows)
        self._context.restore(blob)
        if self._layout.direct is not None:
            _copy_rows(image.rows, self._layout.whole)
        self._context.remove(image.position, -1)
        self._cells.load(image.positions, image.origin, image.rotary, image.past)

    def _rows(self, used: NDArray[np.int64], count: int) -> tuple[Iterable[Bytes], Bytes]:
        """Rows and windowed layers, as in an image, of the first ``count`` cells."""
        if self._layout.direct is not None and not self._context.model.window:
            return [rows[:count] for rows in self._layout.whole], np.empty(0, np.uint8)
        blob = self._context.state()
        state = parse_state(blob)[0]
        if self._layout.direct is not None:
            return [rows[:count] for rows in self._layout.whole], blob[state.end :]
        windowed = blob[state.end :].copy()  # a view would hold all of the blob
        return (_in_cells(rows, used, count) for rows in state.rows), windowed


def _joined(rows: Bytes, more: Bytes) -> Bytes:
    return np.concatenate((rows, more))


def _in_cells(rows: Bytes, used: NDArray[np.int64], cells: int) -> Bytes:
    """Rows of the cells in use, each at the place of its cell; zero in free cells."""
    placed = np.zeros((cells, rows.shape[1]), np.uint8)
    placed[used] = rows
    return placed


def _copy_rows(source: Iterable[Bytes], target: Iterable[Bytes]) -> None:
    """Copy rows over the first ones of each layer."""
    for rows, whole in zip(source, target, strict=True):
        whole[: len(rows)] = rows
