"""Rows come back for a question: those that its words attend to."""

from __future__ import annotations

import numpy as np
import pytest
from cli_helpers import story
from engine_helpers import PRESENT, Task, make_task
from fake_cache import ACCESSES, HEADS, KEYS, LAYERS, append, check_rows, fake_cache, rotated
from memory_archive import Kept
from row_exchanges import fail

from keydiff_cli.cache import KVCache, LostRowsError, stretches
from keydiff_cli.compaction import Compaction
from keydiff_cli.engine.ingest import read_head
from keydiff_cli.engine.recall import Recall, lifts, put_back
from keydiff_cli.engine.setup import open_engine
from keydiff_cli.llama import Model
from keydiff_cli.policies import POLICIES
from keydiff_cli.scores import Rows
from keydiff_cli.scores.focus import Focus
from keydiff_cli.text.prompts import Asked

HEAD, DOCUMENT, KEPT = 4, 40, 12


def read(
    monkeypatch: pytest.MonkeyPatch,
    access: str,
    cells: int = 64,
    document: int = DOCUMENT,
    kept: int = KEPT,
) -> tuple[KVCache, Kept]:
    """A document read into few rows, eight tokens at a time, and its archive."""
    cache, archive = fake_cache(monkeypatch, access, cells), Kept()
    append(cache, HEAD)
    cache.pin(0, HEAD)
    for _ in range(document // 8):
        append(cache, 8)
        archive.add(cache, 8)
        cache.evict(HEAD + kept, POLICIES["keydiff-prerope"])
    cache.hold()
    cache.context.batch = 16
    return cache, archive


QUESTION = Asked(np.arange(300, 309, dtype=np.int32), 3)


@pytest.mark.parametrize("access", ACCESSES)
def test_the_lift_is_that_of_focus_over_all_that_was_read(
    access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, archive = read(monkeypatch, access)
    whole, _ = read(monkeypatch, access, cells=128)
    whole.clear()
    append(whole, HEAD + DOCUMENT)
    whole.look(QUESTION.ids, QUESTION.lead)
    total = np.zeros(DOCUMENT)
    tokens = np.tile(np.arange(DOCUMENT, dtype=np.int32), (HEADS, 1))
    keys = whole.rows.between(HEAD, HEAD + DOCUMENT)
    for layer in range(LAYERS):
        numbers = whole.rows.numbers(keys[layer], layer, "f16").copy()
        total += Focus()(Rows(numbers, tokens, tokens, whole.queries(layer))).sum(axis=0)
    np.testing.assert_allclose(
        lifts(cache, archive, QUESTION, HEAD), total / (LAYERS * HEADS), rtol=1e-3
    )


def test_what_was_read_before_positions_became_smaller_is_asked_from_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The queries meet the keys of each stretch as if they came right after its last token."""
    compaction = Compaction("capped", 40, to=0.5)
    cache, archive = fake_cache(monkeypatch, "direct", 64, compaction), Kept()
    append(cache, HEAD)
    cache.pin(0, HEAD)
    for _ in range(DOCUMENT // 8 + 4):
        cache.compact(8)
        append(cache, 8)
        archive.add(cache, 8)
        cache.evict(HEAD + KEPT, POLICIES["keydiff-prerope"])
    cache.context.batch = 16
    parts = list(stretches(cache.shifts, cache.tokens))
    assert len(parts) == 3
    found = lifts(cache, archive, QUESTION, HEAD)
    total = np.zeros(archive.tokens)
    tokens = np.tile(np.arange(archive.tokens, dtype=np.int32), (HEADS, 1))
    every = np.arange(HEAD, HEAD + archive.tokens, dtype=np.int32)
    away = np.concatenate([np.full(part.stop - part.start, part.stop) for part in parts])[HEAD:]
    for layer in range(LAYERS):
        # As if the question came last, and each key as far before it as before its stretch's end.
        keys = rotated(KEYS[every, layer], (cache.position - away + every).astype(np.int32))
        total += Focus()(Rows(keys, tokens, tokens, cache.queries(layer))).sum(axis=0)
    np.testing.assert_allclose(found, total / (LAYERS * HEADS), rtol=2e-2)


@pytest.mark.parametrize("access", ACCESSES)
def test_rows_that_come_back_are_turned_to_their_places(
    access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    compaction = Compaction("capped", 60, to=0.4)
    cache, archive = fake_cache(monkeypatch, access, 64, compaction), Kept()
    append(cache, HEAD)
    cache.pin(0, HEAD)
    for _ in range(10):
        cache.compact(8)
        append(cache, 8)
        archive.add(cache, 8)
        cache.evict(HEAD + KEPT, POLICIES["keydiff-prerope"])
    cache.hold()
    assert cache.shifts
    before = np.concatenate(cache.origin).copy()
    back = put_back(cache, archive, np.array([3, 4, 20, 39, 70]), HEAD)
    check_rows(cache, turned=True)
    append(cache, 4)
    if access == "direct":  # rows get other places while these are there
        cache.compact(16)
        assert len(cache.shifts) == back.compactions + 1
    back.undo(cache)
    check_rows(cache, turned=True)
    for held, then in zip(np.concatenate(cache.origin), before, strict=True):
        assert set(then.tolist()) <= set(held.tolist())


@pytest.mark.parametrize("access", ACCESSES)
def test_rows_take_the_places_of_those_that_keydiff_ranks_last(
    access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, archive = read(monkeypatch, access)
    before = np.concatenate(cache.origin).copy()
    scores, origin, _ = cache.rows.score(POLICIES["keydiff-prerope"])
    origin = origin.copy()
    tokens = np.array([3, 4, 20, 39])
    back = put_back(cache, archive, tokens, HEAD)
    check_rows(cache)
    wanted = set((tokens + HEAD).tolist())
    for number, held in enumerate(np.concatenate(cache.origin)):
        now, then = set(held.tolist()), set(before[number].tolist())
        assert {*range(HEAD), *wanted, HEAD + DOCUMENT - 1} <= now
        gone = then - now
        assert len(gone) == len(wanted - then)
        rank = dict(zip(origin[number].tolist(), scores[number].tolist(), strict=True))
        left = then & now - wanted - set(range(-1, HEAD)) - {HEAD + DOCUMENT - 1}
        assert max(rank[token] for token in gone) <= min(rank[token] for token in left)
    back.undo(cache)
    check_rows(cache)
    after = np.concatenate(cache.origin)
    assert [set(held.tolist()) for held in after] == [set(held.tolist()) for held in before]


@pytest.mark.parametrize("access", ACCESSES)
def test_all_of_a_document_comes_back_into_cells_enough(
    access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, archive = read(monkeypatch, access, cells=96, document=80, kept=41)
    back = put_back(cache, archive, np.arange(40), HEAD)
    check_rows(cache)
    for held in np.concatenate(cache.origin):
        assert set(held.tolist()) - {-1} == {*range(HEAD + 40), HEAD + 79}
    back.undo(cache)
    check_rows(cache)


def test_where_the_cache_went_back_to_before_them_rows_are_gone_already(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache, archive = read(monkeypatch, "direct")
    before, copied = np.concatenate(cache.origin).copy(), cache.image(copy=True)
    back = put_back(cache, archive, np.array([3, 4, 20, 39]), HEAD)
    cache.load(copied)
    back.undo(cache)
    check_rows(cache)
    assert np.array_equal(np.concatenate(cache.origin), before)


def test_rows_that_cannot_go_again_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left is whole, but not what was read."""
    cache, archive = read(monkeypatch, "elsewhere")
    back = put_back(cache, archive, np.array([3, 4, 20, 39]), HEAD)
    fail(cache, monkeypatch, 1)
    with pytest.raises(LostRowsError, match="has to be read again: the device is gone"):
        back.undo(cache)
    check_rows(cache)


@pytest.mark.parametrize("said", [0, 8])
def test_the_head_the_last_token_and_what_was_said_stay(
    said: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where more rows are wanted than have room."""
    cache, archive = read(monkeypatch, "direct")
    append(cache, said)
    put_back(cache, archive, np.arange(30), HEAD)
    check_rows(cache)
    stays = {*range(HEAD), *range(HEAD + DOCUMENT - 1, HEAD + DOCUMENT + said)}
    for held in np.concatenate(cache.origin):
        assert stays <= set(held.tolist())


def test_neighbours_of_what_is_lifted_come_with_it() -> None:
    lifted = np.full(100, 0.9, np.float32)
    lifted[[30, 70]] = 9, 1.1
    assert Recall(8, 1.2, 5).choose(lifted, 50).tolist() == [28, 29, 30, 31, 32]
    assert Recall(3, 1.2, 5).choose(lifted, 50).tolist() == [28, 29, 30]
    assert Recall(8, 1.2, 5).choose(lifted, 4).tolist() == [28, 29, 30]
    assert Recall(8, 1.0, 3).choose(lifted, 50).tolist() == [29, 30, 31, 69, 70, 71]
    assert Recall(8, 10).choose(lifted, 50).tolist() == []


# With a model -----------------------------------------------------------------------------------

WANTED, OTHERS, BLOCK = 192, 128, 64


def held(model: Model, task: Task, access: str) -> tuple[KVCache, Kept]:
    """A document in the cache, all of it, and its archive."""
    cells = len(task.head) + WANTED + OTHERS + BLOCK
    cache, archive = open_engine(model, cells=cells, block=BLOCK, access=access), Kept()  # type: ignore[arg-type]
    read_head(cache, task.head, BLOCK)
    for start in range(0, WANTED + OTHERS, BLOCK):
        cache.append(task.document[start : start + BLOCK])
        archive.add(cache, BLOCK)
    return cache, archive


def rows_of(cache: KVCache) -> list[np.ndarray]:
    """The rows of each head, in the order of their tokens."""
    image, offsets, heads = cache.image(copy=True), cache.rows.offsets, cache.rows.heads
    every = []
    for number, stored in enumerate(image.rows):
        layer = number % len(heads)
        split = stored.reshape(len(stored), heads[layer], -1)
        for own, origin in enumerate(image.origin[offsets[layer] : offsets[layer + 1]]):
            order = np.argsort(origin)[np.count_nonzero(origin < 0) :]
            every += [origin[order], split[order, own]]
    return every


def asked(cache: KVCache, task: Task) -> np.ndarray:
    """What the model thinks of the first token of the answer: its logits."""
    cache.append(task.question.ids, logits=True)
    return cache.context.logits().copy()


@pytest.mark.parametrize("access", PRESENT)
def test_what_has_come_back_is_what_a_full_cache_holds(access: str, tiny_model: Model) -> None:
    """One keeps the first tokens and the last, the other what KeyDiff chooses.

    Then those that the first one has kept come back: the same rows, and the same to answer.
    """
    task = make_task(tiny_model, story(lines=20), "What is the secret password?")
    keep = len(task.head) + WANTED + 1
    cache, _ = held(tiny_model, task, access)
    cache.pin(len(task.head), keep - 1)
    cache.evict(keep, POLICIES["keydiff"])
    expected, logits = rows_of(cache), asked(cache, task)
    cache.context.close()
    cache, archive = held(tiny_model, task, access)
    cache.evict(keep, POLICIES["keydiff"])
    differing = sum(
        not np.array_equal(now, then) for now, then in zip(rows_of(cache), expected, strict=True)
    )
    assert differing > len(expected) / 2
    put_back(cache, archive, np.arange(WANTED), len(task.head))
    for now, then in zip(rows_of(cache), expected, strict=True):
        np.testing.assert_array_equal(now, then)
    # llama.cpp adds up in float16, cell by cell, and the rows are in other cells.
    found = asked(cache, task)
    assert found.argmax() == logits.argmax()
    assert np.abs(found - logits).max() < 0.05 * np.ptp(logits)
    cache.context.close()
