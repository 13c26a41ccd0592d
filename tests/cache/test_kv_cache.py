"""Eviction in the real cache, against a slow and obvious reference and the serialised state."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_helpers import ACCESSES, PRESENT, SAMPLE, Engine, Task, make_task, read, start

from keydiff_cli.cache import Access
from keydiff_cli.cache.state import parse_state
from keydiff_cli.engine.ingest import ingest
from keydiff_cli.llama import Context, Model
from keydiff_cli.policies import POLICIES
from keydiff_cli.text.blocks import blocks

pytestmark = pytest.mark.model

BLOCK = 64
BUDGET = 128
READ = 832  # tokens: eleven blocks are evicted from


@pytest.fixture(scope="module")
def task(small_model: Model) -> Task:
    whole = make_task(small_model, SAMPLE.read_text(), "Who is the harbour master?")
    return Task(whole.head, whole.document[:READ], whole.question)


def state_rows(engine: Engine, layer: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Positions, keys and values that llama.cpp serialises: ``[cells, heads, head_dim]``."""
    state = parse_state(engine.cache.context.state())[0]
    heads = engine.cache.origin[layer].shape[0]
    shape = (len(state.positions), heads, -1)
    return (
        state.positions,
        state.keys[layer].view(np.float16).reshape(shape),
        state.values[layer].view(np.float16).reshape(shape),
    )


@pytest.fixture(scope="module")
def all_rows(small_model: Model, task: Task) -> tuple[np.ndarray, np.ndarray]:
    """Keys and values of layer 0 for every token, which do not depend on the cache."""
    tokens = [task.head, *(block.ids for block in blocks([task.document], BLOCK))]
    context = Context(small_model, cells=len(task.head) + READ, batch=BLOCK, threads=2)
    position = 0
    for part in tokens:
        for first in range(0, len(part), BLOCK):
            batch = part[first : first + BLOCK]
            context.decode(batch, position)
            position += len(batch)
    state = parse_state(context.state())[0]
    context.close()
    heads = small_model.kv_heads(0)
    order = np.argsort(state.positions)
    return tuple(
        rows[0].view(np.float16).reshape(len(order), heads, -1)[order]
        for rows in (state.keys, state.values)
    )


def reference_keep(keys: np.ndarray, kept: list[int], protected: set[int], count: int) -> list[int]:
    """KeyDiff of one head, straight from the formula, one token at a time in float64."""
    unit = {i: keys[i].astype(float) / np.linalg.norm(keys[i].astype(float)) for i in kept}
    mean = sum(unit.values()) / len(kept)
    score = {i: -float(unit[i] @ mean) / np.linalg.norm(mean) for i in kept}
    ranked = sorted(kept, key=lambda i: (i in protected, score[i]), reverse=True)
    return sorted(ranked[:count])


@pytest.mark.parametrize("access", ACCESSES)
def test_layer_0_keeps_what_the_reference_keeps(
    small_model: Model, task: Task, all_rows: tuple[np.ndarray, np.ndarray], access: str
) -> None:
    engine = start(small_model, task, budget=BUDGET, policy="keydiff", block=BLOCK, access=access)
    assert engine.cache.access == access
    head = len(task.head)
    heads = small_model.kv_heads(0)
    kept = [list(range(head)) for _ in range(heads)]
    evictions = 0
    for block in blocks([task.document], BLOCK, head):
        engine.cache.append(block.ids)
        engine.cache.evict(head + BUDGET, POLICIES["keydiff"])
        now = block.start + len(block.ids)
        positions, keys, values = state_rows(engine, 0)
        used = np.flatnonzero(engine.cache.positions >= 0)
        np.testing.assert_array_equal(engine.cache.positions[used], positions)
        for h in range(heads):
            kept[h] += range(block.start, now)
            if len(kept[h]) > head + BUDGET:
                evictions += h == 0
                protected = {*range(head), now - 1}
                kept[h] = reference_keep(all_rows[0][:, h], kept[h], protected, head + BUDGET)
            origin = engine.cache.origin[0][h, used]
            assert sorted(origin) == kept[h]
            np.testing.assert_array_equal(keys[:, h], all_rows[0][origin, h])
            np.testing.assert_array_equal(values[:, h], all_rows[1][origin, h])
    assert evictions >= 10
    engine.close()


