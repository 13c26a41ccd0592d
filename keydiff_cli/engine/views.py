"""Parts of the documents in the cache one after another, each alone and whole, to be asked about.

A part is put there from the rows that were stored while it was read, so nothing but the question is
run: the gist of a page is taken while it is in view, as in ReadAgent (arXiv 2402.09727), but at any
time after the reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import numpy as np

from keydiff_cli.cache import Aside, Bytes, KVCache, LostRowsError, Shift, read_at
from keydiff_cli.compaction import Compaction
from keydiff_cli.engine.answer import extend, step_of
from keydiff_cli.engine.ingest import read_head
from keydiff_cli.errors import KeydiffError, ModelError
from keydiff_cli.llama import Tokens, hold_interrupt
from keydiff_cli.system.files import told_by
from keydiff_cli.text.passages import Passage


class NoViewError(KeydiffError):
    """What the cache holds cannot be put aside, so that no part can be in view."""


Stored = Callable[[int, int], Iterable[Bytes]]


class Views:
    """Shows parts of documents in an empty cache.

    Parameters
    ----------
    head
        The tokens before the documents: int32 ``[tokens]``.
    tokens
        Gives the tokens of the documents from a number to another (exclusive), to be run where
        their rows are not stored.
    stored
        Gives their rows: keys of each layer, then values of each layer, uint8 ``[tokens, bytes]``.
        None where they are not stored.
    shifts
        At which positions they were read.
    compaction
        Says which positions are too far for the model, if any are.

    Attributes
    ----------
    stored
        As above; may be set to None when stored rows prove to be of no use.
    """

    def __init__(
        self,
        cache: KVCache,
        head: Tokens,
        tokens: Callable[[int, int], Tokens],
        stored: Stored | None,
        shifts: Sequence[Shift] = (),
        compaction: Compaction | None = None,
    ) -> None:
        self._cache = cache
        self._shifts = shifts
        # Positions that parts are to be before, so that questions to them are not too far.
        limit = 2**31 if compaction is None else compaction.limit
        self._last = limit - cache.context.cells
        self._tokens = tokens
        self.stored = stored
        read_head(cache, head, step_of(cache))
        self._head = cache.image(copy=True)

    def show(self, part: Passage) -> None:
        """Have a part in the cache, with what comes before the documents, and nothing else.

        Its tokens are numbered as among all, and their rows are where they were read if they were
        stored; but that none is far from the next one, and none too far for the model.

        Raises
        ------
        DamagedError, OSError
            If stored rows cannot be read.
        """
        start, count = self._head.tokens + part.start, part.stop - part.start
        if self.stored is None:
            self._cache.load(replace(self._head, tokens=start))
            extend(self._cache, self._tokens(part.start, part.stop))
        else:
            at = read_at(np.arange(start, start + count, dtype=np.int32), self._shifts)
            first = max(min(int(at[-1]) - count + 1, self._last - count), self._head.tokens)
            steps = np.arange(first, first + count, dtype=np.int32) - at
            rows = self.stored(part.start, part.stop)
            if steps.any():
                rows = self._cache.rows.turned(rows, steps)
            self._cache.load(self._head.followed_by(start, rows, count, first))
        self._cache.hold()

    def show_text(self, tokens: Tokens) -> None:
        """Have a text in the cache, with what comes before the documents, and nothing else."""
        self._cache.load(self._head)
        extend(self._cache, tokens)
        self._cache.hold()


def longest_view(cache: KVCache, head: int, asked: int) -> int:
    """Tokens of the longest part that can be shown and asked about.

    Parameters
    ----------
    head
        Tokens before the documents.
    asked
        Tokens of question and answer together.
    """
    return longest_view_in(cache.context.cells, step_of(cache), head, asked)


def longest_view_in(cells: int, step: int, head: int, asked: int) -> int:
    """As :func:`longest_view`, in so many cells of which so many are freed at a time."""
    return cells - head - asked - step - 1


@contextmanager
def put_aside(cache: KVCache, in_use: Callable[[], bool] = lambda: True) -> Iterator[Aside]:
    """Empty a cache; in the end it holds again what it does now.

    Parameters
    ----------
    in_use
        Whether the cache is in use still; it may be freed already.

    Raises
    ------
    NoViewError
        If what it holds cannot be written to a file; then it is still there.
    LostRowsError
        If it cannot be put back.
    """
    try:
        waiting = Aside(cache.image())
    except OSError as error:
        raise NoViewError(f"no part can be looked at alone: {told_by(error)}") from error
    with waiting as aside:
        evicted = cache.evicted
        try:
            with cache.apart():
                cache.clear()
                yield aside
        finally:
            if in_use():
                with hold_interrupt(stopping=False):  # which must not hide that it is lost
                    _restore(cache, aside)
                    cache.evicted = evicted


def _restore(cache: KVCache, aside: Aside) -> None:
    try:
        cache.load(aside.image)
    except (MemoryError, ModelError, OSError) as error:
        raise LostRowsError(error) from error
