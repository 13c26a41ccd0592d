"""How an eviction reaches the rows and moves them, by each access, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from fake_cache import (
    ACCESSES,
    HEADS,
    LAYERS,
    ROTATION,
    append,
    check_rows,
    fake_cache,
    move_rows,
)

from keydiff_cli.cache import KVCache
from keydiff_cli.cache.cells import RowsInUse
from keydiff_cli.cache.strategies import Choice, CopiedRows, DirectRows, NativeRows, Strategy
from keydiff_cli.llama import LlamaError
from keydiff_cli.policies import POLICIES
from keydiff_cli.scores import KeyDiff, Rows

TOKENS = 20
PROTECTED = [(4, 6), (TOKENS - 1, TOKENS)]  # llama.cpp itself protects the last one


@pytest.fixture(params=ACCESSES)
def cache(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> KVCache:
    """A cache of 17 tokens, whose cells are not in the order of their positions."""
    return disordered(fake_cache(monkeypatch, request.param))


def disordered(cache: KVCache) -> KVCache:
    append(cache, 6)
    cache.context.remove(0, 3)
    cache._cells.remove(0, 3)
    append(cache, TOKENS - 6)
    assert (np.diff(cache.positions[cache._cells.in_use]) < 0).any()
    return cache


def reach(cache: KVCache) -> Strategy:
    """The strategy of the access that the cache has."""
    layout, cells = cache._layout, cache._cells
    rows = cells.rows_in_use()
    if layout.native is not None:
        return NativeRows(layout, layout.native, cells, rows)
    kind = CopiedRows if layout.direct is None else DirectRows
    return kind(cache.context, layout, cells, rows)


def evict(cache: KVCache, keeps: Sequence[int]) -> tuple[list[set[int]], list[set[int]]]:
    """Evict by scores that are drawn; the tokens that each head has to keep, and those it keeps."""
    strategy: Any = reach(cache)
    rows: RowsInUse = strategy._rows
    places = np.random.default_rng(1).normal(size=rows.origin.shape).astype(np.float32)
    protected = {token for start, stop in PROTECTED for token in range(start, stop)}
    expected = []
    for head, tokens in enumerate(rows.origin.tolist()):
        order = [tokens[row] for row in np.argsort(-places[head])]
        order.sort(key=lambda token: token not in protected)
        expected.append(set(order[: keeps[head // HEADS]]))
    used = len(rows)
    choice = Choice(rows, places, PROTECTED, keeps)
    strategy.evict(choice)
    context: Any = cache.context
    assert np.count_nonzero(context.positions >= 0) == max(keeps)
    assert len(cache._cells.in_use) == used, "the mirror is freed by whoever has it evicted"
    assert cache._cells.remove(0, choice.first_kept) == choice.surplus == used - max(keeps)
    check_rows(cache)
    return expected, [set(tokens[tokens >= 0].tolist()) for tokens in np.concatenate(cache.origin)]


def test_the_best_rows_and_the_protected_ones_stay(cache: KVCache) -> None:
    expected, kept = evict(cache, [8] * LAYERS)
    assert kept == expected
    assert set.intersection(*kept) >= {4, 5, TOKENS - 1}


@pytest.mark.parametrize("access", ["direct", "copy"])
def test_layers_may_keep_fewer_rows_than_there_are_cells(
    access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, kept = evict(disordered(fake_cache(monkeypatch, access)), [10, 7, 4])
    assert kept == expected
    assert [len(tokens) for tokens in kept] == [10, 10, 7, 7, 4, 4]


def test_the_keys_are_those_of_the_rows(cache: KVCache) -> None:
    context: Any = cache.context
    used = cache._cells.in_use
    for stored, keys in zip(reach(cache).keys(), context.keys, strict=True):
        np.testing.assert_array_equal(stored, keys[used].view(np.uint8))


def test_keys_elsewhere_are_copied_a_layer_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = disordered(fake_cache(monkeypatch, "elsewhere"))
    native: Any = cache._layout.native
    real, copied = native.keys, []
    monkeypatch.setattr(native, "keys", lambda *given: copied.append(given[0]) or real(*given))
    given = reach(cache).keys()
    seen = [list(copied) for _ in given]
    assert seen == [list(range(number + 1)) for number in range(LAYERS)]


@pytest.mark.parametrize("prerope", [False, True])
def test_only_a_patched_llama_cpp_gives_scores(prerope: bool, cache: KVCache) -> None:
    scores = reach(cache).keydiff([ROTATION] * LAYERS if prerope else None)
    if cache.access != "native":
        assert scores is None
        return
    context: Any = cache.context
    used = cache._cells.in_use
    scorer = KeyDiff(prerope=prerope)
    for layer, given in enumerate(np.split(scores, LAYERS)):
        origin, rotary = cache.origin[layer][:, used], cache.rotary[layer][:, used]
        rows = Rows(context.keys[layer][used], origin, rotary, rotation=ROTATION)
        np.testing.assert_array_equal(given, scorer(rows))


@pytest.mark.parametrize("access", ["native", "elsewhere"])
def test_what_was_counted_of_keys_that_stay_is_not_forgotten(
    access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no key is rotated by the number of its token."""
    cache = fake_cache(monkeypatch, access)
    append(cache, TOKENS)
    move_rows(cache, np.arange(400, dtype=np.int32) + 100, 0)
    cache.evict(12, POLICIES["keydiff-prerope"])
    check_rows(cache)
    native: Any = cache._layout.native
    used = cache._cells.in_use
    np.testing.assert_array_equal(native.counted[:, used], cache._cells.rotary[:, used])
    assert (native.counted[:, used] == cache._cells.origin[:, used] + 100).all()


def test_cells_that_llama_cpp_has_not_freed_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = fake_cache(monkeypatch, "native")
    native: Any = cache._layout.native
    native.freed_too_many = 1
    append(cache, 40)
    with pytest.raises(LlamaError, match="has freed 17 cells, and not 16"):
        cache.evict(24, POLICIES["keydiff"])


@pytest.mark.parametrize(
    ("keeps", "surplus", "first_kept"), [([1, 3], 1, 5), ([4], 0, 3), ([9, 2], 0, 3), ([1], 3, 9)]
)
def test_cells_of_the_lowest_positions_are_freed(
    keeps: list[int], surplus: int, first_kept: int
) -> None:
    """As many as no layer needs."""
    positions = np.array([7, 3, 5, 9], np.int32)
    tokens = np.arange(4, dtype=np.int32)[None]
    scores = np.zeros((1, 4), np.float32)
    rows = RowsInUse(np.arange(4), positions, tokens, tokens, scores)
    choice = Choice(rows, scores, [], keeps)
    assert (choice.surplus, choice.first_kept) == (surplus, first_kept)
