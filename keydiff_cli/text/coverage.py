"""How much of what was read the cache holds, place by place."""

from __future__ import annotations

from dataclasses import dataclass

_FAR_BELOW = 0.5  # of the mean of the document
_SHORT = 50  # tokens: of shorter places the share says little


@dataclass(frozen=True)
class Share:
    """How much of a stretch of tokens the cache holds.

    Attributes
    ----------
    tokens
        How long it is.
    mean
        The share of its tokens that a head holds: the mean over all KV heads of all layers, 0 to 1.
    union
        The share of its tokens that at least one head holds.
    recalled
        Tokens of it whose rows came back for the last question.
    looked
        Tokens of it that were read again for the last question.
    """

    tokens: int
    mean: float
    union: float
    recalled: int
    looked: int


@dataclass(frozen=True)
class CoveredPart(Share):
    """How much the cache holds of a page, of a part of about 500 tokens, or of a section.

    Attributes
    ----------
    label
        What the page is called besides its number, or the title of the section; may be empty.
    pages
        Its first and last page, counted from 1; None where there are no pages.
    lines
        Its first and last line in these pages, or in the document; None if it is whole pages.
    """

    label: str
    pages: tuple[int, int] | None
    lines: tuple[int, int] | None


@dataclass(frozen=True)
class Coverage(Share):
    """How much the cache holds of a document.

    Attributes
    ----------
    document, page_kind
        Its name, and what its pages are; None where there are none.
    parts
        Its pages, long ones in parts of about 500 tokens; such parts where there are no pages.
        Pages without text are left out.
    sections
        What comes under each heading of the outline, with what is under headings below it.
    """

    document: str
    page_kind: str | None
    parts: tuple[CoveredPart, ...]
    sections: tuple[CoveredPart, ...]

    @property
    def weakest(self) -> list[int]:
        """Parts that are held far less than the rest, and were neither recalled nor looked at.

        Their numbers, counted from 0, the weakest first.
        """
        limit = _FAR_BELOW * self.mean
        weak = [
            number
            for number, part in enumerate(self.parts)
            if part.mean < limit and part.tokens >= _SHORT and not part.recalled + part.looked
        ]
        return sorted(weak, key=lambda number: self.parts[number].mean)
