"""Compaction inside the cache: rows and cells go to smaller positions.

llama.cpp can move cells by itself (``llama_memory_seq_add``), and turns their keys along. But it
turns those of layers without RoPE, too, makes keys longer under YaRN and LongRoPE, and ends the
process where a part of quantised keys is rotated. So the rows are put aside, in a file, and put
back where they are to be, as those of a snapshot are.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from keydiff_cli.cache.access import Layout
from keydiff_cli.cache.aside import Aside
from keydiff_cli.cache.image import Image, Imaging
from keydiff_cli.cache.rows import LostRowsError
from keydiff_cli.cache.state import STATE_HEAD, Bytes, parse_state, set_positions
from keydiff_cli.cache.turning import turned_heads, turned_rows
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
        new, positions = image.rotary.copy(), image.positions.copy()
        for bounds in pairwise(self._layout.offsets):  # in a pyramid layers hold different numbers
            heads = slice(*bounds)
            new[heads, used] = compacted(image.rotary[heads, used], image.position, span, way)
        order = used[np.argsort(image.positions[used])]
        before, after = image.positions[order], np.arange(span - len(order), span, dtype=np.int32)
        positions[order] = after
        steps = new - image.rotary
        with Aside(image) as aside:
            del image  # which may hold a copy of all rows
            try:
                there = replace(
                    aside.image,
                    position=span,
                    positions=positions,
                    rotary=new,
                    rows=turned_rows(self._layout, aside.image.rows, steps),
                    windowed=self._moved(aside.image.windowed, before, after),
                )
                self._context.clear()
                self._imaging.put(there)
                self._layout.forget_keys()
            except Exception as error:
                raise LostRowsError(error) from error

    def _moved(self, windowed: Bytes, before: Positions, after: Positions) -> Bytes:
        """Serialised layers with windows, whose cells go from positions, in order, to others."""
        if not len(windowed):
            return windowed
        blob = np.concatenate((np.zeros(STATE_HEAD, np.uint8), windowed))
        [state] = parse_state(blob)
        moved = after[np.searchsorted(before, state.positions)]
        layout, steps = self._layout, moved - state.positions
        if len(moved):  # without cells there are no layers
            key_bytes = layout.widths[0] // layout.heads[0]
            for rotation, keys in zip(self._others(), state.keys, strict=True):
                own = np.tile(steps, (keys.shape[1] // key_bytes, 1))
                keys[:] = turned_heads(keys, rotation, own, layout.kv_type)
        set_positions(blob, STATE_HEAD, moved)
        return blob[STATE_HEAD:]

    def _others(self) -> list[Rotation]:
        """How layers with windows rotate their keys, in order."""
        layout = self._layout
        numbers = sorted(layout.rotations.keys() - set(layout.numbers))
        return [layout.rotations[number] for number in numbers]
