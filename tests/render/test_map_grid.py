"""Pages put together in columns."""

from __future__ import annotations

import numpy as np
from made_maps import made_map

from keydiff_cli.render.map_grid import grid_of, percent, summary, ticks


def test_each_page_has_a_column_where_there_is_room() -> None:
    drawn = made_map(5, layers=2)
    grid = grid_of(drawn, 9)
    assert grid.columns == tuple((at, at) for at in range(5))
    np.testing.assert_allclose(grid.layers[1], [1, 0.75, 0.5, 0.25, 0])
    np.testing.assert_allclose(grid.layers[0], grid.layers[1] / 2)
    np.testing.assert_allclose(grid.all_heads, 0.75 * grid.layers[1])
    assert [name for name, _ in grid.rows] == ["all heads", "layer 1", "layer 2"]
    assert grid.strips == []


def test_pages_are_put_together_by_their_mean() -> None:
    grid = grid_of(made_map(5, question="Why?"), 3)
    assert grid.columns == ((0, 1), (2, 3), (4, 4))
    np.testing.assert_allclose(grid.layers[1], [0.875, 0.375, 0])
    strips = dict(grid.strips)
    np.testing.assert_allclose(strips["attention"], [0.25, 0.75, 1])  # of the strongest in each
    np.testing.assert_allclose(strips["recalled"], [1, 0, 0])
    np.testing.assert_allclose(strips["read again"], [0, 1, 0])


def test_no_column_is_of_two_documents_unless_there_are_too_many() -> None:
    drawn = made_map(30, text_parts=3)
    assert grid_of(drawn, 8).columns[-2:] == ((25, 29), (30, 32))
    assert len(grid_of(drawn, 8).columns) == 7
    assert grid_of(drawn, 3).columns == ((0, 10), (11, 21), (22, 32))


def test_what_nothing_is_held_of_is_drawn() -> None:
    assert grid_of(made_map(1, layers=1), 5).top > 0
    drawn = made_map(2)
    drawn.shares[:] = 0
    assert grid_of(drawn, 5).top > 0


def test_an_axis_has_the_first_page_of_each_column() -> None:
    drawn = made_map(5, text_parts=2)
    assert ticks(drawn, grid_of(drawn, 4)) == ["1", "3", "5", "1"]
    assert ticks(drawn, grid_of(drawn, 9)) == ["1", "2", "3", "4", "5", "1", "41"]


def test_the_summary_names_what_is_drawn() -> None:
    first, second, third, fourth = summary(made_map(2, question="Why?"))
    assert first == "What the cache holds of report.pdf"
    assert second == "toy, keydiff with a budget of 128 tokens"
    assert third == "A head holds 50.0 % of 200 tokens"
    assert fourth == "Question: Why?"
    assert summary(made_map(2, text_parts=1))[0].endswith("of 2 documents")


def test_shares_in_per_cent() -> None:
    assert [percent(share) for share in (0, 0.0123, 0.123, 1)] == [
        "0.0 %",
        "1.2 %",
        "12 %",
        "100 %",
    ]
