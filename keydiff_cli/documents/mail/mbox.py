"""Folders of mail in one file (mbox, RFC 4155)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from keydiff_cli.documents.composed import ComposedDocument
from keydiff_cli.documents.looks import FROM_LINE
from keydiff_cli.documents.mail.letter import told, write_letter
from keydiff_cli.documents.mail.mime import letter_of, parse

_LONGEST = 1 << 20  # bytes of a line that are read at a time


class MailFolder(ComposedDocument):
    """A folder of mail, read message by message."""

    kind = "mbox"
    what = "a folder of mail"
    page_kind = "message"

    def _compose(self) -> Iterator[None]:
        self.pages, warnings = 0, list[str]()
        messages = _Messages(self._file)
        while messages.has_more():
            letter = letter_of(parse(messages.lines(), self.name))
            self.pages += 1
            self._draft.begin_page(self.pages, letter.subject)
            warnings += yield from write_letter(self._draft, letter, self.depth)
            yield
        self.warnings += told(self.name, warnings)


class _Messages:
    """Goes through the lines of a folder, one message after the other."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._begins = FROM_LINE.match(file.readline(_LONGEST)) is not None

    def has_more(self) -> bool:
        """Whether another message begins."""
        return self._begins

    def lines(self) -> Iterator[bytes]:
        """The lines of the next message."""
        self._begins, empty = False, False
        while line := self._file.readline(_LONGEST):
            if empty and FROM_LINE.match(line):
                self._begins = True
                return
            empty = not line.strip()
            yield line[1:] if line.startswith(b">From ") else line
