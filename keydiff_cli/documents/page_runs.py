"""Numbers of pages that follow each other."""

from __future__ import annotations

from collections.abc import Iterable


def runs(numbers: Iterable[int]) -> list[tuple[int, int]]:
    """The first and the last of those numbers that follow each other, in ascending order."""
    joined: list[tuple[int, int]] = []
    for number in sorted(numbers):
        if joined and joined[-1][1] == number - 1:
            joined[-1] = joined[-1][0], number
        else:
            joined.append((number, number))
    return joined
