"""How much the cache holds, in words and as a table."""

from __future__ import annotations

import io

from keydiff_cli.render.coverage import print_coverage, together, weakest_parts
from keydiff_cli.text.coverage import Coverage, CoveredPart, Share


def page(number: int, mean: float, label: str = "") -> CoveredPart:
    return CoveredPart(100, mean, 0.5, 0, 0, label, (number, number), None)


def stretch(first: int, last: int, mean: float) -> CoveredPart:
    return CoveredPart(100, mean, 0.5, 0, 0, "", None, (first, last))


def document(name: str, *parts: CoveredPart, kind: str | None = "page") -> Coverage:
    whole = together(parts)
    return Coverage(**vars(whole), document=name, page_kind=kind, parts=parts, sections=())


def pdf(weak: set[int], pages: int = 50, name: str = "a.pdf") -> Coverage:
    numbers = range(1, pages + 1)
    return document(name, *(page(number, 0.0 if number in weak else 0.4) for number in numbers))


def test_the_weakest_pages_are_named_in_their_order() -> None:
    assert weakest_parts([pdf({41, 12, 40})]) == "pages 12, 40-41"
    assert weakest_parts([pdf({12})]) == "page 12"
    assert weakest_parts([pdf(set())]) == ""


def test_most_of_many_are_counted() -> None:
    assert weakest_parts([pdf(set(range(2, 20, 2)))]) == "pages 2, 4, 6, 8 and 5 others"


def test_of_very_many_it_is_said_how_many_they_are() -> None:
    """Of a budget that has a token or two for each page, half of them have none."""
    assert weakest_parts([pdf(set(range(2, 30, 2)))]) == "14 of 50 pages"
    assert weakest_parts([pdf({2, 4, 6}, pages=8)]) == "pages 2, 4, 6"
    text = document("b.txt", stretch(1, 40, 0.4), stretch(41, 80, 0.0), kind=None)
    assert weakest_parts([pdf(set(range(2, 30, 2))), text]) == "15 of 52 parts"


def test_of_several_documents_each_is_named() -> None:
    text = document("b.txt", stretch(1, 40, 0.4), stretch(41, 80, 0.0), kind=None)
    assert weakest_parts([pdf({12}), text]) == "page 12 of a.pdf; lines 41-80 of b.txt"


def test_a_part_of_a_page_says_its_lines() -> None:
    parts = [CoveredPart(100, mean, 0.5, 0, 0, "", (1, 1), lines) for mean, lines in
             [(0.4, (1, 9)), (0.0, (10, 12)), (0.4, (13, 20)), (0.0, (21, 21))]]  # fmt: skip
    assert weakest_parts([document("a.xlsx", *parts, kind="sheet")]) == (
        "sheet 1, lines 10-12; sheet 1, line 21"
    )


def test_shares_together_weigh_by_their_length() -> None:
    one, two = Share(100, 0.1, 0.2, 3, 4), Share(300, 0.5, 0.6, 5, 6)
    both = together([one, two])
    assert (both.tokens, both.recalled, both.looked) == (400, 8, 10)
    assert (round(both.mean, 6), round(both.union, 6)) == (0.4, 0.5)


def test_the_table_has_document_sections_and_pages() -> None:
    section = CoveredPart(200, 0.25, 0.5, 1, 2, "Quays", (1, 2), None)
    covered = document("a.pdf", page(1, 0.1, "i"), page(2, 0.4))
    file = io.StringIO()
    print_coverage([Coverage(**{**vars(covered), "sections": (section,)})], file)
    rows = [line.split("  ") for line in file.getvalue().splitlines()]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    assert cells == [
        ["document", "held of", "tokens", "a head, %", "any head, %", "recalled", "looked at"],
        ["a.pdf", "all", "200", "25.0", "50.0", "0", "0"],
        ["a.pdf", "Quays: pages 1-2", "200", "25.0", "50.0", "1", "2"],
        ["a.pdf", "page 1 (i)", "100", "10.0", "50.0", "0", "0"],
        ["a.pdf", "page 2", "100", "40.0", "50.0", "0", "0"],
    ]


def test_many_pages_are_put_together_in_the_table() -> None:
    file = io.StringIO()
    print_coverage([pdf(set(), pages=1000)], file)
    lines = file.getvalue().splitlines()
    assert len(lines) == 2 + 59
    assert "pages 1-17 " in lines[2]
    assert "pages 987-1000" in lines[-1]
