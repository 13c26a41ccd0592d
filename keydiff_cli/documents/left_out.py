"""What of a document was not read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LeftOut:
    """Something of a document that is not in its text.

    Attributes
    ----------
    page
        The page it is on, counted from 1; None if it is on no page.
    what
        What it is, in the plural, such as ``annotations``.
    count
        How many of them.
    """

    page: int | None
    what: str
    count: int
