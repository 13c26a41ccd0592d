"""Numbers between bounds: exactly the whole ones, and none that is outside."""

from __future__ import annotations

import pytest
from grammar_texts import Texts
from hypothesis import given, settings
from hypothesis import strategies as st

from keydiff_cli.shapes.numbers import Bounds, decimals, whole_numbers

ENDS = st.integers(-1300, 1300)


def texts(alternatives: list[str], count: int) -> set[str]:
    made = Texts("root ::= " + " | ".join(alternatives))
    return {made.make() for _ in range(count)}


@settings(max_examples=40, deadline=None)
@given(low=ENDS, length=st.integers(0, 30), above=st.booleans(), below=st.booleans())
def test_whole_numbers_are_those_between(low: int, length: int, above: bool, below: bool) -> None:
    high = low + length
    wanted = set(range(low + above, high + 1 - below))
    found = whole_numbers(Bounds(low, high, above, below))
    made = texts(found, 20 * len(wanted)) if found else set()
    assert {int(each) for each in made} <= wanted
    assert all(str(int(each)) == each for each in made)
    assert len(made) >= len(wanted) * 0.5


@settings(max_examples=40, deadline=None)
@given(low=ENDS, length=st.integers(0, 400), above=st.booleans(), below=st.booleans())
def test_decimals_are_between(low: int, length: int, above: bool, below: bool) -> None:
    high = low + length
    found = decimals(Bounds(low, high, above, below))
    assert bool(found) == (length > 0)
    for each in map(float, texts(found, 50) if found else ()):
        assert (low < each if above else low <= each) and (each < high if below else each <= high)


@pytest.mark.parametrize("low", [None, 0, 7, 95, 1000])
def test_without_an_end_there_are_long_ones(low: int | None) -> None:
    made = {int(each) for each in texts(whole_numbers(Bounds(low)), 300)}
    assert min(made) >= (-(10**15) if low is None else low)
    assert max(made) > 10**6
    assert low is not None or min(made) < -(10**3)
