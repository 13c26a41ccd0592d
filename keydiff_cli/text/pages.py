"""The text of a document page by page, as ``keydiff text --json`` prints it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from keydiff_cli.documents import Document


@dataclass(frozen=True)
class PageText:
    """A page, or a part of a document that has none.

    Attributes
    ----------
    document
        Its name.
    page
        Number of the page, counted from 1; None where there are no pages.
    page_kind, name, heading
        What its pages are, what this one is called besides, and its heading in the outline: as of
        :class:`~keydiff_cli.documents.Document`.
    text
        What is on it, without the mark that the model gets before it.
    ocr
        Whether it was read by OCR.
    """

    document: str
    page: int | None
    page_kind: str | None
    name: str
    heading: str
    text: str
    ocr: bool = False


def page_texts(document: Document) -> Iterator[PageText]:
    """Read a document, once, page by page; piece by piece where there are no pages.

    Pages without text are left out.

    Raises
    ------
    DocumentError
        As :meth:`~keydiff_cli.documents.Document.pieces`.
    """
    for page, pieces in groupby(document.pieces(), lambda piece: piece.page):
        if page is None:
            for piece in pieces:
                yield PageText(document.name, None, document.page_kind, "", "", piece.text)
            continue
        text = "".join(piece.text for piece in pieces)
        name, heading = document.page_name(page), document.page_heading(page)
        by_ocr = page in document.ocr_pages
        yield PageText(document.name, page, document.page_kind, name, heading, text, by_ocr)
