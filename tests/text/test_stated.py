"""What texts state, by its kind and place."""

from __future__ import annotations

import pytest

from keydiff_cli.text.stated import read_stated, tidy


@pytest.mark.parametrize(
    ("text", "numbers", "dates", "others"),
    [
        ("In Q1 2024 it had 53\u00a0 % of 1,234.", ["53%", "1,234"], ["2024"], ["Q1"]),
        ("Note 12, Section 13(d), ASC 842", ["842"], [], ["12", "13", "ASC"]),
        ("FY24 and 2022-23, 2021\u20132022", [], ["FY24", "2022", "-23", "2021", "2022"], []),
        ("ASU 2023-07, ASC 810-10-15", [], [], ["2023-07", "810-10-15", "ASU", "ASC"]),
        ("Three-Month and Twenty-Five", ["Three", "Twenty-Five"], [], ["Three-Month"]),
        ("the 12 months ended May 5, 2024", [], ["May 5, 2024"], ["12"]),
        ("a 10-Q, revenue(1) of $ (12)", ["1", "$ (12"], [], ["10-Q"]),
    ],
)
def test_numbers_dates_and_the_rest(
    text: str, numbers: list[str], dates: list[str], others: list[str]
) -> None:
    stated = read_stated(text)
    assert [stated.text[n.start : n.stop] for n in stated.numbers] == numbers
    assert [stated.text[d.start : d.stop] for d in stated.dates] == dates
    labels = [stated.text[n.start : n.stop] for n in stated.labels]
    assert [*labels, *(name.word for name in stated.names())] == others
    assert len(stated.rest) == len(stated.text)


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("5 to 10 million", [[("5", None, False), ("5", 6, False)], [("10", 6, False)]]),
        (
            "3.75\u20134.25%",
            [[("3.75", None, False), ("3.75", None, True)], [("4.25", None, True)]],
        ),
        ("10 to 20", [[("10", None, False)], [("20", None, False)]]),
        ("5, 10%", [[("5", None, False)], [("10", None, True)]]),
    ],
)
def test_the_first_of_a_range_may_be_as_the_last(text: str, readings: list[object]) -> None:
    found = [
        [(str(amount.number), amount.power, amount.percent) for amount in number.readings]
        for number in read_stated(text).numbers
    ]
    assert found == readings


def test_white_space_is_tidied() -> None:
    assert tidy("a \t b \n\n c (4.5 )  %\u2009d") == "a b\nc (4.5)% d"
