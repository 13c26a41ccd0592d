"""Markdown: a text as it stands, with an outline of its headings."""

from __future__ import annotations

from collections.abc import Iterator

from keydiff_cli.documents.document import Piece
from keydiff_cli.documents.markdown_headings import LONGEST, Headings
from keydiff_cli.documents.outline import Heading
from keydiff_cli.documents.plain_text import TextDocument


class MarkdownDocument(TextDocument):
    """A text in Markdown, given as it stands."""

    kind = "markdown"

    def _read(self) -> Iterator[Piece]:
        finder = Headings()
        rest: list[str] = []  # of a line that is not complete
        for piece in super()._read():
            *lines, last = piece.text.split("\n")
            for line in lines:
                self._note(finder.take("".join([*rest, line])))
                rest.clear()
            if sum(map(len, rest)) <= LONGEST:  # a longer line is no heading
                rest.append(last)
            yield piece
        self._note(finder.take("".join(rest)))

    def _note(self, heading: tuple[int, str, int] | None) -> None:
        if heading:
            line, title, level = heading
            self.outline.append(Heading(" ".join(title.split()), level, None, line))
