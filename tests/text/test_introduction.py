"""The text of a document as the model gets it: introduced, its pages marked, in parts."""

from __future__ import annotations

import io
import re
from functools import partial
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from text_helpers import SAMPLE, MadeDocument, PlainBytes, read_corpus, split_at, whole_text
from text_strategies import cuts, steady, varied

from keydiff_cli.documents import Document, open_document
from keydiff_cli.errors import DocumentError
from keydiff_cli.llama import Model
from keydiff_cli.text.cutting import MAX_PIECE, cut_text
from keydiff_cli.text.introduction import (
    TextPart,
    introduction,
    page_mark,
    text_parts,
    without_page_mark,
)
from keydiff_cli.text.tokenizer import Vocabulary

PDF = SAMPLE / "harbour-report.pdf"


def parts_of(document: Document, *, first: bool = True, limit: int = MAX_PIECE) -> list[TextPart]:
    """The parts of a document, cut at ``limit`` characters."""
    with mock.patch("keydiff_cli.text.introduction.cut_text", partial(cut_text, limit=limit)):
        return list(text_parts(document, first=first))


def test_what_introduces_a_document_and_a_page() -> None:
    assert introduction("a <b>.txt", first=True) == "Document: a <b>.txt\n\n"
    assert introduction("a", first=False) == "\n\nDocument: a\n\n"
    assert page_mark(12) == "[Page 12]\n"
    assert page_mark(3, name="iv") == "[Page 3, labelled iv]\n"
    assert page_mark(3, name="iv", heading="Fees") == "[Page 3, labelled iv: Fees]\n"
    assert page_mark(3, heading="Fees\n and  dues") == "[Page 3: Fees and dues]\n"
    assert page_mark(2, "sheet", "Budget") == "[Sheet 2: Budget]\n"
    assert page_mark(2, "chapter", "x" * 100) == f"[Chapter 2: {'x' * 77}...]\n"


@pytest.mark.parametrize("name", ["", "iv"])
@pytest.mark.parametrize("heading", ["", "Fees [2]"])
@pytest.mark.parametrize("kind", ["page", "sheet"])
def test_a_text_without_the_mark_of_its_page(kind: str, name: str, heading: str) -> None:
    text = "[Page 3] of the book.\n"
    assert without_page_mark(page_mark(3, kind, name, heading) + text, 3, kind) == text
    assert without_page_mark(page_mark(31, kind, name, heading) + text, 3, kind) != text
    assert without_page_mark(text, 1, kind) == text


def check_marks(vocabulary: Vocabulary) -> None:
    corpus = read_corpus(vocabulary, PDF)
    expected = "Document: harbour-report.pdf\n\n"
    with open_document(str(PDF), io.BytesIO()) as document:
        for piece in document.pieces():
            expected += f"[Page {piece.page}]\n{piece.text}"
    text = whole_text(corpus)
    assert text == expected
    assert re.findall(r"\[Page (\d+)\]\n", text) == [str(n) for n in range(1, 9)]
    record = corpus.documents[0]
    assert (record.kind, record.pages) == ("pdf", 8)


def test_pages_are_marked_by_number() -> None:
    check_marks(PlainBytes())


@pytest.mark.model
def test_the_small_model_gets_the_marks(small_model: Model) -> None:
    check_marks(small_model)


@given(varied.filter(lambda text: bool(text.strip())), cuts, st.integers(1, 60), st.booleans())
@steady
def test_nothing_is_lost_however_a_text_comes(
    text: str, places: list[int], limit: int, first: bool
) -> None:
    pieces = [(piece, None) for piece in split_at(text, places) if piece]
    parts = parts_of(MadeDocument(pieces), first=first, limit=limit)
    assert "".join(part.text for part in parts) == introduction("a", first=first) + text
    assert all(0 < len(part.text) <= limit and part.pages == () for part in parts)
    done = [part.done for part in parts]
    assert done == sorted(done)
    assert done[0] > 0
    assert done[-1] == len(pieces)


@given(
    st.lists(st.lists(st.text("ab \n", min_size=1, max_size=30), max_size=3), max_size=5),
    st.integers(1, 60),
)
@steady
def test_marks_are_where_they_are_said_to_be(pages: list[list[str]], limit: int) -> None:
    pages = [*pages, ["end"]]
    pieces = [(text, number) for number, texts in enumerate(pages, 1) for text in texts]
    parts = parts_of(MadeDocument(pieces, pages=len(pages)), limit=limit)
    text, marks = "", {}
    for part in parts:
        marks.update({number: len(text) + character for number, character in part.pages})
        assert all(0 <= character < len(part.text) for _, character in part.pages)
        text += part.text
    assert list(marks) == [number for number, texts in enumerate(pages, 1) if texts]
    for number, character in marks.items():
        assert text[character:].startswith(page_mark(number) + pages[number - 1][0])
    assert parts[-1].done == len(pages)


def test_a_part_within_a_piece_is_that_far() -> None:
    text = "word " * 199 + "words"  # 1000 characters behind 13 that introduce it
    parts = parts_of(MadeDocument([(text, None), ("end", None)]), limit=506)
    assert [part.done for part in parts] == pytest.approx([0.5, 1, 2], abs=0.02)


def test_a_blank_document_is_found_out_at_its_end() -> None:
    parts = text_parts(MadeDocument([(" \n" * 3000, None)]), first=True)
    assert next(parts).text.startswith("Document: a\n\n")
    with pytest.raises(DocumentError, match="a is empty"):
        list(parts)
