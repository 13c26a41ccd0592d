"""Eviction by every access, without a model: rows keep their tokens and their rotary positions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from fake_cache import ACCESSES, append, check_rows, fake_cache, move_rows

from keydiff_cli.cache import KVCache
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import LlamaError
from keydiff_cli.policies import POLICIES

POLICIES_TRIED = [name for name in POLICIES if name != "full"]
KEEP, BLOCK = 24, 12


def read(cache: KVCache, policy: Policy, blocks: int, *, moved: bool = False) -> None:
    """Read blocks under a policy; ``moved``: rows get other rotary positions on the way."""
    asked = np.arange(390, 394, dtype=np.int32)
    for block in range(blocks):
        append(cache, BLOCK, watch=policy.watch in ("block", "stream"))
        if policy.watch == "question":
            cache.look(asked, lead=1)
        cache.evict(cache.pinned_rows + policy.largest(KEEP - 4), policy)
        if moved and block == blocks // 2:
            halves = np.arange(400, dtype=np.int32) // 2 + 100
            move_rows(cache, halves, int(cache.positions[cache.positions >= 0].min()))


def held(cache: KVCache, what: str) -> np.ndarray:
    """Tokens or rotary positions of each head, in order of the tokens: ``[heads, rows]``."""
    origin = np.concatenate(cache.origin)
    order = np.argsort(origin, axis=1)
    return np.take_along_axis(np.concatenate(getattr(cache, what)), order, axis=1)


@pytest.mark.parametrize("moved", [False, True], ids=["as appended", "moved"])
@pytest.mark.parametrize("name", POLICIES_TRIED)
def test_every_access_keeps_the_same_rows(
    name: str, moved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, kept = POLICIES[name], []
    for access in ACCESSES:
        cache = fake_cache(monkeypatch, access)
        append(cache, 4)
        cache.pin(0, 4)
        read(cache, policy, 5, moved=moved)
        check_rows(cache)
        assert cache.tokens == 4 + 5 * BLOCK
        assert (cache.position < cache.tokens) == moved
        assert cache.evicted == cache.tokens - cache.used
        origin, rotary = held(cache, "origin"), held(cache, "rotary")
        differs = (origin != rotary).any()
        assert differs == moved
        for tokens in origin:
            assert {*range(4), cache.tokens - 1} <= set(tokens.tolist())
        kept.append((origin, rotary))
    for other in kept[1:]:
        np.testing.assert_array_equal(other, kept[0])


@pytest.mark.parametrize("access", ACCESSES)
def test_what_is_protected_is_told_by_token(access: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pins, sinks and the recent share, where positions say something else."""
    cache = fake_cache(monkeypatch, access)
    read(cache, POLICIES["keydiff"], 3)
    move_rows(cache, np.arange(400, dtype=np.int32)[::-1].copy(), 12)
    cache.pin(cache.tokens, cache.tokens + 3)
    policy = replace(POLICIES["keydiff"], recent=0.5)
    append(cache, BLOCK)
    append(cache, 4)
    cache.evict(KEEP, policy)
    check_rows(cache)
    pinned, recent = cache.tokens - 16, (KEEP - 3) // 2
    for tokens in np.concatenate(cache.origin):
        assert {*range(pinned, pinned + 3)} <= set(tokens.tolist())
        assert {*range(cache.tokens - recent, cache.tokens)} <= set(tokens.tolist())


@pytest.mark.parametrize("access", ["direct", "copy"])
def test_cells_that_share_a_position_are_an_error(
    access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = fake_cache(monkeypatch, access)
    append(cache, 40)
    for positions in (cache.positions, cache.context.positions):  # type: ignore[attr-defined]
        positions[20] = 15
    with pytest.raises(LlamaError, match=r"15 cells have positions before 15, and not 16"):
        cache.evict(KEEP, POLICIES["keydiff"])


def test_a_pyramid_gives_up_rows_in_cells_that_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = fake_cache(monkeypatch, "native")
    policy = POLICIES["pyramid"]
    read(cache, policy, 5)
    check_rows(cache)
    budgets = policy.budgets(policy.largest(KEEP - 4), 3)
    counts = [(origin >= 0).sum(axis=1).tolist() for origin in cache.origin]
    assert counts == [[count] * 2 for count in budgets]
    assert budgets[0] > budgets[1] > budgets[2]


def test_scores_of_a_stream_move_with_their_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sum of attention that h2o remembers of a token, by every access."""
    past = []
    for access in ACCESSES:
        cache = fake_cache(monkeypatch, access)
        read(cache, POLICIES["h2o"], 5)
        order = np.argsort(np.concatenate(cache.origin), axis=1)[:, -cache.used :]
        past.append(np.take_along_axis(cache._cells.past, order, axis=1))
        assert past[0].any(axis=1).all()
        np.testing.assert_allclose(past[-1], past[0], rtol=1e-5)


@pytest.mark.parametrize("name", ["keydiff", "keydiff-token", "window"])
def test_the_budget_holds_and_the_pinned_and_last_tokens_stay(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, policy = fake_cache(monkeypatch, "direct"), POLICIES[name]
    append(cache, 4)
    cache.pin(0, 4)
    peak = 0
    for _ in range(8):
        append(cache, BLOCK)
        peak = max(peak, cache.used)
        cache.evict(KEEP, policy)
        for row in np.concatenate(cache.origin):
            present = set(row[row >= 0].tolist())
            assert present >= {*range(4), cache.tokens - 1}
            assert len(present) == cache.used <= KEEP
    assert peak == KEEP + BLOCK
    first, *others = held(cache, "origin")
    if name != "keydiff":  # all heads keep the same tokens
        assert all((row == first).all() for row in others)
    if name == "window":
        recent = range(cache.tokens - (KEEP - 4), cache.tokens)
        assert set(first[first >= 0].tolist()) == {*range(4), *recent}


@pytest.mark.parametrize("budget", [1, 3, 4, 5])
def test_sinks_give_way_to_the_last_token(budget: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a pinned head the sinks of a window could be more than the budget."""
    cache = fake_cache(monkeypatch, "copy")
    for _ in range(4):
        append(cache, 10)
        cache.evict(budget, POLICIES["window"])
    kept = set(cache.origin[0][0][cache.positions >= 0].tolist())
    assert kept == {*range(min(4, budget - 1)), *range(40 - max(budget - 4, 1), 40)}


def test_more_pinned_than_may_be_kept_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = fake_cache(monkeypatch, "direct")
    append(cache, 30)
    cache.pin(0, 20)
    with pytest.raises(ValueError, match="more rows are protected"):
        cache.evict(20, POLICIES["keydiff"])
    check_rows(cache)


def test_what_a_query_sees_is_told_by_token(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = fake_cache(monkeypatch, "direct")
    append(cache, 20)
    move_rows(cache, np.arange(400, dtype=np.int32) // 2, 0)
    cache.position = 10
    append(cache, 5, watch=True, lead=1)
    queries = cache.queries(2)
    assert queries.origin.tolist() == [20, 21, 22, 23, 24]
    assert queries.lead == 1
    assert not queries.origin.flags.writeable
