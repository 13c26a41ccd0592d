"""Which parts of a document are held least."""

from __future__ import annotations

from dataclasses import replace

from keydiff_cli.text.coverage import Coverage, CoveredPart


def part(mean: float, page: int = 1, **changes: int) -> CoveredPart:
    return replace(CoveredPart(100, mean, 0.5, 0, 0, "", (page, page), None), **changes)


def covered(mean: float, *parts: CoveredPart) -> Coverage:
    return Coverage(100 * len(parts), mean, 0.5, 0, 0, "a.pdf", "page", parts, ())


def test_parts_far_below_the_mean_are_weak_the_weakest_first() -> None:
    assert covered(0.2, part(0.3), part(0.09), part(0.11), part(0.02)).weakest == [3, 1]


def test_what_was_recalled_or_looked_at_or_says_little_is_not_weak() -> None:
    parts = [part(0.0, recalled=1), part(0.0, looked=1), part(0.0, tokens=49), part(0.0)]
    assert covered(0.2, *parts).weakest == [3]


def test_where_nothing_is_held_no_part_is_weaker_than_others() -> None:
    assert covered(0.0, part(0.0), part(0.0)).weakest == []
