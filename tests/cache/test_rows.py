"""Rows taken out of a cache and put into it."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from engine_helpers import PATCHED
from fake_cache import (
    ACCESSES,
    HEADS,
    KEYS,
    LAYERS,
    VALUES,
    append,
    check_rows,
    move_rows,
    rotated,
)
from row_exchanges import KEYDIFF, fail, lacking, made, read, worst

from keydiff_cli.cache import HeadRows, KVCache, LostRowsError
from keydiff_cli.cache.rows import StoredRows
from keydiff_cli.cache.state import Bytes
from keydiff_cli.llama import Context, LlamaError, Model


@pytest.mark.parametrize("access", ACCESSES)
def test_the_rows_of_the_latest_tokens_come_in_their_order(
    access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = read(monkeypatch, access)  # the new tokens are in cells that were freed
    tokens = np.arange(40, 45)
    rows = cache.rows.between(cache.position - 5, cache.position)
    for layer in range(LAYERS):
        keys = rotated(KEYS[tokens, layer], tokens.astype(np.int32))
        np.testing.assert_array_equal(rows[layer], keys.view(np.uint8).reshape(5, -1))
        values = VALUES[tokens, layer].view(np.uint8).reshape(5, -1)
        np.testing.assert_array_equal(rows[LAYERS + layer], values)
        alone = cache.rows.keys_between(layer, cache.position - 5, cache.position)
        np.testing.assert_array_equal(alone, rows[layer])


@pytest.mark.parametrize("access", ACCESSES)
def test_rows_are_exchanged_and_come_back(access: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = read(monkeypatch, access)
    before = [part.copy() for part in cache.origin]
    head, token = lacking(cache)
    came = made(head, token)
    went = cache.rows.exchange(worst(cache, head), came)
    check_rows(cache)
    for number, held in enumerate(np.concatenate(cache.origin)):
        assert set(token[head == number].tolist()) <= set(held.tolist())
    append(cache, 2)
    cache.rows.exchange(cache.rows.find(came.head, came.origin), went)
    check_rows(cache)
    for now, then in zip(np.concatenate(cache.origin), np.concatenate(before), strict=True):
        assert set(now.tolist()) == {*then.tolist(), 45, 46}


@pytest.mark.parametrize("access", ACCESSES)
def test_rows_that_were_moved_meanwhile_are_found(
    access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = read(monkeypatch, access)
    cache.hold()
    held = cache.used
    head, token = lacking(cache)
    came = made(head, token)
    went = cache.rows.exchange(worst(cache, head), came)
    for _ in range(4):  # what is said afterwards makes room among itself only
        append(cache, 12)
        cache.evict(held + 4, KEYDIFF)
    cache.rows.exchange(cache.rows.find(came.head, came.origin), went)
    check_rows(cache)
    for number, tokens in enumerate(np.concatenate(cache.origin)):
        assert not set(token[head == number].tolist()) & set(tokens.tolist())


def test_a_row_that_is_not_held_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = read(monkeypatch, "direct")
    head, token = lacking(cache)
    with pytest.raises(ValueError, match="does not hold"):
        cache.rows.find(head, token.astype(np.int32))


def test_past_scores_and_positions_go_with_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = read(monkeypatch, "direct")
    move_rows(cache, np.arange(400, dtype=np.int32) // 2, 10)
    before = cache.image(copy=True)
    head, token = lacking(cache)
    came = replace(made(head, token), past=np.ones(len(head), np.float32))
    went = cache.rows.exchange(worst(cache, head), came)
    assert cache.image().past.sum() == len(head)
    assert (np.concatenate(cache.rotary) == np.concatenate(cache.origin)).any()
    cache.rows.exchange(cache.rows.find(came.head, came.origin), went)
    after = cache.image()
    for name in ("positions", "origin", "rotary", "past"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name), err_msg=name)
    check_rows(cache)


@pytest.mark.parametrize("access", ["elsewhere", "direct"])
def test_the_whole_state_is_copied_only_where_there_is_no_other_way(
    access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = read(monkeypatch, access)
    monkeypatch.setattr(cache.context, "state", lambda: pytest.fail("it was copied"))
    cache.rows.between(cache.position - 5, cache.position)
    head, token = lacking(cache)
    cache.rows.exchange(worst(cache, head), made(head, token))


@pytest.mark.parametrize("layer", range(LAYERS))
def test_after_a_layer_has_failed_all_rows_are_where_they_were(
    layer: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = read(monkeypatch, "elsewhere")
    before = cache.context.state()
    origin = np.concatenate(cache.origin)
    head, token = lacking(cache)
    fail(cache, monkeypatch, layer)
    with pytest.raises(LlamaError, match="the device is gone"):
        cache.rows.exchange(worst(cache, head), made(head, token))
    np.testing.assert_array_equal(cache.context.state(), before)
    np.testing.assert_array_equal(np.concatenate(cache.origin), origin)
    check_rows(cache)
    cache.rows.exchange(worst(cache, head), made(head, token))  # it goes on as ever
    check_rows(cache)


def test_rows_that_cannot_be_put_back_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are put back all the same."""
    cache = read(monkeypatch, "elsewhere")
    before = cache.context.keys.copy()  # type: ignore[attr-defined]
    head, token = lacking(cache)
    fail(cache, monkeypatch, 2, 3)  # the last layer, and then the one before it
    with pytest.raises(LostRowsError, match="has to be read again: the device is gone"):
        cache.rows.exchange(worst(cache, head), made(head, token))
    same = [np.array_equal(*pair) for pair in zip(cache.context.keys, before, strict=True)]  # type: ignore[attr-defined]
    assert same == [True, False, True]


