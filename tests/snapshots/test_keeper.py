"""When a reading is written, and what is left in its folder, without a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from snapshot_helpers import FakeCache, corpus_of, keep, make_key, make_label

from keydiff_cli.snapshots import (
    ArchiveForm,
    Archivist,
    Beginning,
    Keeper,
    Store,
    find_beginning,
)
from keydiff_cli.text.corpus import Corpus


def keeper(
    store: Store | None,
    cache: FakeCache,
    corpus: Corpus,
    warn: Any = pytest.fail,
    **options: Any,
) -> Keeper:
    return Keeper(store, make_key(), corpus, make_label, warn, clock=lambda: cache.now, **options)


def read(kept: Keeper, cache: FakeCache, seconds: int, *, rate: int = 100, start: int = 0) -> None:
    """Blocks of so many tokens, one each second."""
    for number in range(1, seconds + 1):
        cache.now += 1
        kept.after(start + number * rate, cache)  # type: ignore[arg-type]


def finish(kept: Keeper, cache: FakeCache, tokens: int) -> None:
    kept.finish(tokens, cache)  # type: ignore[arg-type]


def test_writing_takes_a_fiftieth_of_the_time(tmp_path: Path) -> None:
    store, cache = Store(tmp_path, 10**9, pytest.fail), FakeCache()
    corpus = corpus_of(np.repeat(np.arange(1000), 100))
    kept = keeper(store, cache, corpus)
    read(kept, cache, 1000)
    assert 1000 // 25 - 2 <= cache.images <= 1000 // 25 + 2
    assert kept.seconds == pytest.approx(0.5 * cache.images)
    assert kept.seconds <= 0.02 * cache.now
    (entry,) = store.entries()  # each took the place of the one before
    assert not entry.description["complete"]
    finish(kept, cache, 100_000)
    (entry,) = store.entries()
    assert entry.description["complete"]
    assert entry.description["tokens"] == 100_000
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".lock", ".snapshot"]
    assert kept.problem == ""


def test_what_is_written_is_what_has_been_read(store: Store) -> None:
    """Not what the corpus is ahead by."""
    cache, corpus = FakeCache(), corpus_of(range(1000))
    kept = keeper(store, cache, corpus)
    cache.now += 10
    kept.after(700, cache)  # type: ignore[arg-type]
    (entry,) = store.entries()
    assert (entry.description["tokens"], entry.description["complete"]) == (700, False)
    assert entry.description["key"] == make_key().as_json()
    file = store.open(entry)
    assert file is not None
    with file:
        np.testing.assert_array_equal(file.array("tokens"), np.arange(700))
    kept.close()


@pytest.mark.parametrize("shareable", [False, True])
def test_what_a_policy_remembers_beside_the_cache_is_not_shared(
    store: Store, shareable: bool
) -> None:
    cache, corpus = FakeCache(), corpus_of(range(300))
    cache.intact = True
    finish(keeper(store, cache, corpus, shareable=shareable), cache, 300)
    (entry,) = store.entries()
    assert entry.description["intact"] is shareable


def test_what_is_short_or_unwanted_is_not_kept(tmp_path: Path) -> None:
    for store, tokens_read in ((Store(tmp_path, 10**9, pytest.fail), 255), (None, 1000)):
        cache = FakeCache()
        kept = keeper(store, cache, corpus_of(range(tokens_read)))
        read(kept, cache, 1, rate=tokens_read)
        finish(kept, cache, tokens_read)
        assert cache.images == 0
        assert (kept.seconds, kept.problem) == (0, "")
    assert list(tmp_path.iterdir()) == []
    cache, store = FakeCache(), Store(tmp_path, 10**9, pytest.fail)
    finish(keeper(store, cache, corpus_of(range(256))), cache, 256)
    assert len(store.entries()) == 1


def test_what_is_larger_than_the_folder_may_be_is_not_kept(tmp_path: Path) -> None:
    warnings: list[str] = []
    store, cache = Store(tmp_path, 10_000, warnings.append), FakeCache()
    kept = keeper(store, cache, corpus_of(range(1000)), warnings.append)
    read(kept, cache, 10)
    finish(kept, cache, 1000)
    assert store.entries() == []
    (warning,) = warnings
    assert "cannot be kept: 15.8 kB are more than cache_size allows" in warning
    assert kept.problem == "15.8 kB are more than cache_size allows"


def test_a_full_disk_is_told_of_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keydiff_cli.snapshots.writer.write_file", fail)
    warnings: list[str] = []
    cache = FakeCache()
    kept = keeper(store, cache, corpus_of(range(100_000)), warnings.append)
    read(kept, cache, 100)
    finish(kept, cache, 10_000)
    assert warnings == ["what is read cannot be kept: No space left on device"]
    assert kept.problem == "No space left on device"
    with store.claim([make_key().as_json(), "others"]) as writer:
        assert writer is not None


def test_what_another_process_writes_is_left_to_it_until_the_end(store: Store) -> None:
    corpus, cache, other = corpus_of(range(2000)), FakeCache(), FakeCache()
    first = keeper(store, cache, corpus)
    cache.now += 1
    first.after(300, cache)  # type: ignore[arg-type]
    second = keeper(store, other, corpus)
    read(second, other, 10)
    assert other.images == 0
    assert second.problem == "another process is writing what it reads of the same"
    first.close()
    finish(second, other, 2000)
    assert second.problem == ""
    assert max(entry.description["tokens"] for entry in store.entries()) == 2000


def test_what_is_archived_in_two_forms_is_kept_twice(store: Store) -> None:
    corpus, cache = corpus_of(range(300)), FakeCache()
    for form in (ArchiveForm(), ArchiveForm("keys"), ArchiveForm()):
        kept = keeper(store, cache, corpus)
        path = kept.archive_path()
        archivist = Archivist([], path, form, form.widths([4, 4]), pytest.fail, 10**9)
        archivist.add([np.zeros((300, 4), np.uint8)] * 2)
        kept.archive(archivist)
        finish(kept, cache, 300)
        archivist.close()
    entries = store.entries()
    kinds = [entry.description["archive_kind"] for entry in entries]
    assert kinds == ["full", "keys"]
    assert all(entry.archived for entry in entries)
    assert len({entry.description["archive"][0][0] for entry in entries}) == 2


# Going on from a beginning ----------------------------------------------------------------------


def begin(store: Store, corpus: Corpus) -> Beginning:
    beginning = find_beginning(store, make_key(), corpus, room=0, least=64, most=64)
    assert beginning is not None
    beginning.close()
    return beginning


def test_what_was_read_whole_before_is_not_written_again(store: Store) -> None:
    corpus, cache = corpus_of(range(300)), FakeCache()
    entry = keep(store, make_key(), np.arange(300, dtype=np.int32))
    kept = keeper(store, cache, corpus, beginning=begin(store, corpus))
    finish(kept, cache, 300)
    assert cache.images == 0
    assert [other.id for other in store.entries()] == [entry.id]


def test_a_beginning_that_was_broken_off_is_taken_the_place_of(store: Store) -> None:
    corpus, cache = corpus_of(range(500)), FakeCache()
    keep(store, make_key(), np.arange(300, dtype=np.int32), complete=False)
    finish(keeper(store, cache, corpus, beginning=begin(store, corpus)), cache, 500)
    (entry,) = store.entries()
    assert (entry.description["tokens"], entry.description["complete"]) == (500, True)


def test_of_a_document_that_has_grown_both_are_kept(store: Store) -> None:
    corpus, cache = corpus_of(range(500)), FakeCache()
    keep(store, make_key(), np.arange(300, dtype=np.int32))
    finish(keeper(store, cache, corpus, beginning=begin(store, corpus)), cache, 500)
    assert sorted(entry.description["tokens"] for entry in store.entries()) == [300, 500]


def test_what_was_broken_off_at_the_very_end_is_written_as_whole(store: Store) -> None:
    corpus, cache = corpus_of(range(300)), FakeCache()
    keep(store, make_key(), np.arange(300, dtype=np.int32), complete=False)
    finish(keeper(store, cache, corpus, beginning=begin(store, corpus)), cache, 300)
    (entry,) = store.entries()
    assert entry.description["complete"]
