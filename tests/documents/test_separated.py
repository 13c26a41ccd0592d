"""Tables in a text: recognised by their columns, the header given again in the lines of rows."""

from __future__ import annotations

import pytest
from document_helpers import piped, read


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_header_is_repeated_and_lines_keep_their_numbers(separator: str) -> None:
    header = separator.join(("Day", "Price"))
    rows = [separator.join((f"day {number}", str(number))) for number in range(9000)]
    document = piped("\n".join([header, *rows, ""]).encode())
    lines = read(document).split("\n")
    assert document.kind == "csv"
    assert [line.removeprefix(f"[Columns: {header}] ") for line in lines] == [header, *rows, ""]
    repeated = sum(line.startswith("[Columns: ") for line in lines)
    characters = sum(len(row) + 1 for row in rows)
    assert 0.04 * characters < repeated * len(f"[Columns: {header}] ") < 0.055 * characters
    assert not lines[1].startswith("[")


def test_values_over_several_lines() -> None:
    row = 'Ferry,"a\n""b"" c\nd",4\n'
    document = piped(("Name,Text,Price\n" + row * 400).encode())
    text = read(document)
    assert document.kind == "csv"
    assert text.replace("[Columns: Name,Text,Price] ", "") == "Name,Text,Price\n" + row * 400
    assert text.count("] Ferry,") == text.count("[Columns: ") > 10


@pytest.mark.parametrize(
    "text",
    [
        "One, two, three\nfour, five, six\nseven, eight, nine\nten, eleven, twelve\nx, y, z\n",
        "a,b\n1,2\n",
        "1,2\n3,4\n5,6\n7,8\n9,10\n",
        "Name,Price\nA,1\nB,2,3\nC,4\nD,5\n",
        "We met, and then we left.\nIt was, we think, late.\nThe end, or so.\nYes, no.\nA, b.\n",
    ],
)
def test_texts_that_are_none(text: str) -> None:
    document = piped(text.encode())
    assert (document.kind, read(document)) == ("text", text)
