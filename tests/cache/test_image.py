"""Images, marks and truncation, without a model: tokens and rotary positions come back."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from weakref import ref

import numpy as np
import pytest
from fake_cache import ACCESSES, append, check_rows, fake_cache, move_rows

from keydiff_cli.cache import Bytes, Image, KVCache
from keydiff_cli.policies import POLICIES

KEYDIFF = POLICIES["keydiff-prerope"]


def moved_cache(monkeypatch: pytest.MonkeyPatch, access: str, cells: int = 48) -> KVCache:
    """A cache in which tokens, rotary positions and positions of cells are different things."""
    cache = fake_cache(monkeypatch, access, cells)
    append(cache, 4)
    cache.pin(0, 4)
    append(cache, 36)
    cache.evict(24, KEYDIFF)
    move_rows(cache, np.arange(400, dtype=np.int32) // 2, 10)
    append(cache, 6)
    return cache


def same(image: Image, other: Image) -> None:
    for name, part in vars(image).items():
        if name == "rows":
            for rows, wanted in zip(part, other.rows, strict=True):
                np.testing.assert_array_equal(
                    rows[image.positions >= 0], wanted[other.positions >= 0]
                )
        else:
            np.testing.assert_array_equal(part, getattr(other, name), err_msg=name)


@pytest.mark.parametrize("access", ACCESSES)
def test_an_image_holds_tokens_and_rotary_positions(
    access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = moved_cache(monkeypatch, access)
    image = cache.image(copy=True)
    assert (image.tokens, image.position) == (46, 36)
    assert image.pinned == ((0, 4, 4),)
    assert (image.origin != image.rotary).any()
    other = fake_cache(monkeypatch, access, 64)
    append(other, 50)
    other.load(image)
    check_rows(other)
    assert (other.tokens, other.position) == (46, 36)
    same(other.image(), image)
    for each in (cache, other):  # both go on alike
        append(each, 8)
        each.evict(24, KEYDIFF)
        check_rows(each)
    same(other.image(), cache.image())


@pytest.mark.parametrize(("access", "window"), [("elsewhere", 0), ("copy", 0), ("direct", 8)])
def test_an_image_does_not_hold_what_it_was_made_from(
    access: str, window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, blobs = moved_cache(monkeypatch, access), []
    serialise = cache.context.state
    monkeypatch.setattr(cache.context, "model", SimpleNamespace(window=window))

    def state() -> Bytes:
        blob = serialise()
        blobs.append(ref(blob))
        return blob

    monkeypatch.setattr(cache.context, "state", state)
    image = cache.image(copy=True)
    assert image.tokens == 46
    assert blobs
    assert [blob() for blob in blobs] == [None] * len(blobs)


@pytest.mark.parametrize("access", ["elsewhere", "copy"])
def test_what_is_serialised_is_placed_layer_by_layer(
    access: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So no second copy of the cache is made beside it."""
    before: list[Bytes] = []
    for rows in moved_cache(monkeypatch, access).image().rows:
        gone = [ref(each) for each in before]
        before.clear()
        assert [each() for each in gone] == [None] * len(gone)
        before.append(rows)
    assert before


def test_an_image_of_another_cache_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = moved_cache(monkeypatch, "direct")
    image = cache.image(copy=True)
    small = fake_cache(monkeypatch, "direct", 16)
    append(small, 5)
    for wrong in (image, replace(image, widths=[3])):
        with pytest.raises(ValueError, match="another cache"):
            small.load(wrong)
    assert small.tokens == 5
    check_rows(small)


@pytest.mark.parametrize("access", ACCESSES)
@pytest.mark.parametrize("evicts", [False, True])
def test_going_back_restores_tokens_and_positions(
    access: str, evicts: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = moved_cache(monkeypatch, access)
    before, evicted = cache.image(copy=True), cache.evicted
    mark = cache.mark()
    for _ in range(2):
        cache.pin(cache.tokens, cache.tokens + 2)
        append(cache, 10)
        if evicts:
            cache.evict(24, KEYDIFF)
        cache.rewind(mark)
        check_rows(cache)
        assert (cache.tokens, cache.position, cache.evicted) == (46, 36, evicted)
        same(cache.image(), before)
    later = cache.mark()
    with pytest.raises(ValueError, match="latest mark"):
        cache.rewind(mark)
    cache.rewind(later)


@pytest.mark.parametrize("access", ACCESSES)
def test_truncation_is_by_position(access: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = moved_cache(monkeypatch, access)
    cache.pin(40, 42)
    cache.pin(42, 46)
    cache.truncate(33)
    check_rows(cache)
    assert (cache.tokens, cache.position) == (43, 33)
    assert np.concatenate(cache.origin).max() == 42
    assert [tuple(pin) for pin in cache.pinned] == [(0, 4, 4), (40, 42, 2)]


def test_a_look_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = moved_cache(monkeypatch, "direct")
    before = cache.image(copy=True)
    cache.look(np.arange(300, 306, dtype=np.int32), lead=2)
    same(cache.image(), before)
    queries = cache.queries(1)
    assert queries.lead == 2
    assert queries.origin.min() > cache.tokens


def test_a_cache_is_intact_until_a_row_is_evicted(monkeypatch: pytest.MonkeyPatch) -> None:
    cache = fake_cache(monkeypatch, "direct")
    append(cache, 30)
    move_rows(cache, np.arange(400, dtype=np.int32) + 7, 0)
    assert cache.intact
    cache.evict(29, KEYDIFF)
    assert not cache.intact
    cache.hold()
    assert [tuple(pin) for pin in cache.pinned] == [(0, 30, 29)]
    cache.clear()
    assert cache.intact
    assert (cache.tokens, cache.position, cache.used) == (0, 0, 0)
