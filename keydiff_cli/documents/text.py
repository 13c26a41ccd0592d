"""Plain text, decoded as it streams by."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from keydiff_cli.documents.document import Document, Piece
from keydiff_cli.documents.encoding import Decoder, Encoding, find_encoding
from keydiff_cli.documents.source import Source


class TextDocument(Document):
    """A text of any encoding from a file or a pipe."""

    kind = "text"
    unit = "bytes"

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self.total = source.size
        self.pages = None
        self._encoding = find_encoding(source.head)

    def _read(self) -> Iterator[Piece]:
        decoder = Decoder(self._encoding)
        digest = hashlib.sha256()
        skip = self._encoding.mark
        done = 0
        rest = b""  # begins a character, as long as it is not hashed
        for chunk in self._source.chunks():
            done += len(chunk)
            text = decoder.decode(chunk[skip:])
            skip = 0
            data, rest = rest + chunk, decoder.pending
            digest.update(data[: len(data) - len(rest)])
            if text:
                yield Piece(text, None, done)
        grown = self._source.has_grown()
        if grown:  # the rest of the character came later, so it counts as not read
            decoder.drop_pending()
        else:
            digest.update(rest)
        text = decoder.decode(b"", final=True)
        if text:
            yield Piece(text, None, done)
        self.sha256 = digest.hexdigest()
        self.warnings += _warnings(self.name, self._encoding, decoder)
        if grown:
            size = done - len(rest)
            self.warnings.append(
                f"{self.name} grew while it was read; only its first {size:,} bytes were read"
            )

    def _blank(self) -> str:
        return f"{self.name} is empty: there is only white space in it"


def _warnings(name: str, encoding: Encoding, decoder: Decoder) -> list[str]:
    found: list[str] = []
    if encoding.guessed:
        found.append(
            f"{name} is not UTF-8; read as {encoding.label}, a guess "
            "(convert it to UTF-8 if the text looks wrong)"
        )
    if decoder.stray:
        some = "1 byte" if decoder.stray == 1 else f"{decoder.stray:,} bytes"
        verb = "is" if decoder.stray == 1 else "are"
        found.append(f"{some} of {name} {verb} not valid UTF-8; read as Windows-1252")
    if decoder.replaced:
        some = "1 character" if decoder.replaced == 1 else f"{decoder.replaced:,} characters"
        found.append(f"{some} of {name} could not be decoded as {encoding.label}")
    if decoder.nuls:
        some = "1 NUL byte" if decoder.nuls == 1 else f"{decoder.nuls:,} NUL bytes"
        found.append(f"dropped {some} of {name}")
    return found
