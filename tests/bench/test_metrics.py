"""Metrics against values worked out by hand."""

from __future__ import annotations

import pytest

from keydiff_cli.bench import metrics


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
