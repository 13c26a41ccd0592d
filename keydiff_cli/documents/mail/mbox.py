"""Folders of mail in one file (mbox, RFC 4155)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from keydiff_cli.documents.composed import ComposedDocument
from keydiff_cli.documents.mail.letter import write_letter
from keydiff_cli.documents.mail.mime import header_names, letter_of, parse

_FROM = re.compile(rb"From \S.*\d\d:\d\d.*\d{4}")
_LONGEST = 1 << 20  # bytes of a line that are read at a time


def is_mbox(head: bytes, text: str) -> bool:
    """Tell whether a file is a folder of mail: by its first line, and headers behind it."""
    first, _, rest = text.partition("\n")
    return _FROM.match(head) is not None and "from" in header_names(rest)


class MailFolder(ComposedDocument):
    """A folder of mail, read message by message."""

    kind = "mbox"
    what = "a folder of mail"
    page_kind = "message"

    def _compose(self) -> Iterator[None]:
        self.pages = 0
        messages = _Messages(self._file)
        while messages.has_more():
            letter = letter_of(parse(messages.lines(), self.name))
            self.pages += 1
            self._draft.begin_page(self.pages, letter.subject)
            self.warnings += write_letter(self._draft, letter)
            yield


class _Messages:
    """Goes through the lines of a folder, one message after the other."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._begins = _FROM.match(file.readline(_LONGEST)) is not None

    def has_more(self) -> bool:
        """Whether another message begins."""
        return self._begins

    def lines(self) -> Iterator[bytes]:
        """The lines of the next message."""
        self._begins, empty = False, False
        while line := self._file.readline(_LONGEST):
            if empty and _FROM.match(line):
                self._begins = True
                return
            empty = not line.strip()
            yield line[1:] if line.startswith(b">From ") else line
