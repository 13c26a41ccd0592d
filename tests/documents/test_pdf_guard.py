"""Pages of a PDF that would take too much: they are left out, in bounded memory."""

from __future__ import annotations

import pytest
from document_helpers import Save, peak_of, piped, read
from pdf_files import Page, pdf, stream


def test_bombs_are_left_out() -> None:
    pages: list[Page] = [
        "before",
        b" " * 100_000_000,  # too long once decompressed
        b"q Q " * 600_000 + b"() Tj",  # too many operators
        "x" * 15_000_000,  # too much text
        "~" * 1_000_000,  # of which the font makes 200 times as much
        "\n".join(["~" * 1000] * 1000),
        "after",
    ]
    document = piped(pdf(pages, unicode=b"0061" * 200))
    assert read(document) == "before\nafter\n"
    said = "could not be read (too large or too intricate) and were left out"
    assert document.warnings == [f"pages 2-6 of standard input {said}"]


@pytest.mark.parametrize(
    "bomb",
    [
        "x" * 15_000_000,
        "x" * 5_900_000,
        "~" * 1_000_000,
        "\n".join(["~" * 1000] * 1000),
        b"BT /F1 9 Tf [" + b"(~~~~~~~~~) 3 " * 100_000 + b"] TJ ET",
    ],
    ids=["15 MB of text", "6 MB of text", "one long row", "many rows", "one array"],
)
def test_memory_of_bombs(bomb: Page, save: Save) -> None:
    small, large = (
        peak_of(save("a.pdf", pdf(["before", page], unicode=b"0061" * 200)))
        for page in ("after", bomb)
    )
    assert large - small < 90_000_000


def test_a_bomb_in_a_form_is_left_out() -> None:
    data = pdf(["before", b"/Im1 Do", "after"])
    form = b"BT (%s) Tj ET" % (b"x" * 40_000)
    start, end = data.index(b"4 0 obj"), data.index(b"5 0 obj")
    entries = b"/Subtype/Form/BBox[0 0 9 9]/Resources<</Font<</F1 3 0 R>>>>"
    data = data[:start] + b"4 0 obj\n" + stream(form, entries) + b"\nendobj\n" + data[end:]
    document = piped(data)
    assert read(document) == "before\nafter\n"
    assert any("page 2 of standard input could not be read" in line for line in document.warnings)


def test_a_large_drawing_is_no_bomb() -> None:
    document = piped(pdf(["before", b"q Q " * 600_000, "after"]))
    assert read(document) == "before\nafter\n"
    assert document.warnings == ["page 2 of standard input has no text (scanned?); it was not read"]