@pytest.mark.parametrize(
    "policy", ["keydiff", "keydiff-token", "keydiff-prerope", "window", "focus", "h2o", "pyramid"]
)
def test_every_access_keeps_the_same_rows(small_model: Model, task: Task, policy: str) -> None:
    kept = []
    answers = []
    for access in PRESENT:
        engine = start(small_model, task, budget=BUDGET, policy=policy, block=BLOCK, access=access)
        read(engine, BUDGET)
        kept.append([np.sort(origin, axis=1) for origin in engine.cache.origin])
        answers.append(engine.answer(12))
        engine.close()
    for layers in zip(*kept, strict=True):
        for rows in layers[1:]:
            np.testing.assert_array_equal(rows, layers[0])
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize("policy", ["keydiff", "keydiff-token", "window"])
def test_the_budget_holds_and_the_pinned_and_last_tokens_stay(
    small_model: Model, task: Task, policy: str
) -> None:
    engine = start(small_model, task, budget=BUDGET, policy=policy, block=BLOCK)
    cache, head = engine.cache, len(task.head)
    peak = 0
    for block in blocks([task.document], BLOCK, head):
        cache.append(block.ids)
        peak = max(peak, cache.used)
        cache.evict(head + BUDGET, POLICIES[policy])
        for origin in cache.origin:
            for row in origin:
                present = set(row[row >= 0].tolist())
                assert present >= {*range(head), cache.position - 1}
                assert len(present) == cache.used <= head + BUDGET
    assert peak <= head + BUDGET + BLOCK
    if policy != "keydiff":  # all heads keep the same tokens
        first = np.sort(cache.origin[0][0])
        assert all((np.sort(row) == first).all() for origin in cache.origin for row in origin)
    if policy == "window":
        recent = range(cache.position - BUDGET, cache.position)
        assert set(first[first >= 0].tolist()) == {*range(head), *recent}
    engine.close()


def test_a_pyramid_keeps_less_in_deeper_layers(small_model: Model, task: Task) -> None:
    engine = start(small_model, task, budget=BUDGET, policy="pyramid", block=BLOCK)
    cache, head, policy = engine.cache, len(task.head), POLICIES["pyramid"]
    read(engine, BUDGET)
    largest = policy.largest(BUDGET)
    assert largest == BUDGET * 3 // 2
    assert cache.used == head + largest
    counts = [int((row >= 0).sum()) for origin in cache.origin for row in origin]
    budgets = policy.budgets(largest, len(cache.origin))
    assert counts == [head + n for n in budgets for _ in range(cache.origin[0].shape[0])]
    assert budgets == sorted(budgets, reverse=True)
    assert sum(budgets) / len(budgets) == pytest.approx(BUDGET, abs=1)
    assert cache.context.observer is not None
    hidden = cache.context.observer.hidden
    assert [head + largest - len(hidden.get(i, ())) for i in range(len(budgets))] == [
        head + n for n in budgets
    ]
    for layer, cells in hidden.items():
        assert (cache.origin[layer][:, cells] == -1).all()
        assert (cache.positions[cells] >= 0).all()
    mark = cache.mark()
    first = engine.answer(8)
    cache.rewind(mark)
    assert engine.answer(8) == first
    engine.close()


