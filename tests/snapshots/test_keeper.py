"""What a reading takes up and when it writes, without a model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from keydiff_cli.cache import Image, Pin
from keydiff_cli.snapshots import Beginning, Entry, Keeper, Store, find_beginning, skip
from keydiff_cli.text.blocks import Block, blocks

START = 5


def entry(name: str) -> Entry:
    return Entry(name, Path(name), 0, 0, {"key": {"budget": 64}})


def tokens(*numbers: int) -> np.ndarray[Any, Any]:
    return np.array(numbers, np.int32)


def stream(count: int, pulled: list[int], size: int = 4) -> Iterator[Block]:
    """Blocks of the tokens 0, 1, 2...; notes which were asked for."""
    for block in blocks([np.arange(count, dtype=np.int32)], size, START):
        pulled.append(block.start)
        yield block


@pytest.mark.parametrize(
    ("lengths", "count", "found", "whole"),
    [
        ([], 10, None, False),
        ([10], 10, 10, True),
        ([8], 10, 8, False),
        ([4, 8, 10], 10, 10, True),
        ([4, 8, 12], 10, 8, False),
        ([12], 10, None, False),
        ([3, 7], 10, 7, False),
        ([8], 8, 8, True),
        ([1], 1, 1, True),
    ],
)
def test_the_longest_beginning_is_taken_up(
    lengths: list[int], count: int, found: int | None, whole: bool
) -> None:
    candidates = [(entry(str(n)), np.arange(n, dtype=np.int32)) for n in lengths]
    pulled: list[int] = []
    best, source = find_beginning(candidates, stream(count, pulled))
    expected = None if found is None else Beginning(entry(str(found)), found, whole)
    assert best == expected
    again = [block.ids for block in source]  # nothing is lost
    np.testing.assert_array_equal(np.concatenate(again), np.arange(count))


def test_other_documents_are_left_alone_as_soon_as_they_differ() -> None:
    other = np.arange(1000, dtype=np.int32)
    other[6] = 77
    pulled: list[int] = []
    best, _ = find_beginning([(entry("a"), other)], stream(2000, pulled))
    assert best is None
    assert len(pulled) <= 3
    best, _ = find_beginning([], stream(2000, pulled := []))
    assert best is None
    assert len(pulled) <= 1


@pytest.mark.parametrize("count", [0, 1, 3, 4, 7, 8, 9, 10])
def test_what_was_read_is_skipped(count: int) -> None:
    left = list(skip(stream(10, []), count, 4))
    read = np.concatenate([tokens(), *(block.ids for block in left)])
    np.testing.assert_array_equal(read, np.arange(count, 10))
    assert [block.start for block in left] == list(range(START + count, START + 10, 4))


def test_blocks_stay_what_they_would_have_been() -> None:
    whole = list(stream(30, []))
    left = list(skip(stream(30, []), 12, 4))
    for mine, theirs in zip(left, whole[3:], strict=True):
        assert mine.start == theirs.start
        np.testing.assert_array_equal(mine.ids, theirs.ids)


class FakeCache:
    """What a keeper needs of a cache: something to write, and a clock that writing moves on."""

    widths: ClassVar = [100, 100]
    used = 64
    intact = False

    def __init__(self) -> None:
        self.now = 0.0
        self.images = 0

    def image(self) -> Image:
        self.images += 1
        self.now += 0.5
        rows = [np.zeros((64, 100), np.uint8)] * 2
        held = np.zeros((2, 64), np.int32)
        return Image(
            64, (Pin(0, 5, 5),), held[0], held, held.astype(np.float32), self.widths, rows,
            np.empty(0, np.uint8),
        )  # fmt: skip


def keeper(
    store: Store | None,
    cache: FakeCache,
    warn: Any = pytest.fail,
    *,
    policy: str = "keydiff",
    room: int = 64,
) -> Keeper:
    label = {"kept": 64, "model": "a", "question": None, "documents": []}
    return Keeper(
        store, {"budget": 64, "policy": policy}, lambda: label, warn, room, lambda: cache.now
    )


def read(kept: Keeper, cache: FakeCache, seconds: int, rate: int = 100) -> None:
    """Blocks of so many tokens, one each second."""
    for number in range(seconds):
        cache.now += 1
        kept.after(Block(number * rate, np.full(rate, number, np.int32)), cache)  # type: ignore[arg-type]


def test_writing_takes_a_fiftieth_of_the_time(tmp_path: Path) -> None:
    store, cache = Store(tmp_path, 10**9, pytest.fail), FakeCache()
    kept = keeper(store, cache)
    read(kept, cache, 1000)
    assert 1000 // 25 - 2 <= cache.images <= 1000 // 25 + 2
    assert kept.seconds == pytest.approx(0.5 * cache.images)
    assert kept.seconds <= 0.02 * cache.now
    (entry,) = store.entries()  # each took the place of the one before
    assert not entry.description["complete"]
    kept.finish(cache)  # type: ignore[arg-type]
    (entry,) = store.entries()
    assert entry.description["complete"]
    assert entry.description["tokens"] == 100_000
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".lock", ".snapshot"]


def test_what_nothing_was_evicted_of_is_for_all_that_would_not_evict(tmp_path: Path) -> None:
    store, cache = Store(tmp_path, 10**9, pytest.fail), FakeCache()
    cache.intact = True
    kept = keeper(store, cache, room=400)
    read(kept, cache, 3)
    kept.finish(cache)  # type: ignore[arg-type]
    for policy, room, found in (
        ("window", 300, 1), ("window", 299, 0), ("keydiff", 299, 1), ("h2o", 0, 0),
    ):  # fmt: skip
        other = keeper(store, cache, policy=policy, room=room)
        assert len(other.candidates(64, 64)) == found, (policy, room)
    cache.intact = False
    evicted = keeper(store, cache, policy="pyramid", room=400)
    read(evicted, cache, 4)
    evicted.finish(cache)  # type: ignore[arg-type]
    assert len(store.entries()) == 2
    assert len(keeper(store, cache, policy="window", room=400).candidates(64, 64)) == 1


def test_what_is_short_or_unwanted_is_not_kept(tmp_path: Path) -> None:
    for store, tokens_read in ((Store(tmp_path, 10**9, pytest.fail), 255), (None, 1000)):
        cache = FakeCache()
        kept = keeper(store, cache)
        read(kept, cache, 1, tokens_read)
        kept.finish(cache)  # type: ignore[arg-type]
        assert cache.images == 0
    assert list(tmp_path.iterdir()) == []


def test_what_is_larger_than_the_folder_may_be_is_not_kept(tmp_path: Path) -> None:
    warnings: list[str] = []
    store, cache = Store(tmp_path, 10_000, warnings.append), FakeCache()
    kept = keeper(store, cache, warnings.append)
    read(kept, cache, 10)
    kept.finish(cache)  # type: ignore[arg-type]
    assert store.entries() == []
    (warning,) = warnings
    assert "cannot be kept: 15.3 kB are more than cache_size allows" in warning
