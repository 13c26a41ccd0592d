"""At which positions tokens were read."""

from __future__ import annotations

import numpy as np

from keydiff_cli.cache import Shift, Stretch, read_at, stretches

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