def test_a_recent_share_keeps_the_last_tokens(small_model: Model, task: Task) -> None:
    engine = start(small_model, task, budget=BUDGET, policy="keydiff", block=BLOCK)
    policy = replace(POLICIES["keydiff"], recent=0.5)
    stream = blocks([task.document], BLOCK, len(task.head))
    ingest(engine.cache, stream, policy=policy, budget=BUDGET)
    recent = set(range(engine.cache.position - BUDGET // 2, engine.cache.position))
    for origin in engine.cache.origin:
        for row in origin:
            assert set(row.tolist()) >= recent
    engine.close()


@pytest.mark.parametrize("access", ACCESSES)
@pytest.mark.parametrize("room", [128, 0])
def test_rewinding_forgets_an_answer(
    small_model: Model, task: Task, access: str, room: int
) -> None:
    """With no room the answer has to evict, so that going back restores a saved state."""
    engine = start(
        small_model, task, budget=BUDGET, policy="keydiff", block=BLOCK, access=access, room=room
    )
    read(engine, BUDGET)
    before = engine.cache.context.state()
    evicted = engine.cache.evicted
    mark = engine.cache.mark()
    spare = engine.cache.free - len(task.question.ids)
    first, _ = engine.answer(spare + 20 if room == 0 else 20)
    assert (engine.cache.evicted > evicted) == (len(first) > spare)
    engine.cache.rewind(mark)
    after = engine.cache.context.state()
    old, new = parse_state(before)[0], parse_state(after)[0]
    order_old, order_new = np.argsort(old.positions), np.argsort(new.positions)
    np.testing.assert_array_equal(old.positions[order_old], new.positions[order_new])
    for mine, theirs in zip(old.keys + old.values, new.keys + new.values, strict=True):
        np.testing.assert_array_equal(mine[order_old], theirs[order_new])
    assert engine.answer(len(first))[0] == first
    engine.cache.rewind(mark)  # the same mark serves for the next question too
    assert engine.answer(len(first))[0] == first
    engine.cache.mark()
    with pytest.raises(ValueError, match="latest mark"):
        engine.cache.rewind(mark)
    engine.close()


def test_a_long_answer_evicts_and_goes_on(small_model: Model, task: Task) -> None:
    engine = start(small_model, task, budget=BUDGET, policy="keydiff", block=BLOCK, room=0)
    read(engine, BUDGET)
    cells = engine.cache.context.cells
    question_at = engine.cache.position
    for token in task.question.ids:
        if engine.cache.free == 0:
            engine.cache.evict(cells - BLOCK, POLICIES["keydiff"])
        engine.cache.append(np.array([token], np.int32))
    engine.cache.pin(question_at, engine.cache.position)
    for _ in range(2 * BLOCK):
        if engine.cache.free == 0:
            engine.cache.evict(cells - BLOCK, POLICIES["keydiff"])
        engine.cache.append(task.document[:1], logits=True)
        assert np.isfinite(engine.cache.context.logits()).all()
    used = np.flatnonzero(engine.cache.positions >= 0)
    np.testing.assert_array_equal(
        engine.cache.positions[used], parse_state(engine.cache.context.state())[0].positions
    )
    for origin in engine.cache.origin:
        for row in origin:
            assert set(row.tolist()) >= set(
                range(question_at, question_at + len(task.question.ids))
            )
    engine.close()


def test_direct_access_is_refused_where_the_bytes_differ(
    small_model: Model, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that is not the cache's must never be written to."""
    from keydiff_cli.llama import CacheTensor

    real = Context.cache_tensors

    def shifted(self: Context) -> dict:
        tensors = real(self)
        key, value = tensors[3]
        tensors[3] = (value, key)
        assert isinstance(key, CacheTensor)
        return tensors

    monkeypatch.setattr(Context, "cache_tensors", shifted)
    monkeypatch.setattr(Context, "native_cache", lambda _: None)
    engine = start(small_model, task, budget=BUDGET, policy="keydiff", block=BLOCK)
    assert engine.cache.access == "copy"
    engine.close()


@pytest.mark.parametrize("budget", [1, 3, 4, 5])
def test_sinks_give_way_to_the_last_token(small_model: Model, task: Task, budget: int) -> None:
    """Without a pinned head the sinks of a window could be more than the budget."""
    bare = Task(task.document[:0], task.document[:200], task.question)
    engine = start(small_model, bare, budget=budget, policy="window", block=BLOCK)
    read(engine, budget)
    kept = set(engine.cache.origin[0][0][engine.cache.positions >= 0].tolist())
    assert kept == {*range(min(4, budget - 1)), *range(200 - max(budget - 4, 1), 200)}
    engine.close()


@pytest.mark.parametrize("access", ACCESSES)
@pytest.mark.parametrize("policy", ["keydiff", "keydiff-prerope", "h2o", "pyramid"])
def test_reading_goes_on_from_an_image_as_if_nothing_had_happened(
    small_model: Model, task: Task, policy: str, access: Access
) -> None:
    """Cell by cell and bit by bit."""
    whole, cut = goes_on(small_model, task, BUDGET, BLOCK, policy, access)
    for mine, theirs in zip(
        vars(cut.cache.image()).items(), vars(whole.cache.image()).items(), strict=True
    ):
        np.testing.assert_array_equal(mine[1], theirs[1], err_msg=mine[0])
    np.testing.assert_array_equal(cut.cache.context.state(), whole.cache.context.state())
    assert cut.answer(12) == whole.answer(12)
    cut.close()
    whole.close()


@pytest.mark.large
@pytest.mark.parametrize("access", ACCESSES)
def test_reading_of_a_windowed_model_goes_on_from_an_image(
    gemma_path: Path, access: Access
) -> None:
    """The same but for rounding: llama.cpp puts the windows into other cells than before."""
    with closing(Model(gemma_path)) as model:
        task = make_task(model, SAMPLE.read_text()[:8000], "Who is the harbour master?")
        whole, cut = goes_on(model, task, 600, 128, "keydiff", access)
        kept = len(task.head) + 600
        for mine, theirs in zip(cut.cache.origin, whole.cache.origin, strict=True):
            for one, other in zip(mine, theirs, strict=True):
                common = np.intersect1d(one[one >= 0], other[other >= 0])
                assert kept * 0.97 <= len(common) <= kept
        mine, theirs = (parse_state(one.cache.context.state())[1] for one in (cut, whole))
        assert sorted(mine.positions) == sorted(theirs.positions)
        assert cut.answer(12) == whole.answer(12)
        cut.close()
        whole.close()


def goes_on(model: Model, task: Task, budget: int, block: int, policy: str, access: Access) -> None:
    """Cell by cell and bit by bit, also in a cache of another size."""
    stream = list(blocks([task.document], block, len(task.head)))
    form: dict[str, Any] = {"budget": budget, "policy": policy, "block": block, "access": access}
    whole, cut = start(model, task, **form), start(model, task, **form, room=512)
    rules: dict[str, Any] = {"policy": POLICIES[policy], "budget": budget}
    ingest(whole.cache, stream, **rules)
    ingest(cut.cache, stream[:7], **rules)
    image = cut.cache.image()
    image = replace(image, rows=[rows.copy() for rows in image.rows])
    read(cut, budget)  # something else comes between
    cut.cache.load(image)
    ingest(cut.cache, stream[7:], **rules)
    return whole, cut
