"""Presentations: slides in their order, titles, notes, hidden slides."""

from __future__ import annotations

from document_helpers import piped, read, refusal
from kind_files import pptx, shape

from keydiff_cli.documents import Heading, LeftOut

_TABLE = (
    "<p:graphicFrame><a:tbl><a:tr><a:tc><a:p><a:r><a:t>A</a:t></a:r></a:p></a:tc>"
    "<a:tc><a:p><a:r><a:t>B</a:t></a:r></a:p></a:tc></a:tr></a:tbl></p:graphicFrame>"
)


def test_slides() -> None:
    first = shape("one\ntwo") + shape("Ferries", "title") + shape("7", "sldNum")
    hidden = '<p:sld show="0">' + shape("secret")
    document = piped(pptx(first, hidden, _TABLE + "<p:pic/>", notes=shape("Say hello")))
    pieces = list(document.pieces())
    assert [(piece.page, piece.text) for piece in pieces] == [
        (1, "# Ferries\n\n- one\n- two\n\nNotes: Say hello\n"),
        (3, "A | B\n"),
    ]
    assert (document.kind, document.unit, document.page_kind) == ("pptx", "slides", "slide")
    assert (document.pages, document.total, pieces[-1].done) == (3, 3, 3)
    assert document.outline == [Heading("Ferries", 1, 1, 1)]
    assert document.left_out == [LeftOut(2, "hidden slides", 1), LeftOut(3, "pictures", 1)]
    assert document.warnings == ["1 hidden slide of standard input was not read"]


def test_no_slides_and_no_text() -> None:
    assert "without slides" in refusal(lambda: piped(pptx()))
    assert "has no text" in refusal(lambda: read(piped(pptx("<p:pic/>"))))


def test_a_footer_is_read_once() -> None:
    slides = [shape(text) + shape(footer, "ftr") for text, footer in [("a", "X"), ("b", "X")]]
    document = piped(pptx(*slides, shape("c") + shape("Y", "ftr"), notes=shape("Z", "ftr")))
    assert read(document) == "- a\n[Footer: X]\n- b\n- c\n[Footer: Y]\n"
