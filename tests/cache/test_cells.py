"""The mirror of llama.cpp's cells; ``test_cache.py`` holds it against llama.cpp."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache.cells import Cells


def tokens(start: int, stop: int) -> NDArray[np.int32]:
    return np.arange(start, stop, dtype=np.int32)


def test_cells_are_filled_in_order() -> None:
    cells = Cells(2, 6)
    cells.fill(tokens(0, 4))
    assert cells.positions.tolist() == [0, 1, 2, 3, -1, -1]
    assert cells.origin.tolist() == [[0, 1, 2, 3, -1, -1]] * 2
    assert cells.in_use.tolist() == [0, 1, 2, 3]


def test_the_first_free_cells_are_taken_once_some_are_freed() -> None:
    cells = Cells(1, 6)
    cells.fill(tokens(0, 5))
    cells.remove(1, 2)
    cells.remove(3, 4)
    assert cells.positions.tolist() == [0, -1, 2, -1, 4, -1]
    cells.fill(tokens(5, 8))
    assert cells.positions.tolist() == [0, 5, 2, 6, 4, 7]


def test_scores_of_the_past_do_not_stay_for_new_tokens() -> None:
    cells = Cells(1, 4)
    cells.fill(tokens(0, 2))
    cells.past[:] = 7
    cells.remove(0, 1)
    cells.fill(tokens(2, 3))
    assert cells.past[0, :2].tolist() == [0, 7]


def test_what_is_loaded_replaces_everything() -> None:
    cells = Cells(2, 5)
    cells.fill(tokens(0, 5))
    origin = np.array([[4, -1, 3], [3, -1, 4]], np.int32)
    cells.load(np.array([3, -1, 4], np.int32), origin, np.full((2, 3), 0.5, np.float32))
    assert cells.positions.tolist() == [3, -1, 4, -1, -1]
    assert cells.origin[:, :3].tolist() == origin.tolist()
    assert (cells.origin[:, 3:] == -1).all()
    assert cells.past.tolist() == [[0.5, 0.5, 0.5, 0, 0]] * 2
    cells.fill(tokens(5, 7))
    assert cells.positions.tolist() == [3, 5, 4, 6, -1]


def test_cleared_cells_are_like_new() -> None:
    cells = Cells(1, 3)
    cells.fill(tokens(0, 2))
    cells.past[:] = 1
    cells.clear()
    assert len(cells.in_use) == 0
    assert (cells.origin == -1).all()
    assert not cells.past.any()
    cells.fill(tokens(0, 1))
    assert cells.positions.tolist() == [0, -1, -1]


def test_what_is_removed_is_named_by_position() -> None:
    cells = Cells(2, 5)
    positions = np.array([7, -1, 3, 5, 9], np.int32)
    cells.load(positions, np.stack([positions, positions]), np.zeros((2, 5), np.float32))
    cells.remove(3, 6)
    assert cells.positions.tolist() == [7, -1, -1, -1, 9]
    assert cells.origin.tolist() == [[7, -1, -1, -1, 9]] * 2
    cells.remove(8, -1)
    assert cells.positions.tolist() == [7, -1, -1, -1, -1]
