"""At which positions tokens were read."""

from __future__ import annotations

import numpy as np

from keydiff_cli.cache import Shift, Stretch, read_at, stretches
from keydiff_cli.compaction import Compaction

SHIFTS = [Shift(100, 60), Shift(200, 150)]


def test_tokens_were_read_at_their_numbers_less_what_was_won_before() -> None:
    tokens = np.array([0, 99, 100, 199, 200, 250], np.int32)
    assert read_at(tokens, SHIFTS).tolist() == [0, 99, 40, 139, 50, 100]
    assert read_at(tokens, []).tolist() == tokens.tolist()


def test_stretches_are_what_was_read_from_one_compaction_to_the_next() -> None:
    assert list(stretches(SHIFTS, 250)) == [
        Stretch(0, 100, 0),
        Stretch(100, 200, 60),
        Stretch(200, 250, 150),
    ]
    assert list(stretches(SHIFTS, 150)) == [Stretch(0, 100, 0), Stretch(100, 150, 60)]
    assert list(stretches([], 7)) == [Stretch(0, 7, 0)]


def test_ten_million_tokens_are_read_at_positions_that_the_model_knows() -> None:
    """As they are read into 512 rows, in blocks of 128, by a model that was made for 8,192."""
    compaction, block, position = Compaction("capped", 8192), 128, 0
    shifts: list[Shift] = []
    for token in range(0, 10_000_000, block):
        if compaction.due(position, block):
            position = compaction.next_position(512, position, block)
            shifts.append(Shift(token, token - position))
        position += block
    tokens = np.arange(0, 10_000_000, 997, dtype=np.int32)
    positions = read_at(tokens, shifts)
    assert positions.dtype == np.int32
    assert 0 <= positions.min() <= positions.max() < 8192
    parts = list(stretches(shifts, 10_000_000))
    assert len(parts) == len(shifts) + 1
    assert sum(part.stop - part.start for part in parts) == 10_000_000
    assert all(part.stop - part.by <= 8192 for part in parts)
