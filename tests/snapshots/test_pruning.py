"""What goes from the folder of snapshots: archives before the snapshots that they belong to."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from snapshot_helpers import DESCRIPTION, arrays

from keydiff_cli.snapshots import ArchiveForm, Archivist, Store, open_parts
from keydiff_cli.snapshots.archive import write_piece, write_start

SIZE = 10_000  # bytes of an archive


def save(store: Store, name: str, age: int, *archives: str) -> Path:
    """A snapshot last used so long ago, with an archive of these files."""
    with store.claim(name) as writer:
        assert writer is not None
        for archive in archives:
            (store.folder / archive).write_bytes(bytes(SIZE))
        parts: list[Any] = [[archive, 0, 10] for archive in archives]
        path = writer.write(name * 12, {**DESCRIPTION, "archive": parts}, arrays())
    os.utime(path, (1e9 - age, 1e9 - age))
    return path


def archive(name: str) -> str:
    return f"{name * 12}.archive"


def left(store: Store) -> list[str]:
    return sorted(path.name for path in store.folder.iterdir() if path.suffix != ".lock")


@pytest.fixture
def small(store: Store) -> int:
    """Bytes of a snapshot by itself."""
    path = save(store, "f", 0)
    size = path.stat().st_size
    path.unlink()
    return size + 100  # the names of archives


def test_the_archive_used_longest_ago_goes_first(store: Store, small: int) -> None:
    for age, name in enumerate("abc"):
        save(store, name, age, archive(name))
    assert store.prune(3 * small + 2 * SIZE) == []
    assert left(store) == sorted(
        [archive("a"), archive("b"), *(f"{name * 12}.snapshot" for name in "abc")]
    )
    assert [entry.id for entry in store.prune(2 * small)] == ["c" * 12]
    assert left(store) == [f"{name * 12}.snapshot" for name in "ab"]


def test_an_archive_that_another_snapshot_needs_stays(store: Store, small: int) -> None:
    save(store, "a", 0, archive("1"), archive("2"))
    save(store, "b", 1, archive("1"))
    assert store.prune(2 * small + 2 * SIZE) == []
    assert archive("1") in left(store)
    (entry,) = [entry for entry in store.entries() if entry.id == "a" * 12]
    store.remove(entry)
    assert left(store) == [archive("1"), f"{'b' * 12}.snapshot"]


FORM = ArchiveForm()


def rows(count: int) -> list[np.ndarray]:
    return [np.zeros((count, 4), np.uint8)] * 2


def test_what_ocr_has_found_goes_when_it_was_not_used_for_long_or_is_too_much(
    store: Store, small: int
) -> None:
    old, new = (store.folder / f"{letter * 12}.ocr" for letter in "de")
    for path, used in ((old, 1000), (new, 2000)):
        path.write_bytes(bytes(100))
        os.utime(path, (used, used))
    size = store.size
    store.prune(size, before=1500)
    assert not old.exists() and new.exists()
    assert store.size == size - 100
    store.prune(99)
    assert not new.exists()


def test_what_is_being_written_is_not_swept(store: Store) -> None:
    path = store.folder / archive("a")
    store.folder.mkdir()
    archivist = Archivist([], path, FORM, [4, 4], pytest.fail, 10**9)
    archivist.add(rows(10))
    store.prune()
    assert path.exists()
    archivist.close()  # which removes what no snapshot names
    path.write_bytes(b"begun")  # and a process that is killed does not
    store.prune()
    assert not path.exists()


@pytest.mark.skipif(os.name != "posix", reason="needs locks of files")
def test_what_another_process_goes_on_from_stays(store: Store, small: int) -> None:
    """Whatever becomes of the snapshot that it was taken up from, and however little room is."""
    save(store, "a", 0, archive("1"))
    with (store.folder / archive("1")).open("wb") as file:
        write_start(file, [4, 4])
        write_piece(file, rows(10))
    (entry,) = store.entries()
    earlier = list(zip(entry.archive, open_parts(store.folder, entry.archive), strict=True))
    archivist = Archivist(earlier, store.folder / archive("2"), FORM, [4, 4], pytest.fail, 10**9)
    archivist.add(rows(5))
    other = Store(store.folder, small, pytest.fail)
    other.remove(entry)  # both files are in use, and none is named
    with store.claim("b") as writer:
        assert writer is not None
        writer.write("b" * 12, {**DESCRIPTION, "archive": archivist.description()}, arrays())
    other.trim()  # for which there is no room
    archivist.close()
    (entry,) = store.entries()
    assert entry.archived
    segments = open_parts(store.folder, entry.archive)
    assert [segment.stop for segment in segments] == [10, 15]
    for segment in segments:
        segment.close()
    other.trim()
    assert left(store) == [f"{'b' * 12}.snapshot"]


def test_archives_count_towards_the_limit(store: Store, small: int) -> None:
    store.limit = 2 * small + SIZE
    save(store, "a", 5, archive("a"))
    save(store, "b", 0, archive("b"))
    store.trim()
    assert archive("a") not in left(store)
    assert archive("b") in left(store)


def test_a_snapshot_without_what_it_names_is_of_use(store: Store) -> None:
    save(store, "a", 0, archive("a"))
    (store.folder / archive("a")).unlink()
    assert [part.name for entry in store.entries() for part in entry.archive] == [archive("a")]
    assert store.prune() == []
