"""The KV cache: which token sits where, its rows in memory, and eviction inside it.

llama.cpp gives a *cell* to every token: metadata (the position) shared by all layers and heads,
and one row of keys and of values per layer and head. Only the rows are per head, so after an
eviction a cell's rows come from different tokens: ``origin`` says from which.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.errors import ModelError
from keydiff_cli.eviction import Policy, keep_best, plan_moves
from keydiff_cli.llama import CacheTensors, Context, Tokens, memory_view
from keydiff_cli.scores import Float32, Rows, z_scores
from keydiff_cli.state import Bytes, CacheState, parse_state

Access = Literal["direct", "copy"]
Span = tuple[int, int]

_T = TypeVar("_T")
_PROBE_TOKENS = 8
_Q8_0_BLOCK = 34  # bytes: a float16 scale and 32 int8 values


@dataclass
class EvictionTimes:
    """Seconds spent so far on scoring, and on choosing and moving rows."""

    score: float = 0.0
    move: float = 0.0


@dataclass(frozen=True)
class Layer:
    """Rows of one layer: uint8 ``[rows, heads, bytes]`` views that eviction reads and writes."""

    keys: Bytes
    values: Bytes


@dataclass
class Mark:
    """A state of the cache to come back to (see :meth:`KVCache.rewind`)."""

    position: int
    blob: Bytes | None = None
    origin: list[NDArray[np.int32]] = field(default_factory=list)


class KVCache:
    """The cache of a context, appended to in order and evicted from per head.

    Layers with a sliding window of their own are left to llama.cpp; everything here is about
    the layers that attend to the whole cache.

    Parameters
    ----------
    context
        A fresh context.
    access
        ``direct`` works on llama.cpp's own memory, checked once against a serialised copy;
        ``copy`` serialises and restores the cache at every eviction. None: direct if possible.
    workers
        Threads for scoring and moving.

    Attributes
    ----------
    position : int
        Tokens appended so far = the position of the next one.
    pinned : list of (start, stop)
        Tokens that are never evicted.
    origin : list of int32 ``[heads, cells]``
        For each layer, the token each row comes from; -1 in free cells.
    positions : int32 ``[cells]``
        The mirrored metadata of llama.cpp: position of each cell, -1 when free.
    """

    def __init__(self, context: Context, *, access: Access | None = None, workers: int = 1) -> None:
        self.context = context
        self.times = EvictionTimes()
        self.pinned: list[Span] = []
        self.evicted = 0
        self._pool = ThreadPoolExecutor(max_workers=workers)
        self._mark: Mark | None = None
        self._half = self._probe(access)
        self.positions = np.full(context.cells, -1, np.int32)
        self.origin = [np.full((heads, context.cells), -1, np.int32) for heads in self._heads]
        self.position = 0
        self._head = 0  # where llama.cpp starts to look for a free cell

    # Set-up ---------------------------------------------------------------------------------

    def _probe(self, access: Access | None) -> bool:
        """Find the rows, check them against a serialised copy; return whether keys are float16."""
        context = self.context
        context.decode(np.arange(_PROBE_TOKENS, dtype=np.int32), 0)
        blob = context.state()
        try:
            caches = parse_state(blob)
        except ValueError as error:
            raise ModelError(
                f"the cache of {context.model.path.name} ({context.model.architecture}) is of an "
                f"unknown kind ({error}); use another model"
            ) from error
        full = caches[0]
        if not full.keys:
            raise ModelError(
                f"{context.model.path.name} has no layer that attends to the whole document; "
                "use another model"
            )
        tensors = context.cache_tensors() if access != "copy" else None
        matched = self._match(tensors or {}, caches)
        self._direct: list[Layer] | None = None
        if matched is not None:
            layers, self._direct = matched
        elif access == "direct":
            raise ModelError("this llama.cpp build gives no direct access to its cache")
        else:
            layers = list(range(len(full.keys)))
        self._heads = [context.model.kv_heads(layer) for layer in layers]
        if self._direct is not None:
            self._direct = [
                Layer(_split(layer.keys, heads), _split(layer.values, heads))
                for layer, heads in zip(self._direct, self._heads, strict=True)
            ]
        self.access: Access = "copy" if self._direct is None else "direct"
        context.clear()
        return _is_half(blob)

    def _match(
        self, tensors: CacheTensors, caches: Sequence[CacheState]
    ) -> tuple[list[int], list[Layer]] | None:
        """Views of the full layers whose bytes equal the serialised ones, or None."""
        full = caches[0]
        found: list[int] = []
        rows: list[Layer] = []
        for layer, (key, value) in sorted(tensors.items()):
            if len(found) == len(full.keys) or not key.address or not value.address:
                continue
            expected = full.keys[len(found)], full.values[len(found)]
            if any(
                tensor.size != self.context.cells * want.shape[1]
                for tensor, want in zip((key, value), expected, strict=True)
            ):
                continue  # a windowed layer, with fewer cells
            views = [memory_view(tensor).reshape(self.context.cells, -1) for tensor in (key, value)]
            if all(
                np.array_equal(view[:_PROBE_TOKENS], want)
                for view, want in zip(views, expected, strict=True)
            ):
                found.append(layer)
                rows.append(Layer(*views))
        return (found, rows) if len(found) == len(full.keys) else None

    def close(self) -> None:
        """Stop the worker threads."""
        self._pool.shutdown()

    # State ----------------------------------------------------------------------------------

    @property
    def used(self) -> int:
        """Cells in use."""
        return int(np.count_nonzero(self.positions >= 0))

    @property
    def free(self) -> int:
        """Cells not in use."""
        return self.context.cells - self.used

    def pin(self, start: int, stop: int) -> None:
        """Never evict the tokens from ``start`` to ``stop`` (exclusive)."""
        if stop > start:
            self.pinned.append((start, stop))

    @property
    def pinned_tokens(self) -> int:
        return sum(stop - start for start, stop in self.pinned)

    def append(self, tokens: Tokens, *, logits: bool = False) -> None:
        """Run tokens through the model; their keys and values join the cache.

        Raises
        ------
        LlamaError
            If the free cells do not suffice.
        """
        self.context.decode(tokens, self.position, logits=logits)
        cells = self._next_cells(len(tokens))
        numbers = np.arange(self.position, self.position + len(tokens), dtype=np.int32)
        self.positions[cells] = numbers
        for origin in self.origin:
            origin[:, cells] = numbers
        self.position += len(tokens)

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
            for origin in self.origin:
                origin[:, cells] = -1
            self._head = min(self._head, int(cells.min()))

    # Eviction -------------------------------------------------------------------------------

    def evict(self, keep: int, policy: Policy) -> None:
        """Hold the cache to ``keep`` rows per head: score, choose, move, free.

        Protected are the pinned tokens, the policy's sinks and recent share, and the last token.

        Raises
        ------
        ValueError
            If more rows are protected than may be kept.
        """
        used = np.flatnonzero(self.positions >= 0)
        surplus = len(used) - keep
        if surplus <= 0 or policy.scorer is None:
            return
        self._remember()
        started = time.perf_counter()
        if self._direct is not None:
            layers, index = self._direct, used
        else:
            blob = self.context.state()
            layers = [
                Layer(_split(key, heads), _split(value, heads))
                for key, value, heads in zip(*_full(parse_state(blob)), self._heads, strict=True)
            ]
            index = np.arange(len(used))
        rows = slice(0, len(used)) if index[-1] == len(used) - 1 else index
        scores = self._scores(layers, rows, used, policy)
        scored = time.perf_counter()

        by_age = np.argsort(self.positions[used])
        freed = np.zeros(len(used), np.bool_)
        freed[by_age[:surplus]] = True
        first_kept = int(self.positions[used[by_age[surplus]]])

        def move(number: int) -> None:
            origin = self.origin[number][:, used]
            kept = keep_best(scores[number], self._protected(origin, keep, policy), keep)
            moves = plan_moves(kept, freed)
            source, target = index[moves.source], index[moves.target]
            for part in (layers[number].keys, layers[number].values):
                part[target, moves.head] = part[source, moves.head]
            origin[moves.head, moves.target] = origin[moves.head, moves.source]
            self.origin[number][:, used] = origin

        self._each(move, range(len(layers)))
        if self._direct is None:
            self._restore(blob, [origin[:, used] for origin in self.origin])
        self.context.remove(0, first_kept)
        self._release(np.flatnonzero((self.positions >= 0) & (self.positions < first_kept)))
        self.evicted += surplus
        self.times.score += scored - started
        self.times.move += time.perf_counter() - scored

    def _scores(
        self,
        layers: Sequence[Layer],
        rows: slice | NDArray[np.int64],
        used: NDArray[np.int64],
        policy: Policy,
    ) -> list[Float32]:
        """Scores of every layer: a list of float32 ``[heads, rows]``."""
        scorer = policy.scorer
        assert scorer is not None

        def score(number: int) -> Float32:
            keys = _numbers(layers[number].keys[rows], self._half)
            result = scorer(Rows(keys, self.origin[number][:, used]))
            return z_scores(result) if policy.shared else result

        scores = self._each(score, range(len(layers)))
        if not policy.shared:
            return scores
        # The rows of all layers and heads have moved alike, so one decision fits all of them.
        shared = np.concatenate(scores).mean(axis=0, dtype=np.float32)
        return [np.broadcast_to(shared, layer.shape) for layer in scores]

    def _protected(self, origin: NDArray[np.int32], keep: int, policy: Policy) -> NDArray[np.bool_]:
        """Rows above every score: bool ``[heads, rows]``."""
        mask: NDArray[np.bool_] = origin == self.position - 1
        sinks = [(0, policy.sinks)] if policy.sinks else []
        for start, stop in (*self.pinned, *sinks):
            mask |= (origin >= start) & (origin < stop)
        room = max(keep - self.pinned_tokens - policy.sinks, 0)
        if recent := int(policy.recent * room):
            mask |= origin >= self.position - recent
        return mask

    def _each(self, work: Callable[[int], _T], items: Iterable[int]) -> list[_T]:
        return list(self._pool.map(work, items))

    # Going back -----------------------------------------------------------------------------

    def mark(self) -> Mark:
        """Remember the present state, so that :meth:`rewind` can come back to it.

        Costs nothing until an eviction; then, and at once for a sliding-window model, a
        serialised copy of the cache is kept in memory.
        """
        self._mark = Mark(self.position)
        if self.context.model.window:
            self._remember()
        return self._mark

    def _remember(self) -> None:
        if self._mark is not None and self._mark.blob is None:
            self._mark.blob = self.context.state()
            used = self.positions >= 0
            self._mark.origin = [origin[:, used] for origin in self.origin]

    def rewind(self, mark: Mark) -> None:
        """Forget all tokens since the mark, as if they had never been read."""
        if mark.blob is not None:
            self._restore(mark.blob, mark.origin)
        self.context.remove(mark.position, -1)
        self._release(np.flatnonzero(self.positions >= mark.position))
        self.pinned = [
            (start, min(stop, mark.position))
            for start, stop in self.pinned
            if start < mark.position
        ]
        self.position = mark.position
        self._mark = None

    def _restore(self, blob: Bytes, origin: list[NDArray[np.int32]]) -> None:
        """Load a serialised cache, whose rows llama.cpp puts into the first cells in order."""
        self.context.restore(blob)
        positions = parse_state(blob)[0].positions
        self.positions[:] = -1
        self.positions[: len(positions)] = positions
        for mine, saved in zip(self.origin, origin, strict=True):
            mine[:] = -1
            mine[:, : len(positions)] = saved
        self._head = len(positions)


def _full(caches: Sequence[CacheState]) -> tuple[list[Bytes], list[Bytes]]:
    return caches[0].keys, caches[0].values


def _split(rows: Bytes, heads: int) -> Bytes:
    """Rows ``[cells, bytes]`` as ``[cells, heads, bytes per head]``, without a copy."""
    return rows.reshape(len(rows), heads, -1)


def _is_half(blob: Bytes) -> bool:
    """Whether the first layer's keys are float16: the type follows the metadata."""
    cells = int(blob[12:16].view("<u4")[0])
    return int(blob[16 + 12 * cells + 8 :][:4].view("<i4")[0]) == 1


def _numbers(keys: Bytes, half: bool) -> NDArray[np.float16] | Float32:
    """Stored keys ``[rows, heads, bytes]`` as numbers ``[rows, heads, head_dim]``."""
    if half:
        return keys.view(np.float16)
    blocks = keys.reshape(*keys.shape[:2], -1, _Q8_0_BLOCK)
    scale = np.ascontiguousarray(blocks[..., :2]).view(np.float16).astype(np.float32)
    values = blocks[..., 2:].view(np.int8) * scale
    return values.reshape(*keys.shape[:2], -1)
