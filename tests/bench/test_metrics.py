"""Metrics and intervals against values worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keydiff_cli.bench import metrics
from keydiff_cli.bench.statistics import paired_difference, student, wilson

steady = settings(derandomize=True, deadline=None, max_examples=100)


@pytest.mark.parametrize(
    ("answer", "references", "score"),
    [
        ("The numbers are 123 and 456.", ["123", "456"], 1.0),
        ("The numbers are 123 and 45.", ["123", "456"], 0.5),
        ("blue HERON", ["Blue Heron"], 1.0),
        ("", ["x"], 0.0),
    ],
)
def test_contained(answer: str, references: list[str], score: float) -> None:
    assert metrics.contained(answer, references) == score


@pytest.mark.parametrize(
    ("answer", "reference", "score"),
    [
        ("The cat!", "a cat", 1.0),
        ("cat sat", "cat", 2 / 3),  # precision 1/2, recall 1
        ("cat cat", "cat", 2 / 3),  # a word counts as often as it comes in both
        ("the old harbour master", "harbour master Ellis", 2 / 3),  # 2 of 3 and 2 of 3
        ("dog", "cat", 0.0),
        ("", "cat", 0.0),
    ],
)
def test_token_f1(answer: str, reference: str, score: float) -> None:
    assert metrics.token_f1(answer, reference) == pytest.approx(score)


@pytest.mark.parametrize(
    ("answer", "reference", "score"),
    [
        ("a b c d", "a b c d", 1.0),
        ("a x b y", "a b", 2 * 2 / 6),  # the common subsequence is a b
        ("b a", "a b", 2 * 1 / 4),
        ("x", "y", 0.0),
        ("", "y", 0.0),
    ],
)
def test_rouge_l(answer: str, reference: str, score: float) -> None:
    assert metrics.rouge_l(answer, reference) == pytest.approx(score)


def test_numbers() -> None:
    assert metrics.retrieval("Paragraph 7", "Paragraph 7") == 1.0
    assert metrics.retrieval("Paragraph 7 or 9", "Paragraph 7") == 0.5
    assert metrics.retrieval("I do not know", "Paragraph 7") == 0.0
    assert metrics.counting("There are 12", "12") == 1.0
    assert metrics.counting("12, or 13, or 14", "12") == pytest.approx(1 / 3)
    assert metrics.counting("many", "12") == 0.0


def test_classification() -> None:
    classes = ["city", "capital city", "person"]
    assert metrics.classification("It is a person", "person", classes) == 1.0
    assert metrics.classification("a person or a city", "person", classes) == 0.5
    assert metrics.classification("capital city", "capital city", classes) == 1.0
    assert metrics.classification("a city", "person", classes) == 0.0


@pytest.mark.parametrize(
    ("answer", "reference", "score"),
    [
        ("return x", "return x", 1.0),
        ("```python\n# next\nreturn y\nmore", "return x", 0.88),  # 2 * 7 / 16
        ("kitten", "sitting", 0.62),  # 2 * 4 / 13
        ("# nothing but a comment", "return x", 0.0),
        ("", "", 1.0),
        ("", "ab", 0.0),
    ],
)
def test_edit_similarity(answer: str, reference: str, score: float) -> None:
    assert metrics.edit_similarity(answer, reference) == pytest.approx(score)


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
    mine, other = [1.0] * 20 + [0.0] * 20, [0.0] * 40
    alone = paired_difference(mine, other, list(map(str, range(40))))
    together = paired_difference(mine, other, [str(i // 5) for i in range(40)])
    few = paired_difference(mine, other, [str(i // 10) for i in range(40)])
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
    """Against the usual table."""
    for freedom, quantile in ((4, 2.776), (7, 2.365), (9, 2.262), (30, 2.042), (1000, 1.962)):
        assert student(freedom) == pytest.approx(quantile, rel=3e-3)
