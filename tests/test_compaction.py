"""New positions for rows: smaller, in the same order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from keydiff_cli.compaction import WAYS, Compaction, Way, compacted, place_between


def new(positions: list[int], then: int, span: int, way: Way) -> list[int]:
    return compacted(np.array([positions], np.int32), then, span, way)[0].tolist()


def test_neighbours_stay_neighbours_and_longer_gaps_are_cut_to_one_length() -> None:
    old = [0, 1, 2, 50, 51, 52, 54, 90, 99]
    assert new(old, 100, 20, "capped") == [0, 1, 2, 6, 7, 8, 10, 14, 19]
    assert new(old, 100, 21, "capped") == [0, 1, 2, 6, 7, 8, 10, 15, 20]


def test_without_gaps_rows_follow_each_other() -> None:
    assert new([7, 0, 3, 90, 99], 100, 5, "ranked") == [2, 0, 1, 3, 4]


def test_all_come_closer_alike_but_for_the_beginning() -> None:
    assert new([0, 1, 2, 22, 42, 82], 102, 52, "scaled") == [0, 1, 2, 12, 22, 42]


@pytest.mark.parametrize("way", WAYS)
def test_rows_that_are_not_held_get_none(way: Way) -> None:
    held = np.array([[0, -1, 40, 99], [0, 99, -1, 98]], np.int32)
    assert (compacted(held, 100, 20, way) < 0).tolist() == (held < 0).tolist()
    assert compacted(held, 100, 20, way)[1].tolist() == [0, 19, -1, 18]


@given(
    way=st.sampled_from(WAYS),
    gaps=st.lists(st.lists(st.integers(1, 300), min_size=9, max_size=9), min_size=1, max_size=4),
    spare=st.integers(0, 100),
    order=st.permutations(range(9)),
)
def test_the_order_stays_and_all_heads_end_alike(
    way: Way, gaps: list[list[int]], spare: int, order: list[int]
) -> None:
    old = np.cumsum(gaps, axis=1).astype(np.int32) - 1
    then, span = int(old.max()) + 1, old.shape[1] + spare
    old[:, -1] = then - 1  # the last token is in every head
    assume(span < then)
    after = compacted(old[:, order], then, span, way)[:, np.argsort(order)]
    assert (np.diff(after, axis=1) > 0).all()
    assert after.min() >= 0
    assert (after <= old).all()
    assert after.max() < span
    if way != "scaled":
        assert (after[:, -1] == span - 1).all()


def test_compacting_twice_is_compacting_once_to_the_same_place() -> None:
    old = np.sort(np.random.default_rng(0).choice(5000, (6, 40)), axis=1).astype(np.int32)
    old[:, 0], old[:, -1] = 0, 5000
    once = compacted(old, 5001, 100, "capped")
    twice = compacted(compacted(old, 5001, 600, "capped"), 600, 100, "capped")
    np.testing.assert_array_equal(once, twice)


def test_it_is_due_where_the_next_tokens_would_be_too_far() -> None:
    compaction = Compaction("capped", 1000, at=0.9, to=0.5)
    assert not compaction.due(800, 100)
    assert compaction.due(801, 100)
    assert compaction.next_position(200, 900) == 500
    assert compaction.next_position(200, 900, room=180) == 400
    assert compaction.next_position(600, 900) == 600
    assert compaction.next_position(850, 900) == 900, "little is won"
    assert Compaction("ranked", 1000).next_position(200, 900) == 200


def test_what_comes_back_is_placed_between_its_neighbours() -> None:
    held, rotary = np.array([30, -1, 0, 10], np.int32), np.array([20, -1, 0, 10], np.int32)
    tokens = np.array([5, 10, 20, 29, 40], np.int32)
    assert place_between(tokens, held, rotary).tolist() == [5, 10, 15, 20, 20]
