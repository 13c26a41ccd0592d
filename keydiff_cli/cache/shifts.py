"""At which positions tokens were read, where these are not their numbers any more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Shift(NamedTuple):
    """From ``token`` on, tokens were read at positions that are their numbers less ``by``."""

    token: int
    by: int


class Stretch(NamedTuple):
    """Tokens from ``start`` to ``stop`` (exclusive), read at their numbers less ``by``."""

    start: int
    stop: int
    by: int


def stretches(shifts: Sequence[Shift], stop: int) -> Iterator[Stretch]:
    """The tokens before ``stop``, as they were read from one compaction to the next."""
    starts = [Shift(0, 0), *shifts]
    ends = [shift.token for shift in shifts] + [stop]
    for (start, by), end in zip(starts, ends, strict=True):
        if start < min(end, stop):
            yield Stretch(start, min(end, stop), by)


def read_at(tokens: NDArray[np.int32], shifts: Sequence[Shift]) -> NDArray[np.int32]:
    """The positions at which tokens were read: int32, as the tokens."""
    by = np.array([0, *(shift.by for shift in shifts)], np.int32)
    which = np.searchsorted([shift.token for shift in shifts], tokens, side="right")
    positions: NDArray[np.int32] = tokens - by[which]
    return positions
