"""Reading: block by block, evicting; the engine against a plain loop, and needles in long texts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_helpers import ACCESSES, PATCHED, SAMPLE, Task, make_task, plain_answer, read, start
from fake_model import FakeModel
from scripted_cache import FakeCache

from keydiff_cli.engine.ingest import ingest, read_head
from keydiff_cli.llama import Model, Tokens
from keydiff_cli.policies import POLICIES
from keydiff_cli.text.blocks import Block
from keydiff_cli.text.prompts import Asked

NEEDLE = "The secret password of the harbour is BLUE HERON. "
ASKED = "What is the secret password of the harbour?"


@pytest.fixture
def cache() -> FakeCache:
    """A cache that holds a head of 20 tokens."""
    cache = FakeCache(FakeModel(), cells=256, batch=32)
    read_head(cache, np.ones(20, np.int32), 16)  # type: ignore[arg-type]
    return cache


def blocks(count: int, size: int = 32) -> Iterator[Block]:
    for first in range(0, count, size):
        yield Block(first, np.arange(first, min(first + size, count), dtype=np.int32) % 200)


def read_all(cache: FakeCache, blocks: Iterator[Block], **rules: Any) -> None:
    list(ingest(cache, blocks, **rules))  # type: ignore[arg-type]


def test_the_head_is_run_in_blocks_and_pinned(cache: FakeCache) -> None:
    assert cache.batches == [16, 4]
    assert cache.pinned == [(0, 20, 20)]


def test_after_each_block_there_are_no_more_tokens_than_the_budget(cache: FakeCache) -> None:
    steps = ingest(
        cache,  # type: ignore[arg-type]
        blocks(150),
        policy=POLICIES["keydiff"],
        budget=50,
    )
    used = [(block.stop, cache.used - 20) for block in steps]
    assert used == [(32, 32), (64, 50), (96, 50), (128, 50), (150, 50)]
    assert cache.batches[2:] == [32, 32, 32, 32, 22]
    assert cache.kept[:20] == [(number, 1) for number in range(20)]
    assert cache.looks == []


@pytest.mark.parametrize(
    ("policy", "times"), [("focus", 3), ("keydiff", 0), ("snapkv", 0), ("h2o", 0), ("full", 0)]
)
def test_a_question_is_looked_at_only_before_an_eviction_for_it(
    cache: FakeCache, policy: str, times: int
) -> None:
    asked = Asked(np.arange(8, dtype=np.int32), 2)
    budget = 64 if policy != "full" else 200  # the second block just fits
    read_all(cache, blocks(150), policy=POLICIES[policy], budget=budget, question=asked)
    assert cache.looks == [(list(range(8)), 2)] * times
    read_all(cache, blocks(64), policy=POLICIES[policy], budget=budget)
    assert len(cache.looks) == times


def test_of_a_question_longer_than_a_block_a_part_is_looked_at(cache: FakeCache) -> None:
    asked = Asked(np.arange(100, dtype=np.int32), 5)
    read_all(cache, blocks(64), policy=POLICIES["focus"], budget=50, question=asked)
    assert cache.looks == [([*range(5), *range(73, 100)], 5)]


@pytest.mark.parametrize(("policy", "watched"), [("snapkv", True), ("h2o", True), ("focus", False)])
def test_blocks_are_watched_for_policies_that_look_at_their_queries(
    cache: FakeCache, monkeypatch: pytest.MonkeyPatch, policy: str, watched: bool
) -> None:
    seen: list[bool] = []
    real = cache.append

    def append(tokens: Tokens, *, watch: bool = False) -> None:
        seen.append(watch)
        real(tokens, watch=watch)

    monkeypatch.setattr(cache, "append", append)
    read_all(cache, blocks(64), policy=POLICIES[policy], budget=50)
    assert seen == [watched] * 2


# With a model ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def short_task(tiny_model: Model) -> Task:
    text = SAMPLE.read_text()[:1200]
    return make_task(tiny_model, text, "Who is the harbour master?")


@pytest.fixture(scope="module")
def expected(tiny_model: Model, short_task: Task) -> list[int]:
    return plain_answer(tiny_model, short_task, block=128, max_tokens=24)


@pytest.mark.parametrize(
    ("policy", "access"),
    # A pyramid evicts in its deeper layers anyway.
    [(name, "direct") for name in POLICIES if name != "pyramid"]
    + [(name, "copy") for name in ("keydiff", "keydiff-token", "focus", "full")]
    + [pytest.param(name, "native", marks=PATCHED) for name in ("keydiff", "focus", "full")],
)
def test_a_budget_as_large_as_the_document_changes_nothing(
    tiny_model: Model, short_task: Task, expected: list[int], policy: str, access: str
) -> None:
    budget = len(short_task.document)
    engine = start(tiny_model, short_task, budget=budget, policy=policy, block=128, access=access)
    read(engine, budget)
    tokens, _ = engine.answer(24)
    assert tokens == expected
    assert engine.cache.evicted == 0
    engine.close()


@pytest.mark.parametrize("policy", ["keydiff", "keydiff-token"])
def test_quantised_keys_evict_too(tiny_model: Model, short_task: Task, policy: str) -> None:
    engine = start(tiny_model, short_task, budget=256, policy=policy, block=64, kv_type="q8_0")
    read(engine, 256)
    assert engine.cache.used == 256 + len(short_task.head)
    tokens, _ = engine.answer(8)
    assert 0 < len(tokens) <= 8
    assert engine.cache.evicted == len(short_task.document) - 256
    engine.close()


def needle_task(model: Model, tokens: int) -> Task:
    """The needle in the middle of a text of about ``tokens`` tokens."""
    text = SAMPLE.read_text()
    half = text.index(". ", int(tokens * 2.2)) + 2
    return make_task(model, text[:half] + NEEDLE + text[half : 2 * half], ASKED)


@pytest.mark.model
@pytest.mark.large
def test_a_needle_in_six_times_the_budget(half_billion_path: Path) -> None:
    """KeyDiff keeps the needle where a sliding window has lost it."""
    model = Model(half_billion_path)
    task = needle_task(model, 3072)
    assert len(task.document) >= 6 * 512
    knows = {}
    for policy in ("keydiff", "window"):
        engine = start(model, task, budget=512, policy=policy, block=128)
        read(engine, 512)
        knows[policy] = "BLUE HERON" in engine.answer(40)[1].upper()
        engine.close()
    model.close()
    assert knows == {"keydiff": True, "window": False}


@pytest.mark.model
@pytest.mark.large
@pytest.mark.parametrize("access", ACCESSES)
def test_windowed_layers_stay_right(gemma_path: Path, access: str) -> None:
    """Eviction leaves the sliding-window layers the last tokens, and full layers their budget."""
    from keydiff_cli.cache.state import parse_state

    model = Model(gemma_path)
    task = make_task(model, SAMPLE.read_text()[:8000], "Who is the harbour master?")
    engine = start(model, task, budget=600, policy="keydiff", block=128, access=access)
    read(engine, 600)
    full, windowed = parse_state(engine.cache.context.state())
    last = engine.cache.position
    assert len(full.positions) == len(task.head) + 600
    assert set(windowed.positions.tolist()) >= set(range(last - model.window + 1, last))
    assert len(full.keys) + len(windowed.keys) == model.layers
    for rows in windowed.keys:
        assert np.isfinite(rows.view(np.float16)).all()
    engine.close()
    model.close()


@pytest.mark.model
@pytest.mark.large
@pytest.mark.parametrize("access", ACCESSES)
def test_windowed_models_answer_as_a_plain_loop(gemma_path: Path, access: str) -> None:
    model = Model(gemma_path)
    task = make_task(model, SAMPLE.read_text()[:6000], "Who is the harbour master?")
    expected = plain_answer(model, task, block=128, max_tokens=16)
    budget = len(task.document)
    engine = start(model, task, budget=budget, policy="keydiff", block=128, access=access)
    read(engine, budget)
    assert engine.answer(16)[0] == expected
    engine.close()
    model.close()
