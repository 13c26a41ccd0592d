"""The engine against a plain decode loop, and a needle in a text longer than the cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from engine_helpers import ACCESSES, PATCHED, SAMPLE, Task, make_task, plain_answer, read, start

from keydiff_cli.llama import Model
from keydiff_cli.policies import POLICIES

pytestmark = pytest.mark.model

NEEDLE = "The secret password of the harbour is BLUE HERON. "
ASKED = "What is the secret password of the harbour?"


@pytest.fixture(scope="module")
def short_task(small_model: Model) -> Task:
    text = SAMPLE.read_text()[:3000]
    return make_task(small_model, text, "Who is the harbour master?")


@pytest.fixture(scope="module")
def expected(small_model: Model, short_task: Task) -> list[int]:
    return plain_answer(small_model, short_task, block=128, max_tokens=24)


@pytest.mark.parametrize(
    ("policy", "access"),
    # A pyramid evicts in its deeper layers anyway.
    [(name, "direct") for name in POLICIES if name != "pyramid"]
    + [(name, "copy") for name in ("keydiff", "keydiff-token", "focus", "full")]
    + [pytest.param(name, "native", marks=PATCHED) for name in ("keydiff", "focus", "full")],
)
def test_a_budget_as_large_as_the_document_changes_nothing(
    small_model: Model, short_task: Task, expected: list[int], policy: str, access: str
) -> None:
    budget = len(short_task.document)
    engine = start(small_model, short_task, budget=budget, policy=policy, block=128, access=access)
    read(engine, budget)
    tokens, _ = engine.answer(24)
    assert tokens == expected
    assert engine.cache.evicted == 0
    engine.close()


@pytest.mark.parametrize("policy", ["keydiff", "keydiff-token"])
def test_quantised_keys_evict_too(small_model: Model, short_task: Task, policy: str) -> None:
    engine = start(small_model, short_task, budget=256, policy=policy, block=64, kv_type="q8_0")
    read(engine, 256)
    assert engine.cache.used == 256 + len(short_task.head)
    tokens, _ = engine.answer(8)
    assert tokens
    engine.close()


def needle_task(model: Model, tokens: int) -> Task:
    """The needle in the middle of a text of about ``tokens`` tokens."""
    text = SAMPLE.read_text()
    half = text.index(". ", int(tokens * 2.2)) + 2
    return make_task(model, text[:half] + NEEDLE + text[half : 2 * half], ASKED)


@pytest.mark.large
def test_a_needle_in_six_times_the_budget(half_billion_path: Path) -> None:
    """KeyDiff keeps the needle where a sliding window has lost it."""
    model = Model(half_billion_path)
    task = needle_task(model, 3072)
    assert len(task.document) >= 6 * 512
    found = {}
    for policy in ("keydiff", "window"):
        engine = start(model, task, budget=512, policy=policy, block=128)
        read(engine, 512)
        found[policy] = "BLUE HERON" in engine.answer(40)[1].upper()
        engine.close()
    model.close()
    assert found == {"keydiff": True, "window": False}


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
