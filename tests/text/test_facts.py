"""The facts of a source: its numbers in their units, its dates and names, and how fast."""

from __future__ import annotations

import time

import pytest

from keydiff_cli.text.facts import Facts
from keydiff_cli.text.stated import read_stated
from keydiff_cli.text.units import Rounding

TABLE = """(in thousands, except per share data)
                     March 31,       December 31,
                        2024     (Unaudited) 2023
Revenue          $     8,113      $   (7,250)
Growth                  12.5 %          45   %
"""


def has(source: Facts, number: str, how: Rounding = Rounding.NONE) -> bool:
    (found,) = read_stated(number).numbers
    return source.has_number(found, how)


@pytest.mark.parametrize(
    ("number", "there"),
    [
        ("8,113", True),
        ("$8,113 thousand", True),
        ("$8,113,000", True),
        ("$8.113 million", True),
        ("$8.1 million", True),
        ("$8.12 million", False),
        ("$8 million", False),  # a single digit, and nothing says that it is rounded
        ("$8.1 billion", False),
        ("$8,131", False),
        ("7,250", True),
        ("12.5%", True),
        ("45 percent", True),
        ("12.5", False),
        ("12%", False),
        ("8,113%", False),
        ("\u20ac8,113", False),
    ],
)
def test_numbers_of_a_table(number: str, there: bool) -> None:
    assert has(Facts.of(TABLE), number) is there


@pytest.mark.parametrize(
    ("number", "how", "there"),
    [
        ("$8 million", Rounding.ABOUT, True),
        ("$8 million", Rounding.OVER, True),
        ("$8 million", Rounding.UNDER, False),
        ("$8.2 million", Rounding.UNDER, True),
        ("$7 million", Rounding.OVER, True),
        ("$7 million", Rounding.ABOUT, True),
        ("$6 million", Rounding.ABOUT, False),
        ("8,100", Rounding.ABOUT, True),
        ("8,200", Rounding.ABOUT, False),
        ("8,000", Rounding.ABOUT, True),
        ("10,000", Rounding.ABOUT, False),
        ("12%", Rounding.ABOUT, True),
        ("12%", Rounding.UNDER, False),
        ("13%", Rounding.UNDER, True),
        ("14%", Rounding.ABOUT, False),
    ],
)
def test_numbers_said_to_be_rounded(number: str, how: Rounding, there: bool) -> None:
    assert has(Facts.of(TABLE), number, how) is there


def test_units_may_be_said_elsewhere() -> None:
    part = "Revenue 8,113"
    assert not has(Facts.of(part), "$8.1 million")
    assert has(Facts.of(part, frozenset({3})), "$8.1 million")


@pytest.mark.parametrize(
    ("date", "there"),
    [
        ("March 31, 2024", True),
        ("31 Mar. 2024", True),
        ("2024-03-31", True),
        ("3/31/2024", True),
        ("December 31, 2023", True),  # from the head of the table
        ("March 2024", True),
        ("March 31", True),
        ("2023", True),
        ("March 30, 2024", False),
        ("April 31, 2024", False),
        ("March 31, 2022", False),
        ("2022", False),
    ],
)
def test_dates_of_a_table(date: str, there: bool) -> None:
    (found,) = read_stated(date).dates
    assert Facts.of(TABLE).has_date(found) is there


def test_a_day_is_no_amount_and_a_code_no_more_than_its_digits() -> None:
    source = Facts.of("(in millions) On March 31 it saw ASU 2016-13 and Section 15(d), in 2024.")
    assert not has(source, "$31 million")
    assert not has(source, "13 million")
    assert not has(source, "$2.0 thousand")
    assert has(source, "15")
    assert has(source, "2,024")  # as it is written there, perhaps


def test_a_code_may_have_thousands_of_digits() -> None:
    """More than Python makes an integer of."""
    assert len(Facts.of(f"It is {'1' * 5000}-22-33.").exact) == 3


def test_a_long_text_is_read_in_time_that_grows_as_its_length() -> None:
    line = "On May {0}, 2024 firm Ab{0} paid $1,{0:03}.5 million, or 4.{0}% (twenty-five), to Ann. "
    facts = [Facts.of("".join(line.format(n) for n in range(lines))) for lines in (1, 1000)]
    assert len(facts[1].amounts) > 1000
    started = time.process_time()
    Facts.of("".join(line.format(n) for n in range(7000)))  # 100,000 words
    assert time.process_time() - started < 20  # some 2 s; were it quadratic, minutes


@pytest.mark.parametrize("text", ["", " \n", "(" * 9999, "1" * 9999, "1," * 9999, "%$.-" * 999])
def test_odd_texts_have_few_facts(text: str) -> None:
    assert len(Facts.of(text).amounts) < 3
