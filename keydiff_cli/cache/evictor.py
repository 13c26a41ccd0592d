"""Eviction inside the cache: score the rows, choose, move what stays, free cells."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache.access import Layout
from keydiff_cli.cache.cells import Cells, RowsInUse
from keydiff_cli.cache.scoring import Scoring
from keydiff_cli.cache.strategies import Choice, CopiedRows, DirectRows, NativeRows, Strategy
from keydiff_cli.errors import ModelError, setting
from keydiff_cli.eviction import Policy, elect
from keydiff_cli.llama import Context, LlamaError
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
        Layout of the context's cache.
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

    def evict(
        self, keeps: Sequence[int], policy: Policy, protected: Sequence[tuple[int, int]]
    ) -> int:
        """Hold each layer to its number of rows per head. Not to be interrupted.

        Parameters
        ----------
        keeps
            Rows that each layer keeps. If no layer has more, they are only scored, and that only
            for a policy that watches the stream.
        policy
            Scores the rows, and says how heads share their budget.
        protected
            Tokens that stay, from start to stop (exclusive).

        Returns
        -------
        Number of cells freed: those of the lowest positions.

        Raises
        ------
        ModelError
            If queries or layers are out of reach, or the policy's scores are no numbers.
        LlamaError
            If llama.cpp fails, or has freed other cells than it was to free.
        """
        rows = self._cells.rows_in_use()
        over = len(rows) > min(keeps)
        if policy.scorer is None or not (over or policy.watch == "stream"):
            return 0
        started = time.perf_counter()
        strategy = self._strategy(rows, keeps)
        scores = self._scoring.scores(policy, strategy, rows, protected)
        if policy.watch == "stream":
            rows.past[:] = scores
        scored = time.perf_counter()
        self.times.score += scored - started
        if not over:
            self._cells.store(rows)
            return 0
        places = elect(scores, rows.origin, protected, policy.vote)
        choice = Choice(rows, places, protected, keeps)
        strategy.evict(choice)
        self._free(choice)
        self.hide()
        self.times.move += time.perf_counter() - scored
        return choice.surplus

    def score(self, policy: Policy) -> tuple[Float32, NDArray[np.int32], NDArray[np.int64]]:
        """Scores of the rows in use, their tokens and cells: see :class:`StoredRows`."""
        rows = self._cells.rows_in_use()
        scores = self._scoring.scores(policy, self._strategy(rows, [len(rows)]), rows, [])
        return scores, rows.origin, rows.cells

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
            raise ModelError(
                f"the layers of this model are out of reach; use another {setting('policy')}"
            )
        if self._context.observer is not None and layout.numbers:
            given_up = zip(layout.numbers, map(np.flatnonzero, hidden), strict=True)
            self._context.hide({layer: cells for layer, cells in given_up if len(cells)})

    def _strategy(self, rows: RowsInUse, keeps: Sequence[int]) -> Strategy:
        """How these rows are reached and moved."""
        # llama.cpp takes a row that a layer has given up, in a pyramid, for one that is held.
        alike = len(set(keeps)) == 1 and bool((rows.origin >= 0).all())
        if self._layout.native is not None and alike:
            return NativeRows(self._layout, self._layout.native, self._cells, rows)
        if self._layout.direct is not None:
            return DirectRows(self._context, self._layout, self._cells, rows)
        return CopiedRows(self._context, self._layout, self._cells, rows)

    def _free(self, choice: Choice) -> None:
        """Free in the mirror the cells that llama.cpp has freed."""
        if not choice.surplus:
            return
        freed = self._cells.remove(0, choice.first_kept)
        if freed != choice.surplus:
            raise LlamaError(
                f"{freed} cells have positions before {choice.first_kept}, and not {choice.surplus}"
            )
