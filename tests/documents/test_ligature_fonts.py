"""Ligatures of fonts that are not in a PDF, which PDFium loses."""

from __future__ import annotations

import pytest
from document_helpers import text_of
from pdf_files import one_page, stream

from keydiff_cli.documents.pypdf_pages import PypdfPages

SHOWN = (
    b"BT /F1 12 Tf 72 700 Td (The sta) Tj <01> Tj ( found ) Tj <02> Tj (our in the o) Tj "
    b"<03> Tj (ce.) Tj ET"
)
NAMED = b"/Encoding<</BaseEncoding/WinAnsiEncoding/Differences[1/ff/fl/ffi]>>"
NOT_NAMED = b"/Encoding<</BaseEncoding/WinAnsiEncoding/Differences[1/eacute]>>"
IN_THE_PDF = b"/FontDescriptor 10 0 R"
DESCRIPTOR = {
    10: b"<</Type/FontDescriptor/FontName/Helvetica/Flags 32/FontFile3 11 0 R>>",
    11: stream(b"", b"/Subtype/Type1C"),
}


def test_they_are_read_by_pypdf() -> None:
    page = one_page(SHOWN, b"/Type1/BaseFont/Helvetica" + NAMED)
    assert text_of(page) == "The staff found flour in the office.\n"


@pytest.mark.parametrize(
    "entries, objects",
    [(b"", {}), (NOT_NAMED, {}), (NAMED + IN_THE_PDF, DESCRIPTOR)],
    ids=["no encoding", "no ligature", "in the PDF"],
)
def test_other_pages_are_not(
    entries: bytes, objects: dict[int, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("pypdf was asked")

    monkeypatch.setattr(PypdfPages, "__init__", fail)
    shown = b"BT /F1 12 Tf 72 700 Td (The staff is here) Tj ET"
    page = one_page(shown, b"/Type1/BaseFont/Helvetica" + entries, objects=objects)
    assert text_of(page) == "The staff is here\n"


def test_only_pages_with_such_a_font_are(monkeypatch: pytest.MonkeyPatch) -> None:
    read = PypdfPages.text
    asked: list[int] = []

    def text(self: PypdfPages, number: int) -> str:
        asked.append(number)
        return read(self, number)

    monkeypatch.setattr(PypdfPages, "text", text)
    fonts = b"/Resources<</Font<</F1 12 0 R>>>>/Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]"
    more = {
        10: b"<<%s/Contents 11 0 R>>" % fonts,
        11: stream(b"BT /F1 12 Tf 72 700 Td (second) Tj ET"),
        12: b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    }
    page = one_page(SHOWN, b"/Type1/BaseFont/Helvetica" + NAMED, objects=more)
    page = page.replace(b"/Kids[3 0 R]/Count 1", b"/Kids[3 0 R 10 0 R]/Count 2")
    assert text_of(page) == "The staff found flour in the office.\nsecond\n"
    assert asked == [1]
