"""What pypdf reads of a PDF: form fields, and pages that PDFium cannot read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

from keydiff_cli.documents.form_fields import Fields, read_fields
from keydiff_cli.documents.ligature_fonts import LigatureFonts
from keydiff_cli.documents.page_tree import Leaf, forget_objects, walk_pages
from keydiff_cli.documents.pdf_guard import Guard, bounded_text
from keydiff_cli.documents.pdf_opening import count, next_leaf, open_reader
from keydiff_cli.documents.xfa_form import has_only_xfa, read_xfa

if TYPE_CHECKING:
    from pypdf import PageObject

_NO_TEXT = ("/Link", "/Popup", "/Widget")
_HIDDEN = 2  # among the flags of an annotation
MAXIMUM_ANNOTATIONS = 2_000  # looked at on one page
LONGEST_NOTE = 20_000  # characters of an annotation


class PypdfPages:
    """A PDF that pypdf has open; its pages are asked for in ascending order.

    Parameters
    ----------
    file : file object
        Stays open.
    name : str
        What the document is called.

    Attributes
    ----------
    pages : int
        How many there are.

    Raises
    ------
    DocumentError
        If it is damaged, needs a password, is encrypted in an unknown way, or has no pages.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._name = name
        self._opening = Guard()
        self._reading = Guard()
        with self._opening.watch():
            self._reader = open_reader(file, name)
            self.pages = count(self._reader, name)
        self._leaves: Iterator[Leaf] = walk_pages(self._reader)
        self._number = 0  # of the page that was asked for last
        self._page: PageObject | None = None
        self._ligature_fonts = LigatureFonts()

    def complaint(self, *, of_opening: bool) -> str:
        """Return what pypdf said first while it read pages, or before; empty if nothing."""
        return (of_opening and self._opening.first) or self._reading.first

    def text(self, number: int) -> str:
        """Return the text of a page as pypdf gives it.

        Raises
        ------
        Exception
            Of any kind, if the page cannot be read.
        """
        with self._reading.watch():
            return bounded_text(self._at(number))

    def has_ligature_fonts(self, number: int) -> bool:
        """Tell whether a page has fonts whose ligatures PDFium loses; raises as ``text``."""
        with self._opening.watch():
            return self._ligature_fonts.are_on(self._at(number))

    def fields(self, number: int) -> Fields:
        """Read the form fields of a page; raises as ``text``."""
        with self._opening.watch():
            return read_fields(self._at(number), self._reader)

    def annotations(self, number: int) -> int:
        """Count the annotations of a page that may have text; raises as ``text``."""
        with self._opening.watch():
            return len(self._annotations(number))

    def notes(self, number: int) -> list[str]:
        """Return what is written in the annotations of a page; raises as ``text``."""
        with self._opening.watch():
            written = [
                found["/Contents"]
                for found in self._annotations(number)[:MAXIMUM_ANNOTATIONS]
                if "/Contents" in found
                and found.get("/Subtype") != "/FileAttachment"
                and not ("/F" in found and found["/F"] & _HIDDEN)
            ]
        texts = (each[:LONGEST_NOTE].strip() for each in written if isinstance(each, str))
        return [text for text in texts if text]

    def _annotations(self, number: int) -> list[Any]:
        """Return the annotations of a page that may have text."""
        found = self._at(number).get("/Annots")
        found = found.get_object() if found is not None else None
        annotations = (each.get_object() for each in found or ())
        there = (each for each in annotations if isinstance(each, dict))  # and not missing
        return [each for each in there if each.get("/Subtype") not in _NO_TEXT]

    def xfa(self) -> list[str]:
        """Return the fields of an XFA form that no page shows; empty if there is none.

        Raises
        ------
        Exception
            Of any kind, if there is one that cannot be read.
        """
        with self._opening.watch():
            return read_xfa(self._reader) if has_only_xfa(self._reader) else []

    def _at(self, number: int) -> PageObject:
        """Go on to a page."""
        while self._number < number:
            self._page = None
            forget_objects(self._reader, self._number)
            leaf = next_leaf(self._leaves, self._name)
            self._number += 1
            if self._number == number and leaf:
                self._page = leaf.page(self._reader)
        if self._page is None:
            raise ValueError("the page is missing")
        return self._page

    def close(self) -> None:
        """Forget what was read."""
        self._page = None
        self._reader.close()
