"""What was read of a document, in figures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from keydiff_cli.documents import Heading, LeftOut


@dataclass
class DocumentRecord:
    """What was read of one document.

    Attributes
    ----------
    start
        Number of its first token, counted from 0 over all documents.
    page_starts
        Where there are pages: number of the token that the mark of each begins in, in the same
        count. A page without text begins where the next one does.
    sha256
        Hash of the bytes; None until all of them were read.
    page_kind, page_names
        What its pages are, and what each is called besides, as of
        :class:`~keydiff_cli.documents.Document`. Fewer names than pages if the others have none.
    outline, left_out, ocr_pages
        As of :class:`~keydiff_cli.documents.Document`, once it was read.
    """

    name: str
    kind: str
    pages: int | None
    start: int
    page_starts: list[int] | None
    characters: int = 0
    tokens: int = 0
    sha256: str | None = None
    page_kind: str | None = None
    page_names: list[str] = field(default_factory=list)
    outline: list[Heading] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    ocr_pages: list[int] = field(default_factory=list)

    def page_name(self, number: int) -> str:
        """What a page is called besides its number; empty if nothing."""
        return self.page_names[number - 1] if number <= len(self.page_names) else ""

    @classmethod
    def of(cls, data: dict[str, Any]) -> DocumentRecord:
        """The record that :func:`dataclasses.asdict` has made plain data of.

        Raises
        ------
        KeyError, TypeError
            If it is not that.
        """
        record = cls(**data)
        record.outline = [Heading(**heading) for heading in data["outline"]]
        record.left_out = [LeftOut(**left) for left in data["left_out"]]
        return record
