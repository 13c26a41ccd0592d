"""What pypdf reads where PDFium cannot: text, fields, annotations that are not read."""

from __future__ import annotations

import pytest
from document_helpers import NOTHING, Save, piped, read
from pdf_files import pdf

from keydiff_cli.documents import open_document, pdfium
from keydiff_cli.documents.left_out import LeftOut


@pytest.fixture(autouse=True)
def _without_pdfium(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdfium, "MAXIMUM_RESTARTS", -1)


def test_text_and_fields(save: Save) -> None:
    data = pdf(["one", "two"], fields=[b"/FT/Tx/T(Name)/V(Ida)"])
    document = open_document(save("a.pdf", data), NOTHING)
    assert read(document) == "one\nName: Ida\ntwo\n"
    assert document.warnings == []


def test_annotations_are_said() -> None:
    data = pdf(["one"], fields=[b"/FT/Tx"]).replace(b"/Widget", b"/Stamp ")
    document = piped(data)
    assert read(document) == "one\n"
    assert document.left_out == [LeftOut(1, "annotations", 1)]
    assert document.warnings == ["annotations on page 1 of standard input could not be read"]


def test_an_index_that_is_rebuilt_is_said() -> None:
    document = piped(pdf(["one"]).replace(b"startxref\n", b"startxref\n9"))
    assert read(document) == "one\n"
    assert len(document.warnings) == 1 and "damaged in places" in document.warnings[0]


def test_a_damaged_page_is_said_and_the_others_are_read() -> None:
    document = piped(pdf(["one", "two", "three"]).replace(b"7 0 obj\n<<", b"7 0 obj\n42"))
    assert read(document) == "one\nthree\n"
    assert "page 2 of standard input could not be read" in document.warnings[0]
