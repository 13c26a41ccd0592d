"""The unit of a table is said with its amounts, and with no others."""

from __future__ import annotations

import pytest

from keydiff_cli.text.scaled import say_units
from keydiff_cli.text.units import table_units

SOURCE = """
($ in thousands except share and per share amounts)
Total current assets                    25,358      28,142
Net loss per share                       (0.91)      (0.63)
Shares outstanding                   5,995,065   5,017,079
The Company sold a building for $4,300,000 in May, of which $1,300 was a fee.
Employees                                1,250         990
Revenue
1,367
"""


@pytest.mark.parametrize(
    ("said", "with_unit"),
    [
        ("- Current assets: $25,358", "- Current assets: $25,358 (in thousands)"),
        ("Current assets were $25,358.", "Current assets were $25,358 (in thousands)."),
        ("Revenue was $1,367.", "Revenue was $1,367 (in thousands)."),
        ("It sold a building for $4,300,000.", None),
        ("It sold a building for $4,300,000 and has assets of $25,358.", None),
        ("A fee of $1,300.", None),
        ("Current assets were $25,358 thousand.", None),
        ("Current assets (in thousands): 25,358", None),
        ("There are 5,995,065 shares.", None),
        ("Net loss of 0.91.", None),
        ("It has 1,250 employees and assets of $25,358.", None),
        ("The company has 1,250 employees.", None),
        ("Nothing was sold.", None),
    ],
)
def test_amounts_of_tables_have_the_unit_of_the_tables(said: str, with_unit: str | None) -> None:
    units = table_units(SOURCE)
    assert say_units(said, SOURCE, units) == (with_unit or said)
    assert say_units(said, SOURCE, frozenset()) == said
    assert say_units(said, SOURCE, frozenset({3, 6})) == said


def test_each_sentence_counts_for_itself() -> None:
    said = "- Current assets: $25,358\n- Building sold: $4,300,000"
    assert say_units(said, SOURCE, frozenset({6})) == (
        "- Current assets: $25,358 (in millions)\n- Building sold: $4,300,000"
    )
