"""Eviction inside the cache: score the rows, choose, move what stays, free cells."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache.access import Layer, Layout
from keydiff_cli.cache.cells import Cells
from keydiff_cli.cache.scoring import Scoring
from keydiff_cli.cache.state import Bytes, parse_state
from keydiff_cli.errors import ModelError
from keydiff_cli.eviction import Policy, elect, follow, is_pinned, keep_best, plan_moves
from keydiff_cli.llama import Context
from keydiff_cli.scores import Float32


@dataclass
class EvictionTimes:
    """Seconds spent so far on scoring, and on choosing and moving rows."""

    score: float = 0.0
    move: float = 0.0


class Evictor:
    """Evicts from a context's cache, in llama.cpp's own memory or in a copy, or has it do so.

    Parameters
    ----------
    layout
        Of the context's cache.
    cells
        The mirror of its cells, which is kept up.
    scoring
        Scores its rows.
    """

    def __init__(self, context: Context, layout: Layout, cells: Cells, scoring: Scoring) -> None:
        self.times = EvictionTimes()
        self._context = context
        self._layout = layout
        self._cells = cells
        self._scoring = scoring

    def evict(self, keeps: Sequence[int], policy: Policy, pinned: Sequence[tuple[int, int]]) -> int:
        """Hold each layer to its number of rows per head. Not to be interrupted.

        Parameters
        ----------
        keeps
            Rows that each layer keeps. If no layer has more, they are only scored, and that only
            for a policy that watches the stream.
        policy
            Scores the rows, and says how heads share their budget.
        pinned
            Tokens that stay, from start to stop (exclusive).

        Returns
        -------
        Number of cells freed: those of the lowest positions.

        Raises
        ------
        ModelError
            If queries or layers are out of reach, or the policy's scores are no numbers.
        LlamaError
            If llama.cpp fails.
        """
        cells = self._cells
        used = cells.in_use
        over = len(used) > min(keeps)
        if policy.scorer is None or not (over or policy.watch == "stream"):
            return 0
        started = time.perf_counter()
        # Where the used cells are the first ones, as while reading, views spare copies.
        where = slice(0, len(used)) if used[-1] == len(used) - 1 else used
        origin, past = cells.origin[:, where], cells.past[:, where]
        # llama.cpp takes a row that a layer has given up, in a pyramid, for one that is held.
        alike = len(set(keeps)) == 1 and bool((origin >= 0).all())
        native = self._layout.native if alike else None
        blob, layers, index = self._rows(used, native is not None)

        def keys() -> list[Bytes]:
            if native is not None and not layers:
                return [rows[where] for rows in self._layout.keys(int(used[-1]) + 1)]
            return [layer.keys[where if blob is None else slice(None)] for layer in layers]

        keydiff = None if native is None else partial(native.keydiff, len(used), cells.origin)
        scores = self._scoring.scores(policy, keys, origin, past, pinned, keydiff)
        scored = time.perf_counter()
        self.times.score += scored - started
        if not over:
            cells.past[:, where] = scores
            return 0

        if policy.watch == "stream":
            past[:] = scores
        places = elect(scores, origin, pinned, policy.vote)
        by_age = np.argsort(cells.positions[used])
        surplus = max(len(used) - max(keeps), 0)
        first_kept = int(cells.positions[used[by_age[surplus]]])
        if native is not None:
            before = origin.copy() if policy.watch == "stream" else None
            native.evict(max(keeps), places, pinned, cells.origin)
            if before is not None:
                follow(past, before, cells.origin[:, where])
                cells.past[:, where] = past
        else:
            protected = is_pinned(origin, pinned)
            self._move(places, protected, keeps, by_age, origin, past, layers, index)
            if blob is None:
                cells.origin[:, where], cells.past[:, where] = origin, past
            else:
                # llama.cpp puts the rows into the first cells, in order.
                self._context.restore(blob)
                cells.load(parse_state(blob)[0].positions, origin, past)
            if surplus:
                self._context.remove(0, first_kept)
            self.forget()
        if surplus:
            cells.remove(0, first_kept)
        self.hide()
        self.times.move += time.perf_counter() - scored
        return surplus

    def forget(self) -> None:
        """Rows have changed in a way that a patched llama.cpp does not know of."""
        if self._layout.native is not None:
            self._layout.native.forget()

    def hide(self) -> None:
        """Hide from each layer the cells that it alone has given up, in a pyramid.

        Raises
        ------
        ModelError
            If the layers are out of reach.
        """
        cells, layout = self._cells, self._layout
        hidden = (cells.origin[layout.offsets[:-1]] < 0) & (cells.positions >= 0)
        if hidden.any() and not layout.numbers:
            raise ModelError("the layers of this model are out of reach; use another --policy")
        if self._context.observer is not None and layout.numbers:
            given_up = zip(layout.numbers, map(np.flatnonzero, hidden), strict=True)
            self._context.hide({layer: some for layer, some in given_up if len(some)})

    def _rows(
        self, used: NDArray[np.int64], native: bool
    ) -> tuple[Bytes | None, list[Layer], NDArray[np.int64]]:
        """The layers, where the cells ``used`` are in them, and what they are a copy of, if any.

        No layers if llama.cpp evicts itself and they are on another device.
        """
        direct = self._layout.direct
        if direct is not None or native:
            return None, direct or [], used
        blob = self._context.state()
        return blob, self._layout.layers(parse_state(blob)[0]), np.arange(len(used))

    def _move(
        self,
        places: Float32,
        protected: NDArray[np.bool_],
        keeps: Sequence[int],
        by_age: NDArray[np.int64],
        origin: NDArray[np.int32],
        past: Float32,
        layers: Sequence[Layer],
        index: NDArray[np.int64],
    ) -> None:
        """Move the rows that stay out of the oldest cells; their origin and past go along."""
        offsets = self._layout.offsets
        # Layers that keep equally many rows are planned together, which spares calls.
        steps = [0, len(layers)] if len(set(keeps)) == 1 else range(len(layers) + 1)
        for first, last in pairwise(steps):
            heads = slice(offsets[first], offsets[last])
            count = min(keeps[first], int((origin[offsets[first]] >= 0).sum()))
            gone = by_age[: len(by_age) - count]
            freed = np.zeros(len(by_age), np.bool_)
            freed[gone] = True
            moves = plan_moves(keep_best(places[heads], protected[heads], count), freed)
            for numbers in (origin[heads], past[heads]):
                numbers[moves.head, moves.target] = numbers[moves.head, moves.source]
            origin[heads, gone] = -1
            source, target = index[moves.source], index[moves.target]
            bounds = np.searchsorted(moves.head, offsets[first : last + 1] - offsets[first])
            for number, (start, stop) in enumerate(pairwise(bounds), first):
                head = moves.head[start:stop] - (offsets[number] - offsets[first])
                for stored in (layers[number].keys, layers[number].values):
                    stored[target[start:stop], head] = stored[source[start:stop], head]
