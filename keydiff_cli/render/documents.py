"""What was read of documents and what was not, for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TextIO

from keydiff_cli.documents import LeftOut
from keydiff_cli.render.printing import print_table


class Read(Protocol):
    """What a document, or the record of one, says of itself once it was read."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def pages(self) -> int | None: ...
    @property
    def page_kind(self) -> str | None: ...
    @property
    def characters(self) -> int: ...
    @property
    def left_out(self) -> Sequence[LeftOut]: ...
    @property
    def ocr_pages(self) -> Sequence[int]: ...


def print_documents(documents: Sequence[Read], file: TextIO) -> None:
    """Print which reader has read how many characters of which document, and what is left out."""
    print_table(
        ("document", "read as", "pages", "characters"),
        (
            (document.name, shown_kind(document), _pages(document), document.characters)
            for document in documents
        ),
        file=file,
    )
    rows = [row for document in documents for row in _left_out(document)]
    if rows:
        print_table(("document", "page", "left out", "count"), rows, file=file)


def shown_kind(document: Read) -> str:
    """What a document is read as: Markdown in a file of another name is a text to its owner."""
    kind = document.kind
    if kind == "markdown" and not document.name.lower().endswith((".md", ".markdown")):
        return "text with Markdown headings"
    return kind


def _pages(document: Read) -> str:
    if document.page_kind is None:
        return "-"
    plural = "" if document.pages == 1 else "s"
    by_ocr = f", {len(document.ocr_pages)} by OCR" if document.ocr_pages else ""
    return f"{document.pages} {document.page_kind}{plural}{by_ocr}"


def _left_out(document: Read) -> Iterable[tuple[str, str, str, int]]:
    for left in document.left_out:
        page = "-" if left.page is None else str(left.page)
        yield document.name, page, left.what, left.count