def test_a_copy_that_llama_cpp_does_not_take_has_lost_the_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache = read(monkeypatch, "copy")
    head, token = lacking(cache)

    def restore(blob: Bytes) -> None:
        raise LlamaError("it does not take it")

    monkeypatch.setattr(cache.context, "restore", restore)
    with pytest.raises(LostRowsError, match="it does not take it"):
        cache.rows.exchange(worst(cache, head), made(head, token))


@pytest.mark.model
@PATCHED
@pytest.mark.parametrize("kv_type", ["f16", "q8_0"])
def test_a_patched_llama_cpp_gives_and_takes_what_is_in_memory(
    kv_type: str, small_model: Model
) -> None:
    """As it does on other devices; what it knows of the keys is forgotten."""
    random = np.random.default_rng(0)
    with closing(Context(small_model, cells=96, batch=48, kv_type=kv_type)) as context:
        cache = KVCache(context, access="native")
        cache.append(random.integers(0, 1000, 48, np.int32))
        cache.evict(30, KEYDIFF)
        cache.append(random.integers(0, 1000, 40, np.int32))  # in cells that were freed, too
        used = np.flatnonzero(cache.positions >= 0)
        direct, layout = cache._layout.direct, replace(cache._layout, direct=None)
        there = StoredRows(context, layout, cache._cells, cache._scoring, cache._evictor)
        span = cache.position - 40, cache.position
        for given, own in zip(there.between(*span), cache.rows.between(*span), strict=True):
            np.testing.assert_array_equal(given, own)
        cache.rows.score(KEYDIFF)

        before = cache.image(copy=True)
        head = np.repeat(np.arange(there.offsets[-1]), 2)
        cells = random.permuted(np.tile(used, (len(head) // 2, 1)), axis=1)
        gone, taken = cells[:, :2].ravel(), cells[:, 2:4].ravel()
        keys, values = [], []
        for number, layer in enumerate(direct):
            own = slice(*2 * there.offsets[number : number + 2])
            where = taken[own], head[own] - there.offsets[number]
            keys.append(layer.keys[where])
            values.append(layer.values[where])
        tokens = np.concatenate(cache.origin)[head, taken]
        came = HeadRows(head, tokens, tokens, np.zeros(len(head), np.float32), keys, values)
        went = there.exchange(gone, came)
        for number, layer in enumerate(direct):
            own = slice(*2 * there.offsets[number : number + 2])
            where = gone[own], head[own] - there.offsets[number]
            np.testing.assert_array_equal(layer.keys[where], keys[number])
            np.testing.assert_array_equal(layer.values[where], values[number])
        scores = cache.rows.score(KEYDIFF)[0]
        layout.forget_keys()
        np.testing.assert_array_equal(scores, cache.rows.score(KEYDIFF)[0])

        there.exchange(gone, went)
        after = cache.image()
        np.testing.assert_array_equal(after.origin, before.origin)
        for now, then in zip(after.rows, before.rows, strict=True):
            np.testing.assert_array_equal(now, then)


# Removed ---------------------------------------------------------------------------------------


def rows_of(cache: KVCache) -> dict[tuple[int, int], tuple[int, int]]:
    """The position of each row, and that by which its key is rotated; by head and token."""
    return {
        (head, int(origin[cell])): (int(cache.positions[cell]), int(rotary[cell]))
        for head, (origin, rotary) in enumerate(
            zip(np.concatenate(cache.origin), np.concatenate(cache.rotary), strict=True)
        )
        for cell in np.flatnonzero(cache.positions >= 0)
    }


@pytest.mark.parametrize("access", ACCESSES)
def test_what_is_removed_leaves_the_rest_as_it_was(
    access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = read(monkeypatch, access)
    position, used = cache.position, cache.used
    append(cache, 12)  # from 45 on, of which 48 to 52 go
    before = rows_of(cache)
    cache.rows.remove(position + 3, position + 8)
    assert (cache.used, cache.position, cache.tokens) == (used + 7, position + 12, 57)
    after = rows_of(cache)
    gone = {(head, token) for head in range(LAYERS * HEADS) for token in range(48, 53)}
    assert before.keys() - after.keys() == gone
    assert all(before[row] == places for row, places in after.items())
    check_rows(cache)


@pytest.mark.parametrize("access", ACCESSES)
def test_the_next_tokens_go_to_the_cells_that_were_freed(
    access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = read(monkeypatch, access)
    position = cache.position
    append(cache, 12)
    freed = np.flatnonzero((cache.positions >= position) & (cache.positions < position + 4))
    cache.rows.remove(position, position + 4)
    append(cache, 4)
    np.testing.assert_array_equal(cache.positions[freed], position + 12 + np.arange(4))
    for origin in cache.origin:
        np.testing.assert_array_equal(origin[:, freed], [np.arange(57, 61)] * HEADS)
    check_rows(cache)
    append(cache, 6)
    cache.evict(cache.used - 3, KEYDIFF)  # it goes on as ever
    check_rows(cache)


@pytest.mark.parametrize("access", ACCESSES)
def test_what_comes_after_a_gap_can_be_taken_back(
    access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = read(monkeypatch, access)
    before, position = rows_of(cache), cache.position
    append(cache, 12)
    cache.rows.remove(position + 2, position + 6)
    cache.truncate(position)
    assert rows_of(cache) == before
    assert (cache.tokens, cache.position) == (45, position)
    check_rows(cache)
