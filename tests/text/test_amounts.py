"""Amounts and dates in texts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from keydiff_cli.text.amounts import Amount, find_figures, same_amount, unit_of


def written(text: str) -> list[tuple[str, int | None, bool]]:
    amounts = find_figures(text).amounts
    return [(str(amount.number), amount.power, amount.percent) for amount in amounts]


@pytest.mark.parametrize(
    ("text", "number", "power", "percent"),
    [
        ("It was $2,576,340.", "2576340", None, False),
        ("$(122,711)", "122711", None, False),
        ("a loss of (4.5)%", "4.5", None, True),
        ("$6.3 million", "6.3", 6, False),
        ("EBITDA of $2,018mn", "2018", 6, False),
        ("$8,726 thousand", "8726", 3, False),
        ("1.8 bn", "1.8", 9, False),
        ("$5M", "5", 6, False),
        ("129.6m long", "129.6", None, False),  # metres
        ("4.35 per cent", "4.35", None, True),
        ("~42%", "42", None, True),
        ("the 22nd", "22", None, False),
        ("two of 1768.", "1768", None, False),
        ("only .5", ".5", None, False),
    ],
)
def test_an_amount_as_it_is_written(
    text: str, number: str, power: int | None, percent: bool
) -> None:
    ((found, *rest),) = written(text)
    assert Decimal(found) == Decimal(number)
    assert rest == [power, percent]


@pytest.mark.parametrize(
    "text",
    [
        "Q2", "COVID-19", "its 10-K and 8-K", "3D Systems", "MDL/0947-C", "Level 3 and Phase 2a",
        "(1) this, (2) that", "the 12 months ended then", "nothing",
    ],
)  # fmt: skip
def test_numbers_in_names_are_no_amounts(text: str) -> None:
    assert written(text) == []


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("March 14, 2024", {("month", 3), ("day", 14), ("year", 2024)}),
        ("on 17 November", {("month", 11), ("day", 17)}),
        ("the 1st of Sept. 2023", {("month", 9), ("day", 1), ("year", 2023)}),
        ("in May 2022", {("month", 5), ("year", 2022)}),
        ("it may be 5.", set()),
        ("2024-03-14", {("month", 3), ("day", 14), ("year", 2024)}),
        ("3/14/2024", {("either", 3), ("either", 14), ("year", 2024)}),
        ("FY2023, FY 21 and 2015-2017", {("year", y) for y in (2023, 2021, 2015, 2017)}),
        ("$2023, 2,023 and 2023%", set()),
    ],
)
def test_dates(text: str, dates: set[tuple[str, int]]) -> None:
    assert find_figures(text).dates == dates


def test_a_date_is_said_in_other_words() -> None:
    wanted = find_figures("March 14, 2024").dates
    for said in ("on the 14th of March 2024", "3/14/2024", "14/3/2024", "2024-03-14"):
        assert all(map(find_figures(said).has_date, wanted)), said
    for said in ("April 14, 2024", "March 15, 2024", "March 14, 2023", "3 of 14"):
        assert not all(map(find_figures(said).has_date, wanted)), said
    assert find_figures("2,024 of them").has_date(("year", 2024))
    assert find_figures("in 2024").has_amount(Amount(Decimal(2024)), None)


@pytest.mark.parametrize(
    ("wanted", "said", "question"),
    [
        ("$2,576,340", "2576340", ""),
        ("$2.3 million", "$2,300,000", ""),
        ("2,300,000", "2.3 million", ""),
        ("12.00%", "12 %", ""),
        ("$(122,711)", "a loss of $122,711", ""),
        ("$11588.00", "$11,588 million", "in USD millions"),
        ("$8,726 thousand", "$8,726", ""),  # without the unit
        ("$6.3 million", "$6,298,345", ""),  # more exactly
        ("67.5%", "67.44 and then 67.46%", ""),
        ("36%", "36.46 %", ""),
        ("$2,352,328", "2.4 million", "How much is it in millions?"),
        ("$2,352,328", "2.35", "How much is it in USD million?"),
    ],
)
def test_the_same_amount(wanted: str, said: str, question: str) -> None:
    (amount,) = find_figures(wanted).amounts
    assert find_figures(said).has_amount(amount, unit_of(question))


@pytest.mark.parametrize(
    ("wanted", "said", "question"),
    [
        ("$2,576,340", "$2,576,341", ""),
        ("$2.3 million", "2.3 billion", ""),
        ("$2,352,328", "2.4 million", ""),  # nobody asked for millions
        ("$2,352,328", "2 or 3 things", "How much is it in millions?"),
        ("$5466.00", "$5.5 billion", "in USD millions"),  # rounded to more than a million
        ("$2 million", "$1.6 million", ""),  # a single digit is rounded too far
        ("47 stores", "46.7", ""),
        ("3.46", "3.4", ""),
        ("9%", "19%, 0.9% and 9.1%", ""),
    ],
)
def test_another_amount(wanted: str, said: str, question: str) -> None:
    (amount,) = find_figures(wanted).amounts
    assert not find_figures(said).has_amount(amount, unit_of(question))


def test_many_digits_are_no_trouble() -> None:
    assert not same_amount(Amount(Decimal("6.3"), 6), Amount(Decimal("9" * 5000), 9), 6)


@pytest.mark.parametrize(
    ("question", "unit"),
    [
        ("What is it (in USD millions)?", 6),
        ("Answer in thousands.", 3),
        ("How many, in billion dollars?", 9),
        ("What did the $2 million buy in the year?", None),
    ],
)
def test_the_unit_that_a_question_asks_for(question: str, unit: int | None) -> None:
    assert unit_of(question) == unit
