"""The cache of a real model, against a slow and obvious reference and the serialised state."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import cache as remember
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_helpers import ACCESSES, PRESENT, SAMPLE, Engine, Task, make_task, read, start

from keydiff_cli.cache import Access, Image
from keydiff_cli.cache.state import parse_state
from keydiff_cli.engine.answer import add_question, extend
from keydiff_cli.engine.ingest import ingest
from keydiff_cli.llama import Context, Model
from keydiff_cli.policies import POLICIES
from keydiff_cli.text.blocks import blocks

pytestmark = pytest.mark.model

BLOCK = 16
BUDGET = 32
READ = 13 * BLOCK  # tokens: eleven blocks are evicted from
Reading = Callable[[str, Access], Engine]


@pytest.fixture(scope="module")
def task(small_model: Model) -> Task:
    whole = make_task(small_model, SAMPLE.read_text()[:2000], "Who is the harbour master?")
    return Task(whole.head, whole.document[:READ], whole.question)


def begin(model: Model, task: Task, policy: str, access: Access, room: int = 128) -> Engine:
    """An engine that has not read the document yet; such small batches want a single thread."""
    form: dict[str, Any] = {"budget": BUDGET, "block": BLOCK, "room": room, "threads": 1}
    return start(model, task, policy=policy, access=access, **form)


def fill(engine: Engine, spare: int) -> None:
    """Append tokens of the document until so many cells are free."""
    while count := min(engine.cache.free - spare, BLOCK):
        engine.cache.append(engine.task.document[:count])


@pytest.fixture(scope="module")
def reading(small_model: Model, task: Task) -> Iterator[Reading]:
    """Gives the engine that has read the document by a policy and an access, once for all tests.

    Whoever changes it takes it back to where it was.
    """
    with ExitStack() as stack:

        @remember
        def give(policy: str, access: Access) -> Engine:
            engine = begin(small_model, task, policy, access)
            stack.callback(engine.close)
            read(engine, BUDGET)
            return engine

        yield give


def answer(engine: Engine, max_tokens: int) -> tuple[list[int], str]:
    """Answer, and go back."""
    mark = engine.cache.mark()
    answered = engine.answer(max_tokens)
    engine.cache.rewind(mark)
    engine.cache.unmark()
    return answered


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
    tokens = [task.head, *(block.ids for block in blocks(task.document, BLOCK))]
    context = Context(small_model, cells=len(task.head) + READ, batch=BLOCK, threads=1)
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
    """Token by token; cells are where llama.cpp has them, and it never takes more than it may."""
    engine = begin(small_model, task, "keydiff", access)
    assert engine.cache.access == access
    head = len(task.head)
    heads = small_model.kv_heads(0)
    kept = [list(range(head)) for _ in range(heads)]
    evictions = 0
    for block in blocks(task.document, BLOCK, head):
        engine.cache.append(block.ids)
        assert engine.cache.used <= head + BUDGET + len(block.ids)
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
def test_every_access_keeps_the_same_rows(reading: Reading, policy: str) -> None:
    engines = [reading(policy, access) for access in PRESENT]
    kept = [np.sort(np.concatenate(engine.cache.origin), axis=1) for engine in engines]
    for rows in kept[1:]:
        np.testing.assert_array_equal(rows[:, -BUDGET:], kept[0][:, -BUDGET:])
        np.testing.assert_array_equal(rows, kept[0])
    answers = [answer(engine, 8) for engine in engines]
    assert answers == [answers[0]] * len(answers)
    for engine in engines:  # nothing has given any row another position than its token's
        np.testing.assert_array_equal(engine.cache.rotary, engine.cache.origin)
        assert engine.cache.tokens == engine.cache.position


def test_a_pyramid_keeps_less_in_deeper_layers(reading: Reading, task: Task) -> None:
    """The cells that a layer has given up are hidden from it."""
    engine = reading("pyramid", "direct")
    cache, head, policy = engine.cache, len(task.head), POLICIES["pyramid"]
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
    assert [largest - len(hidden.get(layer, ())) for layer in range(len(budgets))] == budgets
    for layer, cells in hidden.items():
        assert (cache.origin[layer][:, cells] == -1).all()
        assert (cache.positions[cells] >= 0).all()
    assert answer(engine, 8) == answer(engine, 8)


@pytest.mark.parametrize("access", ACCESSES)
def test_rewinding_forgets_what_came_after(small_model: Model, task: Task, access: Access) -> None:
    """More than there is room for has to evict, so that going back restores a saved state."""
    engine = begin(small_model, task, "keydiff", access)
    cache, spare = engine.cache, 8
    read(engine, BUDGET)
    fill(engine, spare)
    old, evicted = parse_state(cache.context.state())[0], cache.evicted
    order_old = np.argsort(old.positions)
    mark = cache.mark()
    for count in (spare - 2, spare + BLOCK):
        logits = []
        for _ in range(2):  # the same mark serves for the next question too
            extend(cache, task.document[:count], logits=True)
            logits.append(cache.context.logits().copy())
            assert (cache.evicted > evicted) == (count > spare)
            cache.rewind(mark)
            assert cache.evicted == evicted
            new = parse_state(cache.context.state())[0]
            order_new = np.argsort(new.positions)
            np.testing.assert_array_equal(old.positions[order_old], new.positions[order_new])
            for before, after in zip(old.rows, new.rows, strict=True):
                np.testing.assert_array_equal(before[order_old], after[order_new])
        np.testing.assert_array_equal(*logits)
    cache.mark()
    with pytest.raises(ValueError, match="latest mark"):
        cache.rewind(mark)
    engine.close()


def test_a_long_answer_evicts_and_goes_on(small_model: Model, task: Task) -> None:
    """Token by token; what is pinned stays, and cells are where llama.cpp has them."""
    engine = begin(small_model, task, "keydiff", "direct")
    cache, question = engine.cache, task.question.ids
    read(engine, BUDGET)
    fill(engine, 4)
    asked, evicted = cache.tokens, cache.evicted
    add_question(cache, question)
    for _ in range(2 * BLOCK):
        extend(cache, task.document[:1], logits=True)
        assert np.isfinite(cache.context.logits()).all()
    assert cache.evicted - evicted >= 2 * BLOCK
    used = np.flatnonzero(cache.positions >= 0)
    np.testing.assert_array_equal(
        cache.positions[used], parse_state(cache.context.state())[0].positions
    )
    for row in np.concatenate(cache.origin):
        assert set(row.tolist()) >= set(range(asked, asked + len(question)))
    engine.close()


@pytest.mark.parametrize("access", ACCESSES)
@pytest.mark.parametrize("policy", ["keydiff", "keydiff-prerope", "h2o", "pyramid"])
def test_reading_goes_on_from_an_image_as_if_nothing_had_happened(
    small_model: Model, task: Task, reading: Reading, policy: str, access: Access
) -> None:
    """Cell by cell and bit by bit, also in a cache of another size."""
    whole, cut = reading(policy, access), begin(small_model, task, policy, access, room=256)
    interrupt_reading(cut, BUDGET)
    assert_same(cut.cache.image(), whole.cache.image())
    np.testing.assert_array_equal(cut.cache.context.state(), whole.cache.context.state())
    assert cut.answer(4) == answer(whole, 4)
    cut.close()


@pytest.mark.large
@pytest.mark.parametrize("access", ACCESSES)
def test_reading_of_a_windowed_model_goes_on_from_an_image(
    gemma_path: Path, access: Access
) -> None:
    """The same but for rounding: llama.cpp puts the windows into other cells than before."""
    form: Any = {"budget": 600, "policy": "keydiff", "block": 128, "access": access}
    with closing(Model(gemma_path)) as model:
        task = make_task(model, SAMPLE.read_text()[:8000], "Who is the harbour master?")
        whole, cut = start(model, task, **form), start(model, task, **form, room=512)
        read(whole, 600)
        interrupt_reading(cut, 600)
        kept = len(task.head) + 600
        for layers in zip(cut.cache.origin, whole.cache.origin, strict=True):
            for resumed, at_once in zip(*layers, strict=True):
                common = np.intersect1d(resumed[resumed >= 0], at_once[at_once >= 0])
                assert kept * 0.97 <= len(common) <= kept
        windows = [parse_state(each.cache.context.state())[1] for each in (cut, whole)]
        assert sorted(windows[0].positions) == sorted(windows[1].positions)
        assert cut.answer(12) == whole.answer(12)
        cut.close()
        whole.close()


def assert_same(image: Image, wanted: Image) -> None:
    """Images that differ at most by what is left in free cells."""
    used = wanted.positions >= 0
    for name in ("tokens", "position", "pinned", "positions", "origin", "rotary", "widths"):
        np.testing.assert_array_equal(getattr(image, name), getattr(wanted, name), err_msg=name)
    np.testing.assert_array_equal(image.past[:, used], wanted.past[:, used])
    np.testing.assert_array_equal(image.windowed, wanted.windowed)
    for rows, expected in zip(image.rows, wanted.rows, strict=True):
        np.testing.assert_array_equal(rows[used], expected[used])


def interrupt_reading(engine: Engine, budget: int) -> None:
    """Read half of the document, something else, and from an image of the first half the rest."""
    stream = list(blocks(engine.task.document, engine.block))
    rules: dict[str, Any] = {"policy": POLICIES[engine.policy], "budget": budget}
    list(ingest(engine.cache, stream[:7], **rules))
    image = engine.cache.image()
    image = replace(image, rows=[rows.copy() for rows in image.rows])
    list(ingest(engine.cache, stream[2:4], **rules))
    engine.cache.load(image)
    list(ingest(engine.cache, stream[7:], **rules))
