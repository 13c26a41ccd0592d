"""The mirror of llama.cpp's cells; ``test_kv_cache.py`` holds it against llama.cpp."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from keydiff_cli.cache.cells import Cells


def numbers(start: int, stop: int) -> NDArray[np.int32]:
    return np.arange(start, stop, dtype=np.int32)


def fill(cells: Cells, start: int, stop: int, ahead: int = 0) -> None:
    """Tokens at positions that are equal to their numbers, or behind them."""
    cells.fill(numbers(start, stop), numbers(start - ahead, stop - ahead))


def test_cells_are_filled_in_order() -> None:
    cells = Cells(2, 6)
    fill(cells, 0, 4)
    assert cells.positions.tolist() == [0, 1, 2, 3, -1, -1]
    assert cells.origin.tolist() == [[0, 1, 2, 3, -1, -1]] * 2
    assert cells.in_use.tolist() == [0, 1, 2, 3]


def test_the_first_free_cells_are_taken_once_some_are_freed() -> None:
    cells = Cells(1, 6)
    fill(cells, 0, 5)
    cells.remove(1, 2)
    cells.remove(3, 4)
    assert cells.positions.tolist() == [0, -1, 2, -1, 4, -1]
    fill(cells, 5, 8)
    assert cells.positions.tolist() == [0, 5, 2, 6, 4, 7]


def test_scores_of_the_past_do_not_stay_for_new_tokens() -> None:
    cells = Cells(1, 4)
    fill(cells, 0, 2)
    cells.past[:] = 7
    cells.remove(0, 1)
    fill(cells, 2, 3)
    assert cells.past[0, :2].tolist() == [0, 7]


def test_what_is_loaded_replaces_everything() -> None:
    cells = Cells(2, 5)
    fill(cells, 0, 5)
    origin = np.array([[4, -1, 3], [3, -1, 4]], np.int32)
    rotary = np.array([[2, -1, 1], [1, -1, 2]], np.int32)
    past = np.full((2, 3), 0.5, np.float32)
    cells.load(np.array([3, -1, 4], np.int32), origin, rotary, past)
    assert cells.positions.tolist() == [3, -1, 4, -1, -1]
    assert cells.origin[:, :3].tolist() == origin.tolist()
    assert cells.rotary[:, :3].tolist() == rotary.tolist()
    assert (cells.origin[:, 3:] == -1).all()
    assert (cells.rotary[:, 3:] == -1).all()
    assert cells.past.tolist() == [[0.5, 0.5, 0.5, 0, 0]] * 2
    fill(cells, 5, 7)
    assert cells.positions.tolist() == [3, 5, 4, 6, -1]


def test_cleared_cells_are_like_new() -> None:
    cells = Cells(1, 3)
    fill(cells, 0, 2)
    cells.past[:] = 1
    cells.clear()
    assert len(cells.in_use) == 0
    assert (cells.origin == -1).all()
    assert (cells.rotary == -1).all()
    assert not cells.past.any()
    fill(cells, 0, 1)
    assert cells.positions.tolist() == [0, -1, -1]


def test_what_is_removed_is_named_by_position() -> None:
    cells = Cells(2, 5)
    positions = np.array([7, -1, 3, 5, 9], np.int32)
    origin = np.array([[14, -1, 6, 10, 18]] * 2, np.int32)
    rotary = np.array([[21, -1, 9, 15, 27]] * 2, np.int32)
    cells.load(positions, origin, rotary, np.zeros((2, 5), np.float32))
    assert cells.remove(3, 6) == 2
    assert cells.positions.tolist() == [7, -1, -1, -1, 9]
    assert cells.origin.tolist() == [[14, -1, -1, -1, 18]] * 2
    assert cells.rotary.tolist() == [[21, -1, -1, -1, 27]] * 2
    assert cells.remove(8, -1) == 1
    assert cells.positions.tolist() == [7, -1, -1, -1, -1]


def test_tokens_and_positions_are_kept_apart() -> None:
    cells = Cells(2, 4)
    fill(cells, 100, 103, ahead=90)
    assert cells.positions.tolist() == [10, 11, 12, -1]
    assert cells.origin.tolist() == [[100, 101, 102, -1]] * 2
    assert cells.rotary.tolist() == [[10, 11, 12, -1]] * 2


@pytest.mark.parametrize("gap", [False, True])
def test_rows_in_use_are_those_of_the_cells_in_use(gap: bool) -> None:
    cells = Cells(2, 6)
    fill(cells, 10, 15, ahead=3)
    if gap:
        cells.remove(8, 9)
    rows = cells.rows_in_use()
    assert len(rows) == len(rows.cells) == (4 if gap else 5)
    assert rows.positions.tolist() == ([7, 9, 10, 11] if gap else [7, 8, 9, 10, 11])
    assert (rows.origin == rows.positions + 3).all()
    assert (rows.rotary == rows.positions).all()
    assert np.shares_memory(rows.origin, cells.origin) == (not gap)
    rows.origin[:] = 50
    rows.rotary[:] = 60
    rows.past[:] = 0.5
    cells.store(rows)
    used = cells.positions >= 0
    for numbers, value in ((cells.origin, 50), (cells.rotary, 60), (cells.past, 0.5)):
        assert (numbers[:, used] == value).all()
        assert not (numbers[:, ~used] == value).any()


def test_rows_are_in_the_order_of_their_positions() -> None:
    cells = Cells(1, 5)
    fill(cells, 0, 5)
    cells.remove(0, 2)
    fill(cells, 5, 7)
    assert cells.rows_in_use().by_age.tolist() == [2, 3, 4, 0, 1]
