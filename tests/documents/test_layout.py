"""The order in which lines on a picture are read."""

from __future__ import annotations

import pytest

from keydiff_cli.documents.layout import Line, page_text

Box = tuple[float, float, str]


def lines(*boxes: Box, skew: float = 0.0) -> list[Line]:
    """Lines from left, top and text, each 20 dots high, 10 dots a letter."""
    return [
        Line(left, top + skew * left, left + 10 * len(text), top + skew * left + 20, text)
        for left, top, text in boxes
    ]


def test_nothing() -> None:
    assert page_text([]) == ""


def test_rows_from_the_top_and_cells_from_the_left() -> None:
    shuffled = lines((300, 42, "7"), (0, 80, "end"), (0, 40, "Berths"), (0, 0, "Harbour"))
    assert page_text(shuffled) == "Harbour\nBerths  7\nend"


def test_words_of_a_line_that_was_cut_stay_together() -> None:
    assert page_text(lines((0, 0, "one"), (40, 3, "two"))) == "one two"


@pytest.mark.parametrize("skew", [0.0, 0.02, -0.02])
def test_columns_of_running_text_come_one_after_the_other(skew: float) -> None:
    left = [(0, 40 * n, f"left column, line {n}") for n in range(1, 7)]
    right = [(300, 40 * n, f"right column, line {n}") for n in range(1, 7)]
    heading = (0, 0, "A heading that is above both of the columns of this page")
    footer = (0, 300, "and a line below both of them that is as long as it")
    text = page_text(lines(footer, *right, heading, *left, skew=skew))
    assert text.split("\n") == [
        heading[2], *(line for _, _, line in left), *(line for _, _, line in right), footer[2],
    ]  # fmt: skip


def test_three_columns() -> None:
    columns = [[(300 * c, 40 * n, f"column {c}, its line {n}") for n in range(6)] for c in range(3)]
    rows = [box for row in zip(*columns, strict=True) for box in row]
    assert page_text(lines(*rows)).split("\n") == [text for c in columns for _, _, text in c]


def test_tables_are_read_by_rows() -> None:
    names = ["Wages and salaries paid", "Repairs of quay walls", "Dredging of the basin", "Tugs"]
    cells = [
        box
        for n, name in enumerate(names)
        for box in ((0, 40 * n, name), (400, 40 * n, f"{n},711"), (600, 40 * n, f"{n},002"))
    ]
    expected = [f"{name}  {n},711  {n},002" for n, name in enumerate(names)]
    assert page_text(lines(*cells)).split("\n") == expected
