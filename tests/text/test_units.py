"""Units, currencies and roundings that a text says."""

from __future__ import annotations

import time

import pytest

from keydiff_cli.text.units import Rounding, currencies, rounding, table_units


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("(in thousands, except per share data)", {3}),
        ("(Unaudited, in millions)", {6}),
        ("($ in thousands)", {3}),
        ("dollars in thousands", {3}),
        ("Amounts are in billions of dollars", {9}),
        ("A table\nIn millions of dollars\n5", set()),
        ("A table\nIn US$ millions\n5", {6}),
        ("In thousands, except shares", {3}),
        ("(\u20ac million)", {6}),
        ("Sales, $000", {3}),
        ("(in thousands) and (in millions)", {3, 6}),
        ("It results in millions of cases, with $5 million in thousands of towns.", set()),
        ("---- ----\n| In thousands |\n----", {3}),
        ("5,000", set()),
    ],
)
def test_units_of_tables(text: str, units: set[int]) -> None:
    assert table_units(text) == units


@pytest.mark.parametrize(
    "piece", ["-", "\n", " ", "(", "( ", "-" * 60 + "\n", "a", "a ", "in ", "$ "]
)
def test_units_are_found_fast_in_any_text(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    start = time.perf_counter()
    assert table_units(text) == set()
    assert time.perf_counter() - start < 5  # far more than it takes; a quadratic search: minutes


def test_currencies_by_sign_or_name() -> None:
    assert currencies("5 dollars, EUR 6") == {"$", "\u20ac"}
    assert currencies("in euroland") == set()


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("it is about 5", Rounding.ABOUT),
        ("Approximately **US$5", Rounding.ABOUT),
        ("~5", Rounding.ABOUT),
        ("more than a 5", Rounding.OVER),
        ("almost 5", Rounding.UNDER),
        ("just under 5", Rounding.UNDER),
        ("moreover 5", Rounding.NONE),
        ("about it, 5", Rounding.NONE),
        ("5", Rounding.NONE),
    ],
)
def test_how_a_number_is_said_to_be_rounded(text: str, how: Rounding) -> None:
    start = text.index("$5") if "$" in text else text.index("5")
    assert rounding(text, start) is how
