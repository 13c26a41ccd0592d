"""The cache as a patched llama.cpp gives access to it."""

from __future__ import annotations

import numpy as np
import pytest
from engine import PATCHED, PRESENT, SAMPLE, Engine, Task, make_task, read, start

from keydiff_cli.errors import ModelError
from keydiff_cli.eviction import follow
from keydiff_cli.llama import LlamaError, Model, NativeCache
from keydiff_cli.policies import POLICIES
from keydiff_cli.scores import KeyDiff, Rows

BUDGET, BLOCK = 64, 32


@pytest.fixture(scope="module")
def task(small_model: Model) -> Task:
    return make_task(small_model, SAMPLE.read_text()[:900], "Who is the harbour master?")


@pytest.fixture
def engine(small_model: Model, task: Task) -> Engine:
    engine = start(small_model, task, budget=BUDGET, policy="keydiff", block=BLOCK, access="native")
    read(engine, BUDGET)
    yield engine
    engine.close()


def native(engine: Engine) -> NativeCache:
    found = engine.cache.context.native_cache()
    assert found is not None
    return found


@pytest.mark.model
@pytest.mark.skipif("native" in PRESENT, reason="llama.cpp is patched")
def test_a_stock_build_has_no_native_access(small_model: Model, task: Task) -> None:
    with pytest.raises(ModelError, match="gives no native access"):
        start(small_model, task, budget=BUDGET, policy="keydiff", block=BLOCK, access="native")


@pytest.mark.model
@PATCHED
def test_positions_are_those_that_are_mirrored(engine: Engine) -> None:
    assert engine.cache.access == "native"
    positions = native(engine).positions(engine.cache.context.cells)
    np.testing.assert_array_equal(positions, engine.cache.positions)
    assert engine.cache.evicted > 0


@pytest.mark.model
@PATCHED
def test_scores_are_those_of_numpy(engine: Engine) -> None:
    """With what is remembered of the keys, and without."""
    cache = engine.cache
    used = np.flatnonzero(cache.positions >= 0)
    cache.append(engine.task.document[:5])
    used = np.flatnonzero(cache.positions >= 0)
    scores = native(engine).keydiff(len(used))
    native(engine).forget()
    np.testing.assert_allclose(native(engine).keydiff(len(used)), scores, rtol=0, atol=1e-7)
    first = 0
    for keys, origin in zip(native(engine).tensors.values(), cache.origin, strict=True):
        heads = len(origin)
        half = np.ctypeslib.as_array(
            (np.ctypeslib.ctypes.c_uint16 * (keys[0].size // 2)).from_address(keys[0].address)
        ).view(np.float16)
        rows = half.reshape(len(cache.positions), heads, -1)[used].astype(np.float32)
        expected = KeyDiff()(Rows(rows, origin[:, used]))
        np.testing.assert_allclose(scores[first : first + heads], expected, rtol=0, atol=1e-7)
        first += heads


@pytest.mark.model
@PATCHED
def test_what_cannot_be_evicted_is_refused_and_nothing_is_lost(engine: Engine) -> None:
    cache = engine.cache
    before = cache.image(copy=True)
    rows = int(np.count_nonzero(cache.positions >= 0))
    scores = np.zeros((native(engine).heads, rows), np.float32)
    with pytest.raises(LlamaError, match="rows are pinned, and 8 are to stay"):
        native(engine).evict(8, scores, [(0, cache.position)], cache._cells.origin)
    with pytest.raises(LlamaError, match="scores for"):
        native(engine).evict(8, scores[:, 1:], [], cache._cells.origin)
    with pytest.raises(LlamaError, match="not a number"):
        native(engine).evict(8, scores * np.nan, [], cache._cells.origin)
    for mine, theirs in zip(cache.image().rows, before.rows, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(cache.image().origin, before.origin)


@pytest.mark.model
@PATCHED
def test_sums_are_forgotten_when_rows_are_replaced(small_model: Model, task: Task) -> None:
    """What comes after a rewound answer is scored as if there had been no answer."""
    kept = []
    for answers in (0, 2):
        engine = start(
            small_model, task, budget=BUDGET, policy="keydiff", block=BLOCK, access="native"
        )
        read(engine, BUDGET)
        for _ in range(answers):
            mark = engine.cache.mark()
            engine.answer(BLOCK)
            engine.cache.evict(engine.cache.pinned_rows + BUDGET // 2, POLICIES["keydiff"])
            engine.cache.rewind(mark)
        engine.cache.append(task.document[:BLOCK])
        engine.cache.evict(engine.cache.pinned_rows + BUDGET, POLICIES["keydiff"])
        kept.append([np.sort(origin, axis=1) for origin in engine.cache.origin])
        engine.close()
    for one, other in zip(*kept, strict=True):
        np.testing.assert_array_equal(one, other)


def test_numbers_follow_their_rows() -> None:
    before = np.array([[0, 1, 2, 3, 4], [0, 1, 2, 3, 4]], np.int32)
    after = np.array([[-1, -1, 0, 3, 1], [-1, -1, 2, 1, 4]], np.int32)
    numbers = np.arange(10, dtype=np.float32).reshape(2, 5)
    follow(numbers, before, after)
    assert numbers[0, 2:].tolist() == [0, 3, 1]
    assert numbers[1, 2:].tolist() == [7, 6, 9]
