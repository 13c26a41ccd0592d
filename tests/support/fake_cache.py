"""A context without a model: cells, and rows that are made from tokens and rotated by positions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from keydiff_cli.cache import KVCache, view
from keydiff_cli.cache.access import Layer, Layout
from keydiff_cli.cache.state import STATE_HEAD, Bytes, build_state, parse_state
from keydiff_cli.compaction import Compaction
from keydiff_cli.llama import KV_TYPES
from keydiff_cli.scores import KeyDiff, Rotation, Rows

LAYERS, HEADS, GROUP, WIDTH, TOKENS = 3, 2, 2, 8, 400
ROTATION = Rotation(np.array([1.0, 0.1, 0.003]))  # of six of the eight numbers of a key
ACCESSES = ["native", "elsewhere", "direct", "copy"]  # elsewhere: natively on another device
_DRAW = np.random.default_rng(0)
KEYS = _DRAW.normal(0.5, 1, (TOKENS, LAYERS, HEADS, WIDTH)).astype(np.float32)
VALUES = _DRAW.normal(size=(TOKENS, LAYERS, HEADS, WIDTH)).astype(np.float16)
QUERIES = _DRAW.normal(size=(TOKENS, LAYERS, HEADS * GROUP, WIDTH)).astype(np.float32)


def rotated(keys: NDArray[np.float32], positions: NDArray[np.int32]) -> NDArray[np.float16]:
    """Keys ``[rows, ..., head_dim]``, each rotated by its position: as they are cached."""
    pairs = len(ROTATION.frequencies)
    angles = np.multiply.outer(positions, ROTATION.frequencies)
    angles = angles.reshape(len(positions), *[1] * (keys.ndim - 2), pairs)
    first, second = keys[..., :pairs], keys[..., pairs : 2 * pairs]
    turned = keys.astype(np.float64)
    turned[..., :pairs] = first * np.cos(angles) - second * np.sin(angles)
    turned[..., pairs : 2 * pairs] = first * np.sin(angles) + second * np.cos(angles)
    return turned.astype(np.float16)


class FakeContext:
    """What a cache asks of a context, in NumPy. A token's number in the stream is its id."""

    model = SimpleNamespace(window=0)
    observer = None

    def __init__(self, cells: int) -> None:
        self.cells = cells
        self.positions = np.full(cells, -1, np.int32)
        shape = (LAYERS, cells, HEADS, WIDTH)
        self.keys, self.values = np.zeros(shape, np.float16), np.zeros(shape, np.float16)
        self._asked = np.empty(0, np.int32)

    def decode(
        self,
        tokens: NDArray[np.int32],
        position: int,
        *,
        logits: bool = False,
        queries: bool = False,
    ) -> None:
        cells = np.flatnonzero(self.positions < 0)[: len(tokens)]
        assert len(cells) == len(tokens), "no free cells"
        self.positions[cells] = position + np.arange(len(tokens), dtype=np.int32)
        self.keys[:, cells] = rotated(KEYS[tokens], self.positions[cells]).swapaxes(0, 1)
        self.values[:, cells] = VALUES[tokens].swapaxes(0, 1)
        if queries:
            self._asked = tokens

    def queries(self, layer: int) -> NDArray[np.float32]:
        return QUERIES[self._asked, layer]

    def clear(self) -> None:
        self.positions[:] = -1

    def remove(self, start: int, stop: int) -> None:
        held = (self.positions >= start) & (self.positions < (stop if stop >= 0 else 2**30))
        self.positions[held] = -1

    def state(self) -> NDArray[np.uint8]:
        used = np.flatnonzero(self.positions >= 0)
        head, width = np.zeros(STATE_HEAD, np.uint8), HEADS * WIDTH * 2
        if not len(used):  # a cache without cells ends before its layers
            return np.concatenate((head, np.array([1, 0], "<u4").view(np.uint8)))
        blob = build_state(
            head, self.positions[used], KV_TYPES["f16"], [width] * 2 * LAYERS, head[:0]
        )
        for rows, stored in zip(parse_state(blob)[0].rows, self._rows(), strict=True):
            rows[:] = stored[used]
        return blob

    def restore(self, blob: NDArray[np.uint8]) -> None:
        state = parse_state(blob)[0]
        self.clear()
        self.positions[: len(state.positions)] = state.positions
        for rows, stored in zip(state.rows, self._rows(), strict=True):
            stored[: len(rows)] = rows

    def _rows(self) -> list[NDArray[np.uint8]]:
        every = [*self.keys, *self.values]
        return [part.view(np.uint8).reshape(self.cells, -1) for part in every]

    def layout(self, access: str) -> Layout:
        layers = [
            Layer(keys.view(np.uint8), values.view(np.uint8))
            for keys, values in zip(self.keys, self.values, strict=True)
        ]
        return Layout(
            list(range(LAYERS)),
            [HEADS] * LAYERS,
            True,
            [HEADS * WIDTH * 2] * 2 * LAYERS,
            layers if access in ("native", "direct") else None,
            dict.fromkeys(range(LAYERS), ROTATION),
            FakeNative(self) if access in ("native", "elsewhere") else None,  # type: ignore[arg-type]
        )


