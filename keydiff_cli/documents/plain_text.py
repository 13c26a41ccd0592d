"""Plain text, decoded as it streams by, and logs as a terminal would show them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from keydiff_cli.documents.byte_stream import CHUNK, ByteStream
from keydiff_cli.documents.decoder import Decoder
from keydiff_cli.documents.document import Document, Piece
from keydiff_cli.documents.encoding import Encoding
from keydiff_cli.documents.left_out import LeftOut
from keydiff_cli.documents.terminal_text import TerminalText


class TextDocument(Document):
    """A text of any encoding from a file or a pipe.

    A text that grows while it is read, such as a log, is read up to the end that it had when it
    was opened, and a warning says so.
    """

    kind = "text"
    unit = "bytes"

    def __init__(self, stream: ByteStream) -> None:
        super().__init__(stream)
        self.total = stream.size
        self.pages = None
        self._encoding = stream.encoding or Encoding("utf-8", "UTF-8")

    def _read(self) -> Iterator[Piece]:
        decoder = Decoder(self._encoding)
        terminal = TerminalText(Decoder(self._encoding).decode(self._stream.head[:CHUNK]))
        digest = hashlib.sha256()
        skip = self._encoding.mark
        done = 0
        rest = b""  # bytes that begin a character, hashed when its other bytes have come
        for chunk in self._stream.chunks():
            done += len(chunk)
            text = terminal.read(decoder.decode(chunk[skip:]))
            skip = 0
            data, rest = rest + chunk, decoder.pending
            digest.update(data[: len(data) - len(rest)])
            if text:
                yield Piece(text, None, done)
        grown = self._stream.has_grown()
        if grown:  # the character was cut in two, and its beginning counts as not read
            decoder.drop_pending()
        else:
            digest.update(rest)
        text = terminal.read(decoder.decode(b"", final=True), final=True)
        if text:
            yield Piece(text, None, done)
        self.sha256 = self._stream.packed_sha256 or digest.hexdigest()
        for what, count in (
            ("NUL bytes", decoder.nuls),
            ("states of lines that overwrite themselves", terminal.overwritten),
        ):
            if count:
                self.left_out.append(LeftOut(None, what, count))
        self.warnings += _warnings(self.name, self._encoding, decoder)
        if grown:
            size = done - len(rest)
            self.warnings.append(
                f"{self.name} grew while it was read; only its first {size:,} bytes were read"
            )

    def _blank(self) -> str:
        return f"{self.name} is empty: there is only white space in it"


def _warnings(name: str, encoding: Encoding, decoder: Decoder) -> list[str]:
    """Tell what of the text may be wrong: a line for each kind of trouble that was decoded."""
    warnings: list[str] = []
    if encoding.guessed:
        warnings.append(
            f"{name} is not UTF-8; read as {encoding.label}, a guess "
            "(convert it to UTF-8 if the text looks wrong)"
        )
    if decoder.stray:
        verb = "is" if decoder.stray == 1 else "are"
        stray = _counted(decoder.stray, "byte")
        warnings.append(f"{stray} of {name} {verb} not valid UTF-8; read as Windows-1252")
    if decoder.replaced:
        replaced = _counted(decoder.replaced, "character")
        warnings.append(f"{replaced} of {name} could not be decoded as {encoding.label}")
    if decoder.nuls:
        warnings.append(f"dropped {_counted(decoder.nuls, 'NUL byte')} of {name}")
    return warnings


def _counted(number: int, noun: str) -> str:
    """Write a number with its noun: "1 byte", "2,000 bytes"."""
    return f"1 {noun}" if number == 1 else f"{number:,} {noun}s"
