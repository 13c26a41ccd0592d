"""What a cache holds goes into a file and comes back as it was."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from keydiff_cli.cache import Aside, Image

WIDTHS = [4, 2]
HEADS = [2]  # of the one layer


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("keydiff_cli.system.files.user_cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def image(positions: list[int]) -> Image:
    count = len(positions)
    numbers = np.array(positions, np.int32)
    rows = [np.arange(count * width, dtype=np.uint8).reshape(count, width) for width in WIDTHS]
    shared = np.broadcast_to(numbers, (2, count))
    past = np.zeros((2, count), np.float32)
    return Image(9, 9, (), numbers, shared, shared, past, WIDTHS, rows, np.array([7, 8], np.uint8))


def test_it_comes_back_as_often_as_it_is_asked_for(folder: Path) -> None:
    there = image([0, 1, -1, 2])
    rows = [part.copy() for part in there.rows]
    with Aside(there) as aside:
        assert list(folder.iterdir()) == [], "the file has a name, and would outlast the process"
        for _ in range(2):
            back = aside.image
            for then, now in zip(rows, back.rows, strict=True):
                np.testing.assert_array_equal(then, now)
            assert (back.tokens, back.widths, back.windowed.tolist()) == (9, WIDTHS, [7, 8])


def test_rows_of_tokens_come_in_their_order_wherever_heads_have_them() -> None:
    there = image([3, -1, 2, 1, 4])
    origin = np.array([[3, -1, 2, 1, 4], [2, -1, 3, 4, 1]], np.int32)
    with Aside(replace(there, origin=origin)) as aside:
        keys, values = aside.rows(2, 4, HEADS)
        assert keys.tolist() == [[8, 9, 2, 3], [0, 1, 10, 11]]
        assert values.tolist() == [[4, 1], [0, 5]]
        assert [part.shape for part in aside.rows(3, 3, HEADS)] == [(0, 4), (0, 2)]
        with pytest.raises(ValueError, match="does not hold"):
            list(aside.rows(4, 6, HEADS))


def test_only_wanted_rows_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    with Aside(image([0, 1, 2, 3, 4, 5])) as aside, monkeypatch.context() as patch:
        file, read = aside._file, []

        class Noticed:
            seek = file.seek

            def read(self, size: int) -> bytes:
                read.append(size)
                return file.read(size)

        patch.setattr(aside, "_file", Noticed())
        keys, values = aside.rows(3, 5, HEADS)
        assert read == [2 * width for width in WIDTHS]
        assert keys.tolist() == [[12, 13, 14, 15], [16, 17, 18, 19]]
        assert values.tolist() == [[6, 7], [8, 9]]


class Full(io.BytesIO):
    """A file that takes what it is given, and has no place for it."""

    def flush(self) -> None:
        raise OSError(28, "No space left on device")


def test_a_full_disk_shows_before_the_cache_is_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keydiff_cli.cache.aside.nameless_file", Full)
    with pytest.raises(OSError, match="No space left"):
        Aside(image([0, 1]))


def test_rows_from_elsewhere_follow_what_an_image_has() -> None:
    head = image([0, 1])
    more = [np.full((3, width), 9, np.uint8) for width in WIDTHS]
    both = head.followed_by(7, more, 3)
    assert both.positions.tolist() == [0, 1, 7, 8, 9]
    assert (both.tokens, both.position) == (10, 10)
    assert both.origin[1].tolist() == both.rotary[1].tolist() == [0, 1, 7, 8, 9]
    for before, after, width in zip(head.rows, both.rows, WIDTHS, strict=True):
        np.testing.assert_array_equal(after[:2], before)
        assert after[2:].tolist() == [[9] * width] * 3
