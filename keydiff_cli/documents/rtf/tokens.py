"""The words of RTF, as its bytes stream by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO, NamedTuple

_CHUNK = 64 * 1024  # bytes read at a time
_REST = 64  # bytes at the end of a chunk that may hold the beginning of a word
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|([^\\{}\r\n]+)"
    rb"|[\r\n\\]",
    re.DOTALL,
)


class Token(NamedTuple):
    """A word: a control word with its number, a symbol, a brace, or bytes of text.

    Attributes
    ----------
    word
        The name of a control word, the character of a symbol or a brace; empty for text.
    number
        Behind a control word; None where there is none.
    data
        The bytes of text.
    """

    word: str
    number: int | None = None
    data: bytes = b""


def tokens(file: IO[bytes]) -> Iterator[Token]:
    """The words of a file; what ``\\bin`` introduces is passed over."""
    rest, skip, final = b"", 0, False
    while not final:
        chunk = file.read(_CHUNK)
        final = not chunk
        data = rest + chunk
        at, end = 0, len(data) - (0 if final else _REST)
        while at < end:
            if skip:
                step = min(skip, len(data) - at)
                at, skip = at + step, skip - step
                continue
            match = _TOKEN.match(data, at)
            if match is None:
                at += 1
                continue
            at = match.end()
            word, number, byte, symbol, brace, text = match.groups()
            if text:
                yield Token("", None, text)
            elif brace:
                yield Token(brace.decode())
            elif byte:
                yield Token("", None, bytes([int(byte, 16)]))
            elif word == b"bin":
                skip = max(int(number or 0), 0)
            elif word:
                yield Token(word.decode(), None if number is None else int(number))
            elif symbol and symbol in b"{}\\":
                yield Token("", None, symbol)
            elif symbol:
                yield Token(symbol.decode("latin-1"))
        rest = data[at:]
