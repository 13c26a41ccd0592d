"""Headers and footers that repeat: read where they are met first, and what is like them stays."""

from __future__ import annotations

import pytest
from document_helpers import piped
from pdf_files import pdf

from keydiff_cli.documents.left_out import LeftOut

Line = tuple[int, int, str]
"""What stands at a place: points from the left and from the foot, and the text."""

BODY = ("Rain fell on the mill", "and the wheel turned", "until the evening")


def pages(count: int, *lines: Line, first: int = 650) -> bytes:
    """Pages of 600 by 800 points with a text and further lines, in which # is the page's number.

    ``@`` is that number and 30; the text begins at the height ``first``.
    """
    lines = (*((60, first - 12 * row, line) for row, line in enumerate(BODY)), *lines)
    return pdf([
        b" ".join(
            b"BT /F1 10 Tf %d %d Td (%s) Tj ET" % (
                x, y, text.replace("#", str(number)).replace("@", str(number + 30)).encode()
            )
            for x, y, text in lines
        )
        for number in range(1, count + 1)
    ])  # fmt: skip


def read(data: bytes) -> tuple[list[list[str]], list[str], list[LeftOut]]:
    """The lines of each page without its text, the names of the pages, and what was left out."""
    with piped(data) as document:
        texts = [piece.text.splitlines() for piece in document.pieces()]
        assert all(line in text for text in texts for line in BODY)
        others = [[line for line in text if line not in BODY] for text in texts]
        return others, [document.page_name(n + 1) for n in range(len(texts))], document.left_out


def test_lines_that_repeat_are_read_twice() -> None:
    others, names, left_out = read(pages(5, (60, 770, "The Mill"), (200, 30, "Draft")))
    assert others == [["The Mill", "Draft"]] * 2 + [[]] * 3
    assert names == [""] * 5
    assert left_out == [LeftOut(None, "repeated lines of headers and footers", 6)]


@pytest.mark.parametrize("footer", ["@", "- @ -", "Page @ of 90", "@ / 90"])
def test_the_number_in_print_becomes_the_name_of_the_page(footer: str) -> None:
    others, names, _ = read(pages(4, (300, 30, footer)))
    assert others[2:] == [[], []]
    assert names == ["", "", "33", "34"]


@pytest.mark.parametrize("number", ["A-@", "A-@ / 90"])
def test_a_number_beside_a_title(number: str) -> None:
    others, names, _ = read(pages(4, (60, 770, "Part 2: The Mill"), (500, 770, number)))
    assert others[1:] == [["Part 2: The Mill " + number.replace("@", "32")], [], []]
    assert names == ["", "", "A-33", "A-34"]


def test_a_number_that_is_drawn_with_its_title() -> None:
    data = pdf(
        [
            b"BT /F1 10 Tf 60 770 Td [(The Mill) -40000 (%d)] TJ 0 -120 Td (%s) Tj 0 -12 Td (%s) Tj"
            b" 0 -12 Td (%s) Tj ET" % (number, *map(str.encode, BODY))
            for number in range(1, 5)
        ]
    )
    assert read(data)[0] == [["The Mill 1"], ["The Mill 2"], [], []]


def test_a_number_that_is_not_the_label_of_the_page_stays() -> None:
    labels = b"/Catalog/PageLabels<</Nums[0<</S/D>>]>>"
    data = pages(4, (60, 770, "Invoice"), (500, 770, "@"), (300, 30, "- # -"))
    others, names, _ = read(data.replace(b"/Catalog", labels))
    assert others[1:] == [["Invoice 32", "- 2 -"], ["Invoice 33"], ["Invoice 34"]]
    assert not any(names)


def test_left_and_right_pages() -> None:
    data = pdf(
        [
            b"BT /F1 10 Tf 60 770 Td (%s) Tj 0 -120 Td (%s) Tj 0 -12 Td (%s) Tj 0 -12 Td (%s) Tj ET"
            % (b"Rivers" if number % 2 else b"Mills", *map(str.encode, BODY))
            for number in range(1, 8)
        ]
    )
    others, _, _ = read(data)
    assert others == [["Rivers"], ["Mills"], ["Rivers"], ["Mills"], [], [], []]


@pytest.mark.parametrize(
    "lines",
    [
        [(60, 770, "Name"), (400, 770, "Tons")],  # the head of a table
        [(60, 770, "Exercise #")],  # a title that is numbered
        [(60, 30, "Smoker: no")],  # what a form says
        [(300, 30, "ABC00000#")],  # the number of something else
        [(60, 400, "The Mill")],  # in the middle of the page
        [(60, 662, "The Mill")],  # close to the text
        [(60, 770, "The Mill in ##")],  # counts otherwise
        [(60, 770, "# / 2024")],  # a month
        [(60, 770, "March"), (500, 770, "#, 2024")],  # a day
        [(60, 770, "# : @")],  # two numbers
        [(60, 770, "Invoice"), (500, 770, "@"), (300, 30, "- # -")],  # either may be the page's
    ],
)
def test_what_may_be_more_stays(lines: list[Line]) -> None:
    others, names, left_out = read(pages(4, *lines))
    assert all(others) and not any(names) and not left_out


def test_a_page_of_such_lines_alone_is_read() -> None:
    header = b"BT /F1 10 Tf 60 770 Td (The Mill) Tj ET"
    with piped(pdf([header] * 4)) as document:
        assert [piece.text for piece in document.pieces()] == ["The Mill\n"] * 4
    assert document.warnings == []
