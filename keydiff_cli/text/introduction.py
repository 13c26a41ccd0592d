"""The text of a document as the model gets it: with its name, its pages marked."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from keydiff_cli.documents import Document
from keydiff_cli.text.cutting import cut_text

_LONGEST = 80  # characters of a name or heading in a mark


@dataclass(frozen=True)
class TextPart:
    """A part of a document's text that can be tokenised by itself.

    Attributes
    ----------
    text
        The text, with the introduction and the marks of pages.
    pages
        The pages that begin in it, by number, with the character that each one's mark begins at.
    done
        How much of the document has been given by its end, in the document's unit; estimated
        within a page or a chunk of bytes, so it need not be whole.
    """

    text: str
    pages: tuple[tuple[int, int], ...]
    done: float


def introduction(name: str, *, first: bool) -> str:
    """What stands before the text of a document; nothing comes before the ``first`` one."""
    return f"{'' if first else chr(10) * 2}Document: {name}\n\n"


def page_mark(number: int, kind: str = "page", name: str = "", heading: str = "") -> str:
    """The line that stands before the text of a page, slide, sheet or the like.

    Parameters
    ----------
    name
        What it is called besides: the label of a page, the title of a chapter; may be empty.
    heading
        The heading that the outline of the document has for it; may be empty.
    """
    name, heading = _short(name), _short(heading)
    if kind == "page" and name:
        name = f", labelled {name}"
    elif name:
        name = f": {name}"
    return f"[{kind.capitalize()} {number}{name}{heading and f': {heading}'}]\n"


def page_marks(kind: str) -> re.Pattern[str]:
    """What finds the marks of all pages of such a kind in a text, each without its line end."""
    return re.compile(rf"^\[{kind.capitalize()} \d+(?:[,:] .*)?\]$", re.MULTILINE)


def without_page_mark(text: str, number: int, kind: str) -> str:
    """A text that may begin with the mark of its page, without it."""
    mark = page_marks(kind).match(text)
    if mark is None or not re.match(rf"\S+ {number}\b", text):
        return text
    return text[mark.end() + 1 :]


def _short(text: str) -> str:
    """In one line, and not too long for a mark."""
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "..."


def text_parts(document: Document, *, first: bool) -> Iterator[TextPart]:
    """Read a document, once.

    Raises
    ------
    DocumentError
        As :meth:`~keydiff_cli.documents.Document.pieces`.
    """
    marked = _Marked(document, first)
    for text in cut_text(marked.pieces()):
        yield marked.part(text)


class _Marked:
    """The text of a document on its way: what was given to be cut, and what has been cut."""

    def __init__(self, document: Document, first: bool) -> None:
        self._document = document
        self._lead = introduction(document.name, first=first)
        self._given = self._cut = 0  # characters
        self._pages: deque[tuple[int, int]] = deque()  # by number, and the characters before each
        self._ends: deque[tuple[int, int]] = deque()  # of pieces: characters, and what is done
        self._last_end = (0, 0)

    def pieces(self) -> Iterator[str]:
        """The document's pieces with introduction and marks."""
        page = None
        lead = self._lead
        for piece in self._document.pieces():
            if piece.page is not None and piece.page != page:
                page = piece.page
                self._pages.append((page, self._given + len(lead)))
                lead += self._mark(page)
            text = lead + piece.text
            lead = ""
            self._given += len(text)
            self._ends.append((self._given, piece.done))
            yield text

    def _mark(self, number: int) -> str:
        document = self._document
        name, heading = document.page_name(number), document.page_heading(number)
        return page_mark(number, document.page_kind or "page", name, heading)

    def part(self, text: str) -> TextPart:
        """The next text that was cut off, with what is known of it."""
        start, self._cut = self._cut, self._cut + len(text)
        pages = []
        while self._pages and self._pages[0][1] < self._cut:
            number, character = self._pages.popleft()
            pages.append((number, character - start))
        while self._ends and self._ends[0][0] <= self._cut:
            self._last_end = self._ends.popleft()
        characters, done = self._last_end
        if not self._ends:
            return TextPart(text, tuple(pages), done)
        end, done_there = self._ends[0]  # the rest of that piece still waits to be cut
        share = (self._cut - characters) / (end - characters)
        return TextPart(text, tuple(pages), done + share * (done_there - done))
