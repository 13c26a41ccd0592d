"""Rich text (RTF) documents. Source: Rich Text Format Specification, version 1.9.1."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from keydiff_cli.documents.composed import ComposedDocument
from keydiff_cli.documents.document import PIECE
from keydiff_cli.documents.draft import Draft
from keydiff_cli.documents.rtf.text import RichText
from keydiff_cli.documents.rtf.tokens import tokens

_TOKENS = 2000  # after which the text is given on


def write_rtf(draft: Draft, file: IO[bytes]) -> Iterator[None]:
    """Write a rich text to a draft, with a pause now and then."""
    text = RichText(draft)
    for number, token in enumerate(tokens(file)):
        text.take(token)
        if number % _TOKENS == 0 or draft.size >= PIECE:
            yield
    text.end()


class RichTextDocument(ComposedDocument):
    """A rich text: its body with notes and comments, its headers and footers once."""

    kind = "rtf"
    what = "a rich text (RTF) document"

    def _compose(self) -> Iterator[None]:
        yield from write_rtf(self._draft, self._file)

    def _warn(self) -> None:
        self._warn_of("deleted passages", "deleted passage")
        self._warn_of("hidden passages", "hidden passage")
        self._warn_of("embedded objects", "embedded object")
