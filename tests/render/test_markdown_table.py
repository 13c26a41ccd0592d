"""A table of Markdown on a terminal."""

from __future__ import annotations

import re

import pytest

from keydiff_cli.render.markdown_table import is_row, is_ruler, table_lines


@pytest.mark.parametrize(
    ("line", "row", "ruler"),
    [
        ("| a | b |", True, False),
        ("  |a", True, False),
        ("|---|:-:|", True, True),
        ("--- | ---", False, True),
        ("a | b", False, False),
    ],
)
def test_rows_and_rulers(line: str, row: bool, ruler: bool) -> None:
    assert (is_row(line), is_ruler(line)) == (row, ruler)


def test_rows_have_the_cells_of_the_head() -> None:
    rows = ["| one | two |", "|---|---|", "| a |", "| b | c | d |", "|e|f"]
    lines = re.sub(r"\x1b\[[\d;]*m", "", table_lines(rows, 40)).splitlines()
    assert [line.split() for line in lines] == [
        ["one", "two"], ["─" * 9], ["a"], ["b", "c"], ["e", "f"],
    ]  # fmt: skip
