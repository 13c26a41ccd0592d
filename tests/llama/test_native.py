"""The cache as a patched llama.cpp gives access to it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from engine_helpers import PATCHED, PRESENT, SAMPLE, Engine, Task, make_task, read, start

from keydiff_cli.cache.strategies import DirectRows
from keydiff_cli.compaction import Compaction
from keydiff_cli.engine.answer import extend
from keydiff_cli.errors import ModelError
from keydiff_cli.llama import LlamaError, Model, NativeCache
from keydiff_cli.policies import POLICIES
from keydiff_cli.scores import Rotation

BUDGET, BLOCK = 64, 32
ELSEWHERE = Path(__file__).parents[1] / "support" / "rows_elsewhere.py"


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
    cache = engine.cache.context.native_cache()
    assert cache is not None
    return cache


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
@pytest.mark.parametrize("longest", [None, 180], ids=["as read", "moved"])  # tokens of a text
@pytest.mark.parametrize("kv_type", ["f16", "q8_0"])  # llama.cpp mixes keys to quantise them
@pytest.mark.parametrize("policy", ["keydiff", "keydiff-prerope"])
def test_scores_are_those_of_numpy(
    small_model: Model, task: Task, policy: str, kv_type: str, longest: int | None
) -> None:
    """With what is remembered of the keys, and without; but for a rounding here and there."""
    engine = start(
        small_model,
        task,
        budget=BUDGET,
        policy=policy,
        block=BLOCK,
        access="native",
        kv_type=kv_type,
    )
    cache = engine.cache
    cache.compaction = longest and Compaction("capped", longest)
    read(engine, BUDGET)
    assert bool(cache.shifts) == (longest is not None)
    assert native(engine)._sums  # of what was evicted from natively
    cache.append(task.document[:5])
    used = np.flatnonzero(cache.positions >= 0)
    layout, rotary = cache._layout, cache._cells.rotary
    rotations = layout.all_rotations if POLICIES[policy].prerope else None
    assert native(engine)._compared == rotations
    scores = native(engine).keydiff(len(used), rotary, rotations)
    native(engine).forget()
    again = native(engine).keydiff(len(used), rotary, rotations)
    rows = cache._cells.rows_in_use()
    stored = DirectRows(cache.context, layout, cache._cells, rows)
    expected = cache._scoring.scores(POLICIES[policy], stored, rows, [])
    for given in (scores, again):
        np.testing.assert_allclose(given, expected, rtol=0, atol=1e-7)
        assert (given == expected).mean() > 0.9999
    engine.close()


@pytest.mark.model
@PATCHED
@pytest.mark.parametrize("policy", ["pyramid", "keydiff-prerope", "focus"])
def test_conversations_keep_the_same_rows(small_model: Model, task: Task, policy: str) -> None:
    """They evict by KeyDiff on keys as they are cached, whatever the document was read by.

    Not by copies: those put rows into other cells, which changes the last bits of what comes next.
    """
    kept = []
    for access in ("native", "direct"):
        engine = start(
            small_model, task, budget=BUDGET, policy=policy, block=BLOCK, access=access, room=0
        )
        read(engine, BUDGET)
        evicted = engine.cache.evicted
        extend(engine.cache, task.document)
        assert engine.cache.evicted > evicted
        kept.append(np.sort(np.concatenate(engine.cache.origin), axis=1))
        engine.close()
    np.testing.assert_array_equal(*kept)


@pytest.mark.model
@PATCHED
def test_what_cannot_be_evicted_is_refused_and_nothing_is_lost(engine: Engine) -> None:
    cache = engine.cache
    before = cache.image(copy=True)
    rows = int(np.count_nonzero(cache.positions >= 0))
    scores = np.zeros((native(engine).heads, rows), np.float32)
    maps = cache._cells.origin, cache._cells.rotary
    with pytest.raises(LlamaError, match="rows are pinned, and 8 are to stay"):
        native(engine).evict(8, scores, [(0, cache.tokens)], *maps)
    with pytest.raises(LlamaError, match="scores for"):
        native(engine).evict(8, scores[:, 1:], [], *maps)
    with pytest.raises(LlamaError, match="not a number"):
        native(engine).evict(8, scores * np.nan, [], *maps)
    with pytest.raises(LlamaError, match="have to be int32"):
        native(engine).evict(8, scores, [], maps[0], maps[1][:, 1:])
    with pytest.raises(LlamaError, match="are not rotated so"):
        wrong = [Rotation(np.zeros(1000))] * len(cache.origin)
        native(engine).keydiff(rows, cache._cells.rotary, wrong)
    with pytest.raises(LlamaError, match="have to be int32"):
        native(engine).keydiff(rows, cache._cells.rotary[:, 1:])
    for rows, wanted in zip(cache.image().rows, before.rows, strict=True):
        np.testing.assert_array_equal(rows, wanted)
    np.testing.assert_array_equal(cache.image().origin, before.origin)
    np.testing.assert_array_equal(cache.image().rotary, before.rotary)


@pytest.mark.model
@PATCHED
def test_rows_that_are_not_there_are_refused_and_nothing_is_lost(engine: Engine) -> None:
    cache = engine.cache
    before = cache.image(copy=True)
    used = np.flatnonzero(cache.positions >= 0)[:3]
    free = np.array([*used[:2], np.flatnonzero(cache.positions < 0)[0]])
    keys, values = native(engine).rows(0, used)
    heads = np.zeros(3, np.int64)
    other = keys[:, 1].copy(), values[:, 1].copy()
    for cells in (free, used + cache.context.cells, used - cache.context.cells):
        with pytest.raises(LlamaError, match="is not of the sequence"):
            native(engine).keys(0, cells)
        with pytest.raises(LlamaError, match="is not of the sequence"):
            native(engine).exchange(0, cells, heads, *other)
    with pytest.raises(LlamaError, match="has no head 3"):
        native(engine).exchange(0, used, heads + 3, *other)
    with pytest.raises(LlamaError, match="3 rows of layer 0 have 384 bytes of K and 384 of V"):
        native(engine).exchange(0, used, heads, other[0][:, 1:], other[1])
    for rows, wanted in zip(cache.image().rows, before.rows, strict=True):
        np.testing.assert_array_equal(rows, wanted)


@PATCHED
@pytest.mark.parametrize("kv_type", ["f16", "q8_0"])
@pytest.mark.parametrize("layers", ["all", "3"])  # the output is one of them
def test_rows_elsewhere_are_archived_and_recalled_without_a_copy_of_the_state(
    layers: str, kv_type: str, server: str
) -> None:
    """In a process of its own: llama.cpp does not forget a server."""
    command = [sys.executable, ELSEWHERE, server, layers, kv_type]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


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
    for layers in zip(*kept, strict=True):
        np.testing.assert_array_equal(*layers)
