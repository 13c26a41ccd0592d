"""Where something is in the documents."""

from __future__ import annotations

from dataclasses import dataclass

_SHORT = ("page", "slide")  # pages that are looked through at a glance


@dataclass(frozen=True)
class TokenPlace:
    """Where a token is.

    Attributes
    ----------
    document
        Name of the document.
    page
        Number of the page, counted from 1; None where there are no pages.
    line
        Number of the line, counted from 1 in its page, or in the document where there are none.
    page_kind
        What a page of it is.
    """

    document: str
    page: int | None
    line: int
    page_kind: str = "page"


@dataclass(frozen=True)
class Place:
    """Where something is in the documents: pages, lines or both, in words as a text.

    Attributes
    ----------
    document
        Its name.
    pages, lines
        Its first and its last page, counted from 1, None where there are none; its first and its
        last line, counted from 1 in their pages, or in the document.
    page_kind
        What its pages are: ``page``, ``slide``, ``sheet``, ``chapter`` and others.
    """

    document: str
    pages: tuple[int, int] | None
    lines: tuple[int, int]
    page_kind: str = "page"

    def __str__(self) -> str:
        if self.pages is None:
            return written_range("line", *self.lines)
        pages = written_range(self.page_kind, *self.pages)
        if self.page_kind in _SHORT or self.pages[0] != self.pages[1]:
            return pages
        return f"{pages}, {written_range('line', *self.lines)}"


@dataclass(frozen=True)
class Look:
    """A passage that was read again before the last question.

    Attributes
    ----------
    document, page, page_kind
        Name of the document, and the page, counted from 1; None where there are no pages. What a
        page of it is.
    lines
        Its first and its last line, counted from 1 in the page, or in the document.
    tokens
        How long it is.
    by
        What it was found by: ``words`` of the question, its ``attention``, or ``both``.
    """

    document: str
    page: int | None
    lines: tuple[int, int]
    tokens: int
    by: str
    page_kind: str = "page"


@dataclass(frozen=True)
class Citation:
    """A place that a sentence of an answer rests on.

    Attributes
    ----------
    start, stop
        The sentence: its characters in the answer, ``stop`` excluded.
    document, page, page_kind, lines
        As of :class:`Look`.
    label
        What the page is called besides its number; empty if it is called nothing.
    text
        What of the place has the most in common with the sentence.
    weight
        How much of what speaks for the places of the sentence speaks for this one: 0 to 1.
    checked
        Whether the passages that were looked through have all figures, dates and names of the
        sentence; None if it has none.
    missing
        Those that they do not have.
    """

    start: int
    stop: int
    document: str
    page: int | None
    label: str
    lines: tuple[int, int]
    text: str
    weight: float
    checked: bool | None
    missing: tuple[str, ...] = ()
    page_kind: str = "page"

    @property
    def place(self) -> Place:
        """Where it is."""
        pages = None if self.page is None else (self.page, self.page)
        return Place(self.document, pages, self.lines, self.page_kind)


@dataclass(frozen=True)
class PlacedSentence:
    """A sentence, or item, of an answer, and the parts of the documents that it comes from."""

    text: str
    places: tuple[Place, ...]


@dataclass(frozen=True)
class Note:
    """A note of a part.

    Attributes
    ----------
    document, pages, lines, page_kind
        As of :class:`Place`.
    text
        What it says; empty if nothing of it was supported by the part.
    left_out
        Sentences that had figures, dates or names which are not in the part.
    """

    document: str
    pages: tuple[int, int] | None
    lines: tuple[int, int]
    text: str
    left_out: tuple[str, ...]
    page_kind: str = "page"

    @property
    def place(self) -> Place:
        """Where its part is."""
        return Place(self.document, self.pages, self.lines, self.page_kind)


def written_range(unit: str, first: int, last: int) -> str:
    """Such as "page 3" or "lines 3-7"."""
    return f"{unit} {first}" if first == last else f"{unit}s {first}-{last}"
