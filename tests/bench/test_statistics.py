"""Intervals against values worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keydiff_cli.bench.statistics import paired_difference, student, wilson

steady = settings(derandomize=True, deadline=None, max_examples=100)


def test_the_interval_of_wilson() -> None:
    """8 of 10: centre (0.8 + 0.19207) / 1.38415 = 0.71674, half width 0.22658."""
    assert wilson(8, 10) == pytest.approx((0.49016, 0.94332), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(32, 32)[1] == 1.0


@given(st.integers(1, 200), st.data())
@steady
def test_the_rate_is_inside_its_interval(samples: int, data: st.DataObject) -> None:
    successes = data.draw(st.integers(0, samples))
    low, high = wilson(successes, samples)
    assert 0 <= low <= successes / samples + 1e-12
    assert successes / samples - 1e-12 <= high <= 1


def test_a_paired_difference() -> None:
    five = list("abcde")
    assert paired_difference([1, 1, 0, 1, 0], [1, 1, 0, 1, 0], five) == (0, None)
    assert paired_difference([1, 0] * 5, [0] * 10, list("aabbccddee")) == (0.5, None)
    # Gaps of 1, 1, 1, 0, 0: deviation 0.5477, over the root of 5 0.2449, times 2.776.
    mean, interval = paired_difference([1, 1, 1, 0, 0], [0] * 5, five)
    assert (mean, interval) == (0.6, pytest.approx((-0.0800, 1.0), abs=2e-3))
    with pytest.raises(ValueError, match="same samples"):
        paired_difference([1], [1, 2], ["a"])


def test_questions_about_one_text_count_as_one_text() -> None:
    policy, full = [1.0] * 20 + [0.0] * 20, [0.0] * 40
    alone = paired_difference(policy, full, list(map(str, range(40))))
    together = paired_difference(policy, full, [str(i // 5) for i in range(40)])
    few = paired_difference(policy, full, [str(i // 10) for i in range(40)])
    assert alone[0] == together[0] == few[0] == 0.5
    assert few[1] is None  # four texts say nothing of others
    assert alone[1] == pytest.approx((0.338, 0.662), abs=2e-3)
    assert together[1] == pytest.approx((0.5 - 2.365 * 0.189, 0.5 + 2.365 * 0.189), abs=2e-3)


def test_texts_with_most_of_the_samples_count_for_fewer() -> None:
    texts = [*"abcdefgh", *8 * "i", *8 * "j"]  # 24² / (8 + 2 · 8²) = 4.2 texts of one size
    gaps = [1.0, 0.0] * 12
    assert paired_difference(gaps, [0.0] * 24, texts) == (0.5, None)
    texts[8:] = [*4 * "i", *4 * "j", *4 * "k", *4 * "l"]  # 24² / (8 + 4 · 4²) = 8 of them
    _, interval = paired_difference(gaps, [0.0] * 24, texts)
    # Only the texts of one sample differ from the mean: eight times a quarter.
    half = 2.365 * (8 / 7 * 8 / 4) ** 0.5 / 24
    assert interval == pytest.approx((0.5 - half, 0.5 + half), abs=2e-3)


def test_students_quantiles() -> None:
    """The quantiles are those of the usual table."""
    for freedom, quantile in ((4, 2.776), (7, 2.365), (9, 2.262), (30, 2.042), (1000, 1.962)):
        assert student(freedom) == pytest.approx(quantile, rel=3e-3)
