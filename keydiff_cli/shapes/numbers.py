"""Numbers between bounds, as patterns of their digits."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

_MOST_DIGITS = 15  # before the point where nothing bounds them, and behind it
_FRACTION = f"[0-9]{{1,{_MOST_DIGITS}}}"
_SOME_FRACTION = f'"0"{{0,{_MOST_DIGITS - 1}}} [1-9] [0-9]{{0,{_MOST_DIGITS - 1}}}'  # not zero


@dataclass(frozen=True)
class Bounds:
    """Between what numbers are.

    Attributes
    ----------
    low, high
        None where there is no bound.
    above, below
        Whether the bound itself is excluded.
    """

    low: float | None = None
    high: float | None = None
    above: bool = False
    below: bool = False

    @property
    def mirrored(self) -> Bounds:
        """The bounds of the same numbers with the other sign."""
        low = None if self.high is None else -self.high
        return Bounds(low, None if self.low is None else -self.low, self.below, self.above)

    @property
    def not_negative(self) -> Bounds:
        """The bounds of those of the numbers that are 0 or more."""
        if self.low is not None and self.low >= 0:
            return self
        return Bounds(0, self.high, False, self.below)

    @property
    def positive(self) -> Bounds:
        """The bounds of those of the numbers that are more than 0."""
        if self.low is not None and self.low > 0:
            return self
        return Bounds(0, self.high, True, self.below)

    @property
    def whole(self) -> tuple[int, int | None]:
        """The least and the greatest whole number of those that are not negative."""
        low = math.ceil(self.low or 0)
        if self.above and low == self.low:
            low += 1
        if self.high is None:
            return low, None
        high = math.floor(self.high)
        return low, high - 1 if self.below and high == self.high else high


def whole_numbers(bounds: Bounds) -> list[str]:
    """Alternatives for the whole numbers between bounds; none where there are none."""
    found = list(_digits(*bounds.not_negative.whole))
    return found + [f'"-" {each}' for each in _digits(*bounds.mirrored.positive.whole)]


def decimals(bounds: Bounds) -> list[str]:
    """Alternatives for numbers with digits behind the point, between bounds that are whole."""
    found = list(_pointed(bounds.not_negative))
    return found + [f'"-" {each}' for each in _pointed(bounds.mirrored.positive)]


def _pointed(bounds: Bounds) -> Iterator[str]:
    low = int(bounds.low or 0)
    high = None if bounds.high is None else int(bounds.high) - 1
    if bounds.above and (high is None or low <= high):
        yield f'"{low}." {_SOME_FRACTION}'
        low += 1
    for each in _digits(low, high):
        yield f'{each} "." {_FRACTION}'


def _digits(low: int, high: int | None) -> Iterator[str]:
    """Patterns of the whole numbers from ``low``, 0 or more, to ``high``."""
    if high is None:
        count = len(str(low))
        yield from _digits(low, 10**count - 1)
        if count < _MOST_DIGITS:
            yield f"[1-9] [0-9]{{{count},{_MOST_DIGITS - 1}}}"
        return
    for count in range(len(str(low)), len(str(high)) + 1 if high >= low else 0):
        first = max(low, 10 ** (count - 1) if count > 1 else 0)
        yield from _as_long(str(first), str(min(high, 10**count - 1)))


def _as_long(low: str, high: str) -> Iterator[str]:
    """Patterns of the numbers between two that have as many digits."""
    rest = len(low) - 1
    nines, zeros = "9" * rest, "0" * rest
    any_rest = f" [0-9]{{{rest}}}" if rest else ""
    if low[0] == high[0] and (low[1:], high[1:]) != (zeros, nines):
        yield from (f'"{low[0]}" {each}' for each in _as_long(low[1:], high[1:]))
        return
    first, last = int(low[0]), int(high[0])
    if low[1:] != zeros:
        yield from (f'"{first}" {each}' for each in _as_long(low[1:], nines))
        first += 1
    if high[1:] != nines:
        yield from (f'"{last}" {each}' for each in _as_long(zeros, high[1:]))
        last -= 1
    if first <= last:
        yield f"[{first}-{last}]{any_rest}"
