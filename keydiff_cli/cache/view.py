"""What a cache holds, to be looked at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache.access import Access, find_layout
from keydiff_cli.cache.cells import Cells
from keydiff_cli.cache.compactor import Compactor
from keydiff_cli.cache.evictor import EvictionTimes, Evictor
from keydiff_cli.cache.image import Imaging, Mark, Pin
from keydiff_cli.cache.rows import StoredRows
from keydiff_cli.cache.scoring import Scoring
from keydiff_cli.cache.shifts import Shift
from keydiff_cli.compaction import Compaction
from keydiff_cli.llama import Context
from keydiff_cli.scores import Queries


class CacheView:
    """The KV cache of a context, which :class:`~keydiff_cli.cache.KVCache` works on."""

    def __init__(
        self,
        context: Context,
        *,
        access: Access | None = None,
        compaction: Compaction | None = None,
    ) -> None:
        self.context = context
        self.tokens = self.position = 0
        self.pinned: list[Pin] = []
        self.evicted = 0
        self._layout = find_layout(context, access)
        self.access = self._layout.access
        self._cells = Cells(sum(self._layout.heads), context.cells)
        self._scoring = Scoring(context, self._layout)
        self._evictor = Evictor(context, self._layout, self._cells, self._scoring)
        self._imaging = Imaging(context, self._layout, self._cells)
        self.rows = StoredRows(context, self._layout, self._cells, self._scoring, self._evictor)
        self._compactor = Compactor(context, self._layout, self._imaging)
        self.compaction = compaction if self._compactor.possible else None
        self.uncompacted = ""
        self.shifts: list[Shift] = []
        self._mark: Mark | None = None

    @property
    def used(self) -> int:
        """Cells in use."""
        return len(self._cells.in_use)

    @property
    def free(self) -> int:
        """Cells not in use."""
        return self.context.cells - self.used

    @property
    def intact(self) -> bool:
        """Whether every head still has the rows of all tokens that were appended."""
        return bool(((self._cells.origin >= 0).sum(axis=1) == self.tokens).all())

    @property
    def positions(self) -> NDArray[np.int32]:
        """Position of each cell, as llama.cpp has it, -1 when free: int32 ``[cells]``."""
        return self._cells.positions

    @property
    def origin(self) -> list[NDArray[np.int32]]:
        """For each layer, the token of each row, -1 in free cells: int32 ``[heads, cells]``."""
        return np.split(self._cells.origin, self._layout.offsets[1:-1])

    @property
    def rotary(self) -> list[NDArray[np.int32]]:
        """For each layer, the rotary position of each row, likewise: int32 ``[heads, cells]``."""
        return np.split(self._cells.rotary, self._layout.offsets[1:-1])

    @property
    def times(self) -> EvictionTimes:
        """Seconds that evictions have taken."""
        return self._evictor.times

    @property
    def widths(self) -> list[int]:
        """Bytes of a row of keys of each layer, then of a row of values of each layer."""
        return self._layout.widths

    def shows_rotations(self) -> bool:
        """Whether it is known how every layer rotates its keys."""
        return self._layout.all_rotations is not None

    def queries(self, number: int) -> Queries:
        """The queries that the scorer of layer ``number`` is given: of the tokens watched last.

        Raises
        ------
        ModelError
            If they are out of reach.
        """
        return self._scoring.queries(number)
