"""Tokens to blocks: full, and in order."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from text_helpers import joined
from text_strategies import steady

from keydiff_cli.text.blocks import Block, blocks


@given(st.integers(0, 200), st.integers(1, 64), st.integers(0, 1000))
@steady
def test_blocks_are_full_and_in_order(count: int, size: int, start: int) -> None:
    made = list(blocks(np.arange(count, dtype=np.int32), size, start))
    assert joined(block.ids for block in made) == list(range(count))
    assert [block.start for block in made] == [start + size * n for n in range(len(made))]
    assert all(len(block.ids) == size for block in made[:-1])
    assert all(0 < len(block.ids) <= size for block in made[-1:])


def test_a_block_stops_where_the_next_one_starts() -> None:
    assert Block(7, np.arange(5, dtype=np.int32)).stop == 12
    assert Block(7, np.empty(0, np.int32)).stop == 7
    made = list(blocks(np.arange(10, dtype=np.int32), 4, 3))
    assert [(block.start, block.stop) for block in made] == [(3, 7), (7, 11), (11, 13)]
