"""Tables in a text, their values separated by commas or the like (CSV, RFC 4180)."""

from __future__ import annotations

from collections.abc import Iterator

from keydiff_cli.documents.document import Piece
from keydiff_cli.documents.plain_text import TextDocument

REPEAT = 20  # times its length after which the header is given again
_LONGEST = 2000  # characters of a header that is repeated


class SeparatedDocument(TextDocument):
    """A table in a text, given as it stands, the header from time to time in front of a row.

    It stands in the line of the row, so that the numbers of lines stay those of the file.
    """

    kind = "csv"

    def _read(self) -> Iterator[Piece]:
        repeated = _Repeated()
        for piece in super()._read():
            yield Piece(repeated(piece.text), piece.page, piece.done)


class _Repeated:
    """Puts the header in front of rows of a text that comes in pieces."""

    def __init__(self) -> None:
        self._header: str | None = None  # as it is repeated; empty if it is too long for that
        self._begun = ""  # the header as far as it came
        self._since = 0  # characters since the header
        self._quoted = False  # whether the text is in a value with quotes, over ends of lines
        self._at_start = False

    def __call__(self, text: str) -> str:
        lines = text.splitlines(keepends=True)
        return "".join(map(self._line, lines))

    def _line(self, line: str) -> str:
        begins = self._at_start and not self._quoted
        self._quoted ^= line.count('"') % 2 == 1
        self._at_start = line.endswith("\n")
        if self._header is None:
            self._begun += line[:_LONGEST]
            if self._at_start and not self._quoted:
                header = self._begun.strip()
                header = f"[Columns: {' '.join(header.splitlines())}] "
                self._header = header if len(header) < _LONGEST else ""
            return line
        self._since += len(line)
        if not begins or not self._header or self._since < REPEAT * len(self._header):
            return line
        self._since = len(line)
        return self._header + line
