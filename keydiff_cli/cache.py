"""The KV cache: which token sits where, its rows in memory, and eviction inside it.

llama.cpp gives a *cell* to every token: metadata (the position) shared by all layers and heads,
and one row of keys and of values per layer and head. Only the rows are per head, so after an
eviction a cell's rows come from different tokens: ``origin`` says from which.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.access import Access, Layer, dequantize, find_layout
from keydiff_cli.errors import ModelError
from keydiff_cli.eviction import Policy, elect, follow, is_pinned, keep_best, plan_moves
from keydiff_cli.llama import (
    KV_TYPES,
    Context,
    NativeCache,
    Stopped,
    Tokens,
    half_to_float,
    hold_interrupt,
)
from keydiff_cli.scores import Float32, KeyDiff, Queries, Rows, Scorer, SharedScorer
from keydiff_cli.state import STATE_HEAD, Bytes, build_state, parse_state


class Pin(NamedTuple):
    """Tokens from ``start`` to ``stop`` (exclusive) of which ``rows`` a head are never evicted."""

    start: int
    stop: int
    rows: int


@dataclass
class EvictionTimes:
    """Seconds spent so far on scoring, and on choosing and moving rows."""

    score: float = 0.0
    move: float = 0.0


@dataclass(frozen=True)
class Image:
    """All that a cache holds, cell by cell up to the last one in use.

    What goes on from it does so bit by bit as it would have gone on without.

    Attributes
    ----------
    position
        Tokens appended.
    pinned
        What is never evicted.
    positions
        Of each cell, -1 when free: int32 ``[cells]``.
    origin, past
        Token of each row, and its last score under a policy that watches the stream: int32 and
        float32 ``[heads of all layers, cells]``.
    widths
        Bytes of a row of keys of each layer, then of a row of values of each layer.
    rows
        Keys of each layer, then values of each layer: uint8 ``[cells, bytes]``.
    windowed
        Layers with a sliding window, serialised: uint8 ``[bytes]``.
    """

    position: int
    pinned: tuple[Pin, ...]
    positions: NDArray[np.int32]
    origin: NDArray[np.int32]
    past: Float32
    widths: list[int]
    rows: Iterable[Bytes]
    windowed: Bytes


@dataclass
class Mark:
    """A state of the cache to come back to (see :meth:`KVCache.rewind`)."""

    position: int
    evicted: int
    image: Image | None = None


class KVCache:
    """The cache of a context, appended to in order and evicted from per head.

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

    Attributes
    ----------
    position : int
        Tokens appended so far = the position of the next one.
    pinned : list of Pin
        What is never evicted.
    origin : list of int32 ``[heads, cells]``
        For each layer, the token each row comes from; -1 in free cells.
    evicted : int
        Cells freed by evictions so far.
    positions : int32 ``[cells]``
        The mirrored metadata of llama.cpp: position of each cell, -1 when free.
    """

    def __init__(self, context: Context, *, access: Access | None = None) -> None:
        self.context = context
        self.times = EvictionTimes()
        self.pinned: list[Pin] = []
        self.evicted = 0
        self._scratch = np.empty(0, np.float32)  # the keys of a layer
        self._mark: Mark | None = None
        self._layout = find_layout(context, access)
        self.access = self._layout.access
        self.positions = np.full(context.cells, -1, np.int32)
        self._offsets = np.concatenate(([0], np.cumsum(self._layout.heads)))  # of a layer's heads
        self._origin = np.full((self._offsets[-1], context.cells), -1, np.int32)
        self.origin = np.split(self._origin, self._offsets[1:-1])
        self._past = np.zeros(self._origin.shape, np.float32)  # last scores, of a stream
        self._watched = np.empty(0, np.int32)  # tokens of the queries kept in the context
        self._lead = 0  # so many of them come before any question
        self.position = 0
        self._head = 0  # where llama.cpp starts to look for a free cell

    # State ----------------------------------------------------------------------------------

    @property
    def used(self) -> int:
        """Cells in use."""
        return int(np.count_nonzero(self.positions >= 0))

    @property
    def free(self) -> int:
        """Cells not in use."""
        return self.context.cells - self.used

    @property
    def intact(self) -> bool:
        """Whether every head still has the rows of all tokens that were appended."""
        return bool(((self._origin >= 0).sum(axis=1) == self.position).all())

    @property
    def widths(self) -> list[int]:
        """Bytes of a row of keys of each layer, then of a row of values of each layer."""
        return self._layout.widths

    def pin(self, start: int, stop: int) -> None:
        """Never evict the tokens from ``start`` to ``stop`` (exclusive)."""
        if stop > start:
            self.pinned.append(Pin(start, stop, stop - start))

    def unpin(self, start: int) -> None:
        """Let go of the tokens pinned from ``start`` on."""
        self.pinned = [pin for pin in self.pinned if pin.start != start]

    def hold(self) -> None:
        """Never evict what every head holds now."""
        self.pinned = [Pin(0, self.position, self.used)]

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
        try:
            self.context.decode(tokens, self.position, logits=logits, queries=watch)
        except Stopped:
            self._release(self._next_cells(len(tokens)))  # llama.cpp took them and gave them back
            raise
        cells = self._next_cells(len(tokens))
        numbers = np.arange(self.position, self.position + len(tokens), dtype=np.int32)
        self.positions[cells] = numbers
        self._origin[:, cells] = numbers
        self._past[:, cells] = 0
        self.position += len(tokens)
        if watch:
            self._watched, self._lead = numbers, lead

    @hold_interrupt()
    def look(self, tokens: Tokens, lead: int = 0) -> None:
        """Run tokens, a batch at most, for their queries only; the cache stays as it was.

        The queries count as coming after all tokens, those appended later too.
        """
        start = self.position
        self.append(tokens, watch=True, lead=lead)
        self.context.remove(start, -1)
        self._release(np.flatnonzero(self.positions >= start))
        self.position = start
        self._watched = np.full(len(tokens), np.iinfo(np.int32).max, np.int32)

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
        self._changed()
        self.positions[:] = -1
        self._origin[:] = -1
        self._past[:] = 0
        self.position = self._head = 0
        self.pinned = []

    def _next_cells(self, count: int) -> NDArray[np.int64]:
        """The cells llama.cpp gives to the next tokens: ``llama_kv_cache::find_slot``."""
        head = 0 if self._head > self.used + 2 * count else self._head
        free = np.flatnonzero(self.positions < 0)
        start = int(np.searchsorted(free, head))
        cells = np.concatenate((free[start:], free[:start]))[:count]
        self._head = int(cells[-1]) + 1
        return cells

    def _release(self, cells: NDArray[np.int64]) -> None:
        """Mirror of freeing cells."""
        if len(cells):
            self.positions[cells] = -1
            self._origin[:, cells] = -1
            self._head = min(self._head, int(cells.min()))

    def _changed(self) -> None:
        """Rows have changed in a way that a patched llama.cpp does not know of."""
        if self._layout.native is not None:
            self._layout.native.forget()

    # Eviction -------------------------------------------------------------------------------

    def keeps(self, keep: int, policy: Policy) -> list[int]:
        """Rows that each layer keeps, if the one with the largest budget keeps ``keep``."""
        pinned = self.pinned_rows
        return [pinned + n for n in policy.budgets(keep - pinned, len(self.origin))]

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
        used = np.flatnonzero(self.positions >= 0)
        keeps = self.keeps(keep, policy)
        keep = max(keeps)
        over = len(used) > min(keeps)
        scorer = policy.scorer
        if scorer is None or not (over or policy.watch == "stream"):
            return
        if over:
            self._remember()
        started = time.perf_counter()
        # Where the used cells are the first ones, as while reading, views spare copies.
        where = slice(0, len(used)) if used[-1] == len(used) - 1 else used
        origin, past = self._origin[:, where], self._past[:, where]
        native = self._layout.native if len(set(keeps)) == 1 else None
        blob, layers, index = self._rows(used, native is not None)

        def keys() -> list[Bytes]:
            if native is not None and not layers:
                return [rows[where] for rows in self._layout.keys(int(used[-1]) + 1)]
            return [layer.keys[where if blob is None else slice(None)] for layer in layers]

        pinned = self._pinned(min(keeps), policy)
        scores = self._scores(scorer, keys, origin, past, pinned, native)
        scored = time.perf_counter()
        self.times.score += scored - started
        if not over:
            self._past[:, where] = scores
            return

        if policy.watch == "stream":
            past[:] = scores
        places = elect(scores, origin, pinned, policy.vote)
        by_age = np.argsort(self.positions[used])
        surplus = max(len(used) - keep, 0)
        first_kept = int(self.positions[used[by_age[surplus]]])
        if native is not None:
            before = origin.copy() if policy.watch == "stream" else None
            native.evict(keep, places, pinned, self._origin)
            if before is not None:
                follow(past, before, self._origin[:, where])
                self._past[:, where] = past
        else:
            protected = is_pinned(origin, pinned)
            self._move(places, protected, keeps, by_age, origin, past, layers, index)
            self._origin[:, where], self._past[:, where] = origin, past
            if blob is not None:
                self._restore(blob, origin.copy(), past.copy())
            if surplus:
                self.context.remove(0, first_kept)
            self._changed()
        if surplus:
            self._release(np.flatnonzero((self.positions >= 0) & (self.positions < first_kept)))
        self._hide()
        self.evicted += surplus
        self.times.move += time.perf_counter() - scored

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
        offsets = self._offsets
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

    def _rows(
        self, used: NDArray[np.int64], native: bool
    ) -> tuple[Bytes | None, list[Layer], NDArray[np.int64]]:
        """The layers, where the cells ``used`` are in them, and what they are a copy of, if any.

        No layers if llama.cpp evicts itself and they are on another device.
        """
        direct = self._layout.direct
        if direct is not None or native:
            return None, direct or [], used
        blob = self.context.state()
        return blob, self._layout.layers(parse_state(blob)[0]), np.arange(len(used))

    def _scores(
        self,
        scorer: Scorer,
        keys: Callable[[], Sequence[Bytes]],
        origin: NDArray[np.int32],
        past: Float32,
        pinned: Sequence[tuple[int, int]],
        native: NativeCache | None,
    ) -> Float32:
        """Scores of the heads of all layers, one after another: float32 ``[heads, rows]``.

        llama.cpp scores by KeyDiff itself if it is ``native``; otherwise ``keys`` are asked for.
        """
        found: list[Float32] = []
        ours: list[tuple[Scorer, Float32]] = []
        for one in [scorer, scorer.rest] if isinstance(scorer, SharedScorer) else [scorer]:
            if native is not None and isinstance(one, KeyDiff):
                found.append(native.keydiff(origin.shape[1]))
            else:
                found.append(np.full(origin.shape, -np.inf, np.float32))
                ours.append((one, found[-1]))
        watch = any(one.watch != "nothing" for one, _ in ours)
        for number, stored in enumerate(keys() if ours else ()):
            heads = slice(self._offsets[number], self._offsets[number + 1])
            queries = self.queries(number) if watch else None
            seen = origin[self._offsets[number]] >= 0
            held = slice(None) if seen.all() else seen  # a layer gives up rows in a pyramid
            tokens, before = origin[heads][:, held], past[heads][:, held]
            rows = Rows(self._numbers(stored)[held], tokens, queries, number, before)
            for one, scores in ours:
                scores[heads, held] = _checked(one(rows), tokens.shape)
        if isinstance(scorer, SharedScorer):
            return scorer.settle(found[0], found[1], origin, is_pinned(origin, pinned))
        return found[0]

    def queries(self, number: int) -> Queries:
        """Of layer ``number``, as its scorer gets them: from the last tokens that were watched."""
        if not self._layout.numbers:
            raise ModelError("the queries of this model are out of reach; use another --policy")
        vectors = self.context.queries(self._layout.numbers[number])
        return Queries(vectors, self._watched, self._lead)

    def _hide(self) -> None:
        """Hide from each layer the cells that it alone has given up, in a pyramid."""
        hidden = (self._origin[self._offsets[:-1]] < 0) & (self.positions >= 0)
        if hidden.any() and not self._layout.numbers:
            raise ModelError("the layers of this model are out of reach; use another --policy")
        if self.context.observer is not None and self._layout.numbers:
            cells = zip(self._layout.numbers, map(np.flatnonzero, hidden), strict=True)
            self.context.hide({layer: some for layer, some in cells if len(some)})

    def _pinned(self, keep: int, policy: Policy) -> list[tuple[int, int]]:
        """Tokens above every score, from start to stop (exclusive)."""
        room = max(keep - self.pinned_rows, 0)
        sinks = min(policy.sinks, max(room - 1, 0))
        recent = max(int(policy.recent * (room - sinks)), 1)  # never without the last one
        spans = [(pin.start, pin.stop) for pin in self.pinned]
        return [*spans, (0, sinks), (self.position - recent, self.position)]

    def _numbers(self, keys: Bytes) -> Float32:
        """Stored keys ``[rows, heads, bytes]`` as float32 ``[rows, heads, head_dim]``.

        In a buffer that the next call overwrites.
        """
        if not self._layout.half:
            return dequantize(keys)
        half = keys.view(np.float16)
        if self._scratch.size < half.size:
            self._scratch = np.empty(self.context.cells * half[0].size, np.float32)
        numbers: Float32 = self._scratch[: half.size].reshape(half.shape)
        half_to_float(half, numbers)
        return numbers

    # Going back -----------------------------------------------------------------------------

    def mark(self) -> Mark:
        """Remember the present state, so that :meth:`rewind` can come back to it.

        An earlier mark is given up. Costs nothing until an eviction; then, and at once for a
        sliding-window model, a copy of the cache is kept in memory.
        """
        self._mark = Mark(self.position, self.evicted)
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
        self.truncate(mark.position)

    @hold_interrupt()
    def truncate(self, position: int) -> None:
        """Forget the tokens from ``position`` on.

        Only what comes after the last eviction can be forgotten like this, and nothing at all of
        a model with sliding windows, whose layers have forgotten what was in them before.
        """
        self.context.remove(position, -1)
        self._changed()
        self._release(np.flatnonzero(self.positions >= position))
        self.pinned = [pin for pin in self.pinned if pin.stop <= position]
        self.position = position

    # As a whole ------------------------------------------------------------------------------

    def image(self, *, copy: bool = False) -> Image:
        """What the cache holds. But for a copy the rows may be views, valid until it changes."""
        used = np.flatnonzero(self.positions >= 0)
        cells = int(used[-1]) + 1 if len(used) else 0
        blob = np.empty(0, np.uint8)
        end = 0
        if self._layout.direct is None or self.context.model.window:
            blob = self.context.state()
            state = parse_state(blob)[0]
            end = state.end
        if self._layout.direct is not None:
            rows = [whole[:cells] for whole in self._layout.whole]
            if copy:
                rows = [some.copy() for some in rows]
        else:
            rows = []
            for some in state.rows:
                rows.append(np.zeros((cells, some.shape[1]), np.uint8))
                rows[-1][used] = some
        return Image(
            self.position,
            tuple(self.pinned),
            self.positions[:cells].copy(),
            self._origin[:, :cells].copy(),
            self._past[:, :cells].copy(),
            self.widths,
            rows,
            blob[end:],
        )

    @hold_interrupt()
    def load(self, image: Image) -> None:
        """Hold what an image says, in the same cells.

        Raises
        ------
        ValueError
            If the image does not fit this cache.
        """
        cells = len(image.positions)
        if cells > self.context.cells or image.widths != self.widths:
            raise ValueError("the image is of another cache")
        # llama.cpp fills cells in order, so the free ones take part and are freed again.
        free = image.positions < 0
        positions = image.positions.copy()
        positions[free] = image.position + np.arange(np.count_nonzero(free))
        self.clear()
        blob = build_state(
            self.context.state()[:STATE_HEAD],
            positions,
            KV_TYPES["f16" if self._layout.half else "q8_0"],
            self.widths,
            image.windowed,
        )
        direct = self._layout.direct
        if direct is None:
            _copy_rows(image.rows, parse_state(blob)[0].rows)
        self.context.restore(blob)
        if direct is not None:
            _copy_rows(image.rows, self._layout.whole)
        self.context.remove(image.position, -1)
        self.positions[:cells] = image.positions
        self._origin[:, :cells] = image.origin
        self._past[:, :cells] = image.past
        self._head = int(np.argmax(free)) if free.any() else cells
        self.position = image.position
        self.pinned = list(image.pinned)
        self._hide()

    def _restore(self, blob: Bytes, origin: NDArray[np.int32], past: Float32) -> None:
        """Load a serialised cache, whose rows llama.cpp puts into the first cells in order."""
        self.context.restore(blob)
        positions = parse_state(blob)[0].positions
        self.positions[:] = -1
        self.positions[: len(positions)] = positions
        self._origin[:] = -1
        self._origin[:, : len(positions)] = origin
        self._past[:] = 0
        self._past[:, : len(positions)] = past
        self._head = len(positions)


def _copy_rows(source: Iterable[Bytes], target: Iterable[Bytes]) -> None:
    """Copy rows over the first ones of each layer."""
    for some, whole in zip(source, target, strict=True):
        whole[: len(some)] = some


def _checked(scores: Float32, shape: tuple[int, ...]) -> Float32:
    """What a scorer gave, which may be one of another package."""
    try:
        with np.errstate(over="ignore"):
            numbers = np.asarray(scores, np.float32)
    except (TypeError, ValueError):
        numbers = np.empty(0, np.float32)
    if numbers.shape != shape or not np.isfinite(numbers).all():
        raise ModelError(
            f"the policy does not give a finite number for each of {shape} heads and rows; "
            "use another --policy"
        )
    return numbers
