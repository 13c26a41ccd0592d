"""Writing a segment in a thread of its own."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from keydiff_cli.snapshots.archive import Segment
from keydiff_cli.snapshots.archive_writer import ArchiveWriter


def piece(value: int, count: int = 3) -> list[np.ndarray[Any, Any]]:
    return [np.full((count, 4), value, np.uint8), np.full((count, 6), value, np.uint8)]


def test_what_was_flushed_is_in_the_file() -> None:
    file = io.BytesIO()
    writer = ArchiveWriter(file, [4, 6])
    for value in range(10):
        writer.add(piece(value))
    writer.flush()
    segment = Segment(file, 0, 30)
    assert [int(segment.read(number, 1)[0, 0]) for number in range(10)] == list(range(10))
    writer.close()


class Full(io.BytesIO):
    """A file on a disk that has room for so many bytes."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self._room = room

    def write(self, data: Any) -> int:
        self._room -= len(data)
        if self._room < 0:
            raise OSError(28, "No space left on device")
        return super().write(data)


def test_a_full_disk_is_told_and_what_follows_is_dropped() -> None:
    writer = ArchiveWriter(Full(200), [4, 6])
    with pytest.raises(OSError, match="No space"):
        for value in range(100):
            writer.add(piece(value))
            writer.flush()
    with pytest.raises(OSError, match="No space"):
        writer.flush()
    writer.close()
    writer.close()
