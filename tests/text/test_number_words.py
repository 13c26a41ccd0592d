"""Numbers written in words."""

from __future__ import annotations

import pytest

from keydiff_cli.text.number_words import digits_of_length, find_number_words


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("three months", [("three", 3)]),
        ("Twenty-five or thirty", [("Twenty-five", 25), ("thirty", 30)]),
        ("one hundred and fifty men", [("one hundred and fifty", 150)]),
        ("two million three hundred thousand", [("two million three hundred thousand", 2_300_000)]),
        ("a five-year lease", [("five", 5)]),
        ("seventeen and seventy", [("seventeen", 17), ("seventy", 70)]),
        ("$1.5 million, a hundred, someone, weight, often", []),
    ],
)
def test_numbers_in_words(text: str, numbers: list[tuple[str, int]]) -> None:
    found = list(find_number_words(text))
    assert [(text[n.start : n.stop], n.amount.number) for n in found] == numbers


def test_a_percentage_in_words() -> None:
    (found,) = find_number_words("fifty-one percent of it")
    assert (found.amount.number, found.amount.percent) == (51, True)


def test_a_length_in_words_becomes_digits_and_nothing_else_does() -> None:
    asked = "Sum up the two reports in a hundred or one hundred and fifty words, word by word."
    assert digits_of_length(asked) == (
        "Sum up the two reports in one hundred or 150 words, word by word."
    )
    assert digits_of_length("A two-hundred-word summary") == "A 200-word summary"
