"""Compaction: from the positions of the rows to smaller ones in the same order.

A model is good for positions up to the length that it was trained for. The rows that are left of a
longer text are few, and need not be as far apart as their tokens were. So before the positions
would pass that length every row gets a new one, and reading goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Way = Literal["capped", "ranked", "scaled"]
WAYS = get_args(Way)
Positions = NDArray[np.int32]

_LEAST = 1 / 16  # share of the positions that has to be won, or it is not done


@dataclass(frozen=True)
class Compaction:
    """When rows get new positions, and which.

    Attributes
    ----------
    way
        ``capped`` leaves neighbours neighbours, and cuts what is farther apart to one and the same
        distance; ``ranked`` leaves no gap between rows; ``scaled`` brings all closer alike.
    longest
        Tokens of the longest text that the model was made for: no position is to reach it.
    at
        Share of these at which rows get new positions, 0 to 1.
    to
        Share of these, less what is to be kept free, that the rows have after that, 0 to 1.
    """

    way: Way
    longest: int
    at: float = 1.0
    to: float = 0.5

    @property
    def limit(self) -> int:
        """The positions that there are."""
        return int(self.at * self.longest)

    def due(self, position: int, room: int = 0) -> bool:
        """Whether ``room`` tokens from this position on would be too far."""
        return position + room > self.limit

    def next_position(self, rows: int, position: int, room: int = 0) -> int:
        """The position that comes after a compaction; the present one if little is won.

        Parameters
        ----------
        rows
            Rows that a head has, or cells in use if these are more.
        position
            The position that comes next now.
        room
            Tokens that there is to be room for.
        """
        wanted = int(self.to * max(self.limit - room, 0) / self.at)
        span = rows if self.way == "ranked" else max(wanted, rows)
        least = max(int(_LEAST * self.limit), 1)
        return span if position - span >= least else position


def compacted(rotary: Positions, position: int, span: int, way: Way) -> Positions:
    """New positions for the rows of some heads, below ``span``, in the order of the old ones.

    The distance of the last row to what comes next counts as one between rows, so that what comes
    next has the position ``span`` for every head.

    Parameters
    ----------
    rotary
        Position of each row; -1 for rows that are not held, of which all heads have as many: int32
        ``[heads, rows]``.
    position
        Position of what comes next, above all of these and ``span``.
    span
        At least the number of rows that a head holds.
    """
    order = np.argsort(rotary, axis=1, kind="stable")
    old = np.take_along_axis(rotary, order, axis=1).astype(np.int64)
    first = int((old[:1] < 0).sum())  # those that are not held
    held = old[:, first:]
    gaps = np.diff(held, axis=1, prepend=-1, append=position)
    new = _scaled(gaps, span) if way == "scaled" else _capped(gaps, span)
    old[:, first:] = np.cumsum(new, axis=1)[:, :-1] - 1
    result = np.empty_like(rotary)
    np.put_along_axis(result, order, old.astype(rotary.dtype), axis=1)
    return result


def place_between(
    tokens: NDArray[np.int32], held: NDArray[np.int32], rotary: Positions
) -> Positions:
    """Positions for the rows of tokens that come to a head, in their places between its own rows.

    Parameters
    ----------
    tokens
        Number of each token that comes: int32 ``[tokens]``.
    held, rotary
        Token and position of each row of the head, -1 where none is held: int32 ``[rows]``.
    """
    order = np.argsort(held)[int((held < 0).sum()) :]
    places = np.interp(tokens, held[order], rotary[order])
    new: Positions = np.rint(places).astype(np.int32)
    return new


def _capped(gaps: NDArray[np.int64], span: int) -> NDArray[np.int64]:
    """Gaps cut to one length, by head, or to one more, the last of them: sums of ``span + 1``."""
    total = span + 1
    low, high = np.ones(len(gaps), np.int64), gaps.max(axis=1)
    while (low < high).any():  # the longest cap that all of the gaps fit with
        middle = (low + high + 1) // 2
        fits = np.minimum(gaps, middle[:, None]).sum(axis=1) <= total
        low, high = np.where(fits, middle, low), np.where(fits, high, middle - 1)
    cut = np.minimum(gaps, low[:, None])
    longer = gaps > low[:, None]
    left = total - cut.sum(axis=1)
    from_end = np.cumsum(longer[:, ::-1], axis=1)[:, ::-1]
    new: NDArray[np.int64] = cut + (longer & (from_end <= left[:, None]))
    return new


def _scaled(gaps: NDArray[np.int64], span: int) -> NDArray[np.int64]:
    """Gaps shortened alike, by head, but for those at the beginning that all heads have as one."""
    ones = int((gaps == 1).cumprod(axis=1).sum(axis=1).min())
    old = np.cumsum(gaps, axis=1)
    scale = (span + 1 - ones) / (old[:, -1:] - ones)
    wanted = np.where(old <= ones, old, ones + np.rint((old - ones) * scale).astype(np.int64))
    steps = np.arange(gaps.shape[1])
    apart = np.maximum.accumulate(np.maximum(wanted - steps, 1), axis=1) + steps
    most = span + 1 - steps[::-1]
    new: NDArray[np.int64] = np.diff(np.minimum(apart, most), axis=1, prepend=0)
    return new
