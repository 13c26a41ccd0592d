"""The headings that a document says it has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Heading:
    """A heading of a document.

    Attributes
    ----------
    title
        In one line.
    level
        1 for those that are below no other.
    page
        The page it is on, counted from 1; None where there are no pages.
    line
        The line it is in, counted from 1 in its page, or in the document; None if it is not known.
    """

    title: str
    level: int
    page: int | None
    line: int | None