class FakeNative:
    """What ``llama-kv.h`` does, in NumPy.

    It remembers by which positions keys were turned back when they were counted, and refuses to
    score or evict by others. ``freed_too_many`` is added to the number of cells that it says it has
    freed.
    """

    freed_too_many = 0

    def __init__(self, context: FakeContext) -> None:
        self._context = context
        self.counted = np.full((LAYERS * HEADS, context.cells), -1, np.int32)

    def forget(self) -> None:
        self.counted[:] = -1

    def keys(self, layer: int, cells: NDArray[np.int64]) -> Bytes:
        return self.rows(layer, cells)[0]

    def rows(self, layer: int, cells: NDArray[np.int64]) -> tuple[Bytes, Bytes]:
        return self._layer(layer, cells).read(cells)

    def exchange(
        self, layer: int, cells: NDArray[np.int64], heads: NDArray[np.int64], *rows: Bytes
    ) -> tuple[Bytes, Bytes]:
        return self._layer(layer, cells).exchange(cells, heads, *rows)

    def _layer(self, number: int, cells: NDArray[np.int64]) -> Layer:
        assert (self._context.positions[cells] >= 0).all()
        stored = self._context.keys[number], self._context.values[number]
        return Layer(*(part.view(np.uint8) for part in stored))

    def keydiff(
        self, rows: int, positions: NDArray[np.int32], rotations: list[Rotation] | None
    ) -> NDArray[np.float32]:
        used = np.flatnonzero(self._context.positions >= 0)
        assert len(used) == rows
        held = positions[:, used].reshape(LAYERS, HEADS, rows)
        self._check_counted(positions)
        self.counted[:, used] = positions[:, used]
        scorer = KeyDiff(prerope=rotations is not None)
        every = [
            scorer(Rows(keys[used], places, places, rotation=ROTATION))
            for keys, places in zip(self._context.keys, held, strict=True)
        ]
        return np.concatenate(every)

    def _check_counted(self, positions: NDArray[np.int32]) -> None:
        known = self.counted >= 0
        np.testing.assert_array_equal(self.counted[known], positions[known])

    def evict(
        self,
        keep: int,
        scores: Any,
        pinned: Any,
        origin: NDArray[np.int32],
        positions: NDArray[np.int32],
    ) -> int:
        context = self._context
        used = np.flatnonzero(context.positions >= 0)
        self._check_counted(positions)
        oldest = used[np.argsort(context.positions[used])][: len(used) - keep]
        freed = set(oldest.tolist())
        last = origin.max()
        for head, tokens in enumerate(origin):
            stays = {
                cell
                for cell in used.tolist()
                if tokens[cell] == last or any(p <= tokens[cell] < q for p, q in pinned)
            }
            score = dict(zip(used.tolist(), scores[head].tolist(), strict=True))
            best = sorted(used.tolist(), key=lambda cell: (cell in stays, score[cell], cell))
            kept = set(best[len(best) - keep :])
            free = iter(sorted(set(used.tolist()) - kept - freed))
            layer, own = divmod(head, HEADS)
            for cell in sorted(kept & freed):
                target = next(free)
                for rows in (context.keys[layer], context.values[layer]):
                    rows[target, own] = rows[cell, own]
                for numbers in (origin, positions, self.counted):
                    numbers[head, target] = numbers[head, cell]
        for numbers in (origin, positions, self.counted):
            numbers[:, oldest] = -1
        context.positions[oldest] = -1
        return len(oldest) + self.freed_too_many


def fake_cache(
    monkeypatch: pytest.MonkeyPatch,
    access: str,
    cells: int = 48,
    compaction: Compaction | None = None,
) -> KVCache:
    """A cache of a context without a model."""
    monkeypatch.setattr(view, "find_layout", lambda context, access: context.layout(access))
    context: Any = FakeContext(cells)
    return KVCache(context, access=access, compaction=compaction)  # type: ignore[arg-type]


def append(cache: KVCache, count: int, **options: Any) -> None:
    """Append the next tokens, whose ids are their numbers."""
    cache.append(np.arange(cache.tokens, cache.tokens + count, dtype=np.int32), **options)


def move_rows(cache: KVCache, new: NDArray[np.int32], shift: int) -> None:
    """Rotate every row of the cache anew, and shift its cells, as a compaction does.

    ``new[position]`` is a row's new rotary position; cells go back by ``shift``.
    """
    context: Any = cache.context
    used = np.flatnonzero(context.positions >= 0)
    for layer, (origin, rotary) in enumerate(zip(cache.origin, cache.rotary, strict=True)):
        for head in range(HEADS):
            held = used[origin[head, used] >= 0]
            rotary[head, held] = new[rotary[head, held]]
            keys = KEYS[origin[head, held], layer, head]
            context.keys[layer][held, head] = rotated(keys, rotary[head, held])
    context.positions[used] -= shift
    cache.positions[used] -= shift
    cache.position -= shift
    cache._layout.forget_keys()


def check_rows(cache: KVCache, *, turned: bool = False) -> None:
    """Every row is that of its token, rotated by its rotary position; cells are those mirrored.

    Keys that were ``turned`` were rounded more than once.
    """
    context: Any = cache.context
    np.testing.assert_array_equal(cache.positions, context.positions)
    for layer, (origin, rotary) in enumerate(zip(cache.origin, cache.rotary, strict=True)):
        assert (origin[:, cache.positions < 0] == -1).all()
        np.testing.assert_array_equal(origin < 0, rotary < 0)
        for head in range(HEADS):
            held = np.flatnonzero(origin[head] >= 0)
            tokens = origin[head, held]
            assert len(set(tokens.tolist())) == len(tokens)
            expected = rotated(KEYS[tokens, layer, head], rotary[head, held])
            found = context.keys[layer][held, head]
            np.testing.assert_allclose(found, expected, rtol=0, atol=0.02 if turned else 0)
            np.testing.assert_array_equal(
                context.values[layer][held, head], VALUES[tokens, layer, head]
            )
