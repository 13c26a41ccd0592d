"""Writing snapshots: whole or not at all, each in the place of the one before."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from snapshot_helpers import DESCRIPTION, arrays, save

from keydiff_cli.snapshots import SnapshotFile, Store, write_snapshot
from keydiff_cli.snapshots.writer import Writer


def test_a_later_snapshot_takes_the_place_of_an_earlier_one(store: Store) -> None:
    with store.claim("one") as writer:
        assert writer is not None
        first = writer.write("1" * 12, {**DESCRIPTION, "tokens": 1}, arrays())
        second = writer.write("2" * 12, {**DESCRIPTION, "tokens": 2}, arrays())
    assert [entry.path for entry in store.entries()] == [second]
    assert first != second
    with store.claim("one", store.entries()[0].path) as writer:
        assert writer is not None
        third = writer.write("3" * 12, {**DESCRIPTION, "tokens": 3}, arrays())
    assert [entry.path for entry in store.entries()] == [third]


def test_what_cannot_be_written_leaves_nothing_behind(store: Store) -> None:
    def broken() -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
        yield from arrays()
        raise OSError(28, "No space left on device")

    before = save(store)
    with store.claim("one", before.path) as writer:
        assert writer is not None
        with pytest.raises(OSError, match="No space"):
            writer.write("9", {**DESCRIPTION, "tokens": 99}, broken())
    assert [entry.id for entry in store.entries()] == [before.id]
    assert list(store.folder.glob("*.part")) == []


def test_a_snapshot_may_be_a_file_of_its_own(tmp_path: Path) -> None:
    path, part = tmp_path / "kept.snapshot", tmp_path / ".part"
    part.write_bytes(b"left by a dead process")
    write_snapshot(path, part, DESCRIPTION, arrays())
    with SnapshotFile(path) as file:
        file.verify()
        assert file.description == DESCRIPTION
    assert list(tmp_path.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_snapshot(path, part, {**DESCRIPTION, "note": {1}}, arrays())
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_same_snapshot_again_stays(tmp_path: Path) -> None:
    trimmed: list[int] = []
    writer = Writer(tmp_path, tmp_path / ".part", lambda: trimmed.append(1))
    first = writer.write("1" * 12, DESCRIPTION, arrays())
    assert writer.write("1" * 12, DESCRIPTION, arrays()) == first
    assert list(tmp_path.iterdir()) == [first]
    assert len(trimmed) == 2


def test_what_is_written_stays_where_there_is_no_making_room(tmp_path: Path) -> None:
    def trim() -> None:
        raise OSError(30, "Read-only file system")

    path = Writer(tmp_path, tmp_path / ".part", trim).write("1" * 12, DESCRIPTION, arrays())
    assert path.exists()
