"""The KV cache of a context: appended to, evicted from, gone back in, saved and loaded."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from keydiff_cli.cache.image import Image, Mark, Pin
from keydiff_cli.cache.rows import LostRowsError
from keydiff_cli.cache.shifts import Shift
from keydiff_cli.cache.view import CacheView
from keydiff_cli.errors import ModelError
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import Tokens, hold_interrupt
from keydiff_cli.system.files import told_by


class KVCache(CacheView):
    """The cache of a context, appended to in order and evicted from per head.

    What is pinned, protected and evicted is told by tokens, which are numbered as they are
    appended; what llama.cpp is to decode, free or forget is told by positions.

    Layers with a sliding window of their own are left to llama.cpp; everything here is about
    the layers that attend to the whole cache.

    Parameters
    ----------
    context
        A fresh context.
    access
        ``native`` lets a patched llama.cpp score by KeyDiff and evict; ``direct`` works on
        llama.cpp's own memory; ``copy`` serialises and restores the cache at every eviction. None:
        the first that is possible. Memory is checked once against a serialised copy.
    compaction
        When rows get smaller positions, and which; None: positions count on.

    Attributes
    ----------
    tokens : int
        Tokens appended so far, which is the number of the next token.
    position : int
        Position of the next token.
    pinned : list of Pin
        Which tokens are never evicted.
    evicted : int
        Cells freed by evictions so far.
    access : Access
        How the rows are reached.
    rows : StoredRows
        The rows as they are stored.
    compaction : Compaction or None
        As above; None, too, where keys cannot be turned.
    uncompacted : str
        Why rows could not get smaller positions, when they were to; empty if they could.
    shifts : list of Shift
        At what positions tokens were read.
    """

    def pin(self, start: int, stop: int) -> None:
        """Never evict the tokens from ``start`` to ``stop`` (exclusive)."""
        if stop > start:
            self.pinned.append(Pin(start, stop, stop - start))

    def unpin(self, start: int) -> None:
        """Let go of the tokens pinned from ``start`` on."""
        self.pinned = [pin for pin in self.pinned if pin.start != start]

    def hold(self) -> None:
        """Never evict what every head holds now."""
        self.pinned = [Pin(0, self.tokens, self.used)]

    @property
    def pinned_rows(self) -> int:
        """Rows of each head that are never evicted."""
        return sum(pin.rows for pin in self.pinned)

    @hold_interrupt()
    def append(
        self, tokens: Tokens, *, logits: bool = False, watch: bool = False, lead: int = 0
    ) -> None:
        """Run tokens through the model; their keys and values join the cache.

        ``watch`` keeps their queries for the scorer of the next evictions, of which the first
        ``lead`` are those that any question begins with.

        Raises
        ------
        LlamaError
            If the free cells do not suffice.
        """
        self.context.decode(tokens, self.position, logits=logits, queries=watch)
        steps = np.arange(len(tokens), dtype=np.int32)
        self._cells.fill(self.tokens + steps, self.position + steps)
        if watch:
            self._scoring.watch(self.tokens + steps, lead)
        self.tokens += len(tokens)
        self.position += len(tokens)

    @hold_interrupt()
    def look(self, tokens: Tokens, lead: int = 0) -> None:
        """Run tokens, a batch at most, for their queries only; the cache stays as it was.

        The queries count as coming after all tokens, those appended later too.
        """
        start = self.position
        self.append(tokens, watch=True, lead=lead)
        self.context.remove(start, -1)
        self._cells.remove(start, -1)
        self.tokens, self.position = self.tokens - len(tokens), start
        last = np.full(len(tokens), np.iinfo(np.int32).max, np.int32)
        self._scoring.watch(last, lead)

    def shows_queries(self) -> bool:
        """Whether a scorer can be given queries; found out by running a token in an empty cache."""
        try:
            self.look(np.zeros(1, np.int32))
            for number, heads in enumerate(self._layout.heads):
                if self.queries(number).vectors.shape[1] % heads:
                    return False
        except ModelError:
            self.clear()
            return False
        return True

    def clear(self) -> None:
        """Forget everything."""
        self.context.clear()
        self._layout.forget_keys()
        self._cells.clear()
        self.tokens = self.position = 0
        self.pinned, self.shifts = [], []

    # Compaction -----------------------------------------------------------------------------

    @hold_interrupt()
    def compact(self, room: int) -> None:
        """Give all rows smaller positions, if ``room`` more tokens would be too far for the model.

        Where there is no place on disk to put them aside meanwhile, positions count on.

        Raises
        ------
        LostRowsError
            If it fails; what the cache holds is of no use any more.
        """
        if self.compaction is None or not self.compaction.due(self.position, room):
            return
        position = self.compaction.next_position(self.used, self.position, room)
        if position < self.position:
            self._remember()
            started = time.perf_counter()
            try:
                self._compactor.compact(self.image(), self.compaction.way, position)
            except OSError as error:
                self.compaction, self.uncompacted = None, told_by(error)
                return
            except LostRowsError:
                self.clear()  # or what it seems to hold might be gone back to
                raise
            self.position = position
            self.shifts.append(Shift(self.tokens, self.tokens - position))
            self._evictor.hide()
            self.times.move += time.perf_counter() - started

    @contextmanager
    def counting_on(self) -> Iterator[None]:
        """Let positions count on meanwhile, as rows are to be where they are in the end."""
        compaction, self.compaction = self.compaction, None
        try:
            yield
        finally:
            self.compaction = compaction

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Hold something else meanwhile, which is no state to come back to."""
        mark, self._mark = self._mark, None
        try:
            with self.counting_on():
                yield
        finally:
            self._mark = mark

    # Eviction -------------------------------------------------------------------------------

    def keeps(self, keep: int, policy: Policy) -> list[int]:
        """Rows that each layer keeps, if the one with the largest budget keeps ``keep``."""
        pinned = self.pinned_rows
        return [pinned + n for n in policy.budgets(keep - pinned, len(self._layout.heads))]

    @hold_interrupt()
    def evict(self, keep: int, policy: Policy) -> None:
        """Hold the cache to ``keep`` rows per head: score, choose, move, free.

        Protected are the pinned tokens, the policy's sinks and recent share, and the last token.
        In a pyramid ``keep`` is for the first layer, and the others keep less.

        Raises
        ------
        ValueError
            If more rows are protected than may be kept.
        """
        if keep <= self.pinned_rows:
            raise ValueError("more rows are protected than may be kept")
        keeps = self.keeps(keep, policy)
        if policy.scorer is not None and self.used > min(keeps):
            self._remember()
        protected = [(pin.start, pin.stop) for pin in self.pinned]
        protected += policy.protected(max(min(keeps) - self.pinned_rows, 0), self.tokens)
        self.evicted += self._evictor.evict(keeps, policy, protected)

    # Going back -----------------------------------------------------------------------------

    def mark(self) -> Mark:
        """Remember the present state, so that :meth:`rewind` can come back to it.

        An earlier mark is given up. Costs nothing until an eviction or a compaction; then, and at
        once for a sliding-window model, a copy of the cache is kept in memory.
        """
        self._mark = Mark(self.tokens, self.position, self.evicted)
        if self.context.model.window:
            self._remember()
        return self._mark

    def unmark(self) -> None:
        """Give up the mark, and the copy of the cache that it may have."""
        self._mark = None

    def _remember(self) -> None:
        if self._mark is not None and self._mark.image is None:
            self._mark.image = self.image(copy=True)

    @hold_interrupt()
    def rewind(self, mark: Mark) -> None:
        """Forget all tokens since the mark, as if they had never been read.

        The mark stays, and can be gone back to again.

        Raises
        ------
        ValueError
            If a later mark took its place.
        """
        if mark is not self._mark:
            raise ValueError("only the latest mark can be gone back to")
        if mark.image is not None:
            self.load(mark.image)
        self.evicted = mark.evicted
        self._forget(mark.tokens, mark.position)

    @hold_interrupt()
    def truncate(self, position: int) -> None:
        """Forget the tokens whose positions are ``position`` and beyond.

        Only what comes after the last eviction or compaction can be forgotten like this, and
        nothing at all of a model with sliding windows, whose layers have forgotten what was in them
        before.

        Raises
        ------
        ValueError
            If there is no such position yet.
        """
        if position > self.position:
            raise ValueError(f"the next position is {self.position}, and not {position}")
        # What was appended since the last eviction has one position for each token.
        self._forget(self.tokens - (self.position - position), position)

    def _forget(self, tokens: int, position: int) -> None:
        """Forget all but the first ``tokens``, after which this was the next position."""
        self.context.remove(position, -1)
        self._layout.forget_keys()
        self._cells.remove(position, -1)
        self.pinned = [pin for pin in self.pinned if pin.stop <= tokens]
        self.tokens, self.position = tokens, position

    def image(self, *, copy: bool = False) -> Image:
        """What the cache holds. But for a copy the rows may be views, valid until it changes."""
        return self._imaging.take(self.tokens, self.position, self.pinned, self.shifts, copy=copy)

    @hold_interrupt()
    def load(self, image: Image) -> None:
        """Hold what an image says, in the same cells.

        Raises
        ------
        ValueError
            If the image does not fit this cache.
        """
        self._imaging.check(image)
        self.clear()
        self._imaging.put(image)
        self.tokens, self.position = image.tokens, image.position
        self.pinned, self.shifts = list(image.pinned), list(image.shifts)
        self._evictor.hide()
