"""Compaction inside the cache: rows and cells go to smaller positions.

llama.cpp can move cells by itself (``llama_memory_seq_add``), and turns their keys along. But it
turns those of layers without RoPE, too, makes keys longer under YaRN and LongRoPE, and ends the
process where a part of quantised keys is rotated. So the rows are put aside, in a file, and put
back where they are to be, as those of a snapshot are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache.access import Layout
from keydiff_cli.cache.aside import Aside
from keydiff_cli.cache.image import Image, Imaging
from keydiff_cli.cache.rows import LostRowsError
from keydiff_cli.cache.state import STATE_HEAD, Bytes, parse_state
from keydiff_cli.cache.turning import turned_heads
from keydiff_cli.compaction import Positions, Way, compacted
from keydiff_cli.llama import Context
from keydiff_cli.scores import Rotation


class Compactor:
    """Gives the rows of a context's cache new positions.

    Parameters
    ----------
    layout
        Layout of the context's cache.
    imaging
        Takes images of it, and puts them back.
    """

    def __init__(self, context: Context, layout: Layout, imaging: Imaging) -> None:
        self._context = context
        self._layout = layout
        self._imaging = imaging

    @property
    def possible(self) -> bool:
        """Whether it is known how every layer rotates its keys, and where they are."""
        if self._layout.all_rotations is None:
            return False
        model = self._context.model
        if not model.window:
            return True
        own = model.metadata(f"{model.architecture}.attention.key_length_swa")
        if own not in (None, str(model.key_length)):
            return False
        return len(self._layout.rotations) == model.layers

    def compact(self, image: Image, way: Way, span: int) -> None:
        """Move all rows below a position. Not to be interrupted.

        Parameters
        ----------
        image
            What the cache holds.
        way
            Where rows go.
        span
            The position that comes next then.

        Raises
        ------
        OSError
            If there is no place for its rows meanwhile; then nothing has changed.
        LostRowsError
            If it fails; what the cache holds is of no use any more.
        """
        used = np.flatnonzero(image.positions >= 0)
        before, rotary = image.positions[used], image.rotary[:, used]
        after = span - 1 - np.argsort(np.argsort(-before)).astype(np.int32)
        new = image.rotary.copy()
        for heads in self._heads():  # in a pyramid layers hold different numbers of rows
            new[heads, used] = compacted(rotary[heads], image.position, span, way)
        positions = image.positions.copy()
        positions[used] = after
        steps = new - image.rotary
        with Aside(image) as aside:
            del image  # which may hold a copy of all rows
            try:
                there = replace(
                    aside.image,
                    position=span,
                    positions=positions,
                    rotary=new,
                    rows=self._turned(aside.image.rows, steps),
                    windowed=self._moved(aside.image.windowed, before, after),
                )
                self._context.clear()
                self._imaging.put(there)
                self._layout.forget_keys()
            except Exception as error:
                raise LostRowsError(error) from error

    def _heads(self) -> list[slice]:
        """The heads of each layer among all."""
        offsets = self._layout.offsets.tolist()
        return [slice(*pair) for pair in pairwise(offsets)]

    def _turned(self, rows: Iterable[Bytes], steps: Positions) -> Iterator[Bytes]:
        """Rows of an image with their keys turned by so many positions: ``[heads, cells]``."""
        rotations = self._layout.all_rotations or []
        for number, part in enumerate(rows):
            if number < len(rotations):
                own = steps[self._heads()[number]]
                yield turned_heads(part, rotations[number], own, self._kv_type)
            else:
                yield part

    def _moved(self, windowed: Bytes, before: Positions, after: Positions) -> Bytes:
        """Serialised layers with windows, whose cells go from some positions to others."""
        if not len(windowed):
            return windowed
        blob = np.concatenate((np.zeros(STATE_HEAD, np.uint8), windowed))
        start = STATE_HEAD
        for state in parse_state(blob):
            order = np.argsort(before)
            places = order[np.searchsorted(before[order], state.positions)]
            steps = after[places] - before[places]
            for rotation, keys in zip(self._others(), state.keys, strict=bool(state.keys)):
                heads = keys.shape[1] // self._key_bytes
                keys[:] = turned_heads(keys, rotation, np.tile(steps, (heads, 1)), self._kv_type)
            _set_positions(blob, start, state.positions + steps)
            start = state.end
        return blob[STATE_HEAD:]

    def _others(self) -> list[Rotation]:
        """How layers with windows rotate their keys, in order."""
        layout = self._layout
        numbers = sorted(layout.rotations.keys() - set(layout.numbers))
        return [layout.rotations[number] for number in numbers]

    @property
    def _kv_type(self) -> str:
        return "f16" if self._layout.half else "q8_0"

    @property
    def _key_bytes(self) -> int:
        """Bytes of a key of one head."""
        return self._layout.widths[0] // self._layout.heads[0]


def _set_positions(blob: Bytes, start: int, positions: NDArray[np.int32]) -> None:
    """Write the positions of the cells of a serialised cache that begins at ``start``."""
    cells = blob[start + 8 : start + 8 + 12 * len(positions)].view("<i4").reshape(-1, 3)
    cells[:, 0] = positions
