"""Images of a cache: taken from a context, and put back into the same cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache.access import Layout
from keydiff_cli.cache.cells import Cells
from keydiff_cli.cache.image import Image, Pin
from keydiff_cli.cache.state import STATE_HEAD, Bytes, build_state, parse_state
from keydiff_cli.llama import KV_TYPES, Context


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

    def take(self, tokens: int, position: int, pinned: Sequence[Pin], *, copy: bool) -> Image:
        """An image of the cache as it is.

        Parameters
        ----------
        tokens, position, pinned
            What the cache knows beside its cells; see :class:`Image`.
        copy
            Whether the rows have to outlast the next change of the cache; else they may be views.
        """
        cells, used = self._cells, self._cells.in_use
        count = int(used[-1]) + 1 if len(used) else 0
        rows, windowed = self._rows(used, count)
        if copy and self._layout.direct is not None:
            rows = [view.copy() for view in rows]
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
            KV_TYPES["f16" if self._layout.half else "q8_0"],
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

    def _rows(self, used: NDArray[np.int64], count: int) -> tuple[list[Bytes], Bytes]:
        """Rows and windowed layers, as in an image, of the first ``count`` cells."""
        if self._layout.direct is not None and not self._context.model.window:
            return [rows[:count] for rows in self._layout.whole], np.empty(0, np.uint8)
        blob = self._context.state()
        state = parse_state(blob)[0]
        if self._layout.direct is not None:
            return [rows[:count] for rows in self._layout.whole], blob[state.end :]
        return [_in_cells(rows, used, count) for rows in state.rows], blob[state.end :]


def _in_cells(rows: Bytes, used: NDArray[np.int64], cells: int) -> Bytes:
    """Rows of the cells in use, each at the place of its cell; zero in free cells."""
    placed = np.zeros((cells, rows.shape[1]), np.uint8)
    placed[used] = rows
    return placed


def _copy_rows(source: Iterable[Bytes], target: Iterable[Bytes]) -> None:
    """Copy rows over the first ones of each layer."""
    for rows, whole in zip(source, target, strict=True):
        whole[: len(rows)] = rows
