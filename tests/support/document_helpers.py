"""Documents for the tests: opened from bytes or files, read whole, refused, measured."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable

import pytest

from keydiff_cli.documents import Document, open_document
from keydiff_cli.errors import DocumentError

NOTHING = io.BytesIO()  # standard input of a document that is not read from it

Save = Callable[[str, bytes], str]  # of the fixture: writes a file, and gives its path


class ShortReads(io.RawIOBase):
    """A stream that gives a few bytes at a time, whatever is asked for."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data, self._sizes, self._at = data, sizes, 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        size = min(size, self._sizes[self._at % len(self._sizes)])
        self._at += 1
        data, self._data = self._data[:size], self._data[size:]
        return data


def read(document: Document) -> str:
    """Read a document to its end and close it, checking what holds for every document."""
    with document:
        pieces = list(document.pieces())
    text = "".join(piece.text for piece in pieces)
    assert all(piece.text for piece in pieces)
    assert document.characters == len(text)
    assert len(document.sha256) == 64
    text.encode()
    done = [piece.done for piece in pieces]
    assert done == sorted(done)
    return text


def piped(data: bytes) -> Document:
    """Open bytes as standard input."""
    return open_document("-", io.BytesIO(data))


def text_of(data: bytes) -> str:
    """Read bytes as standard input to their end."""
    return read(piped(data))


def refusal(make: Callable[[], object]) -> str:
    """The message of the DocumentError: one line."""
    with pytest.raises(DocumentError) as caught:
        make()
    message = str(caught.value)
    assert message and message.isprintable()
    return message


def append(path: str, data: bytes) -> None:
    """Let a file grow."""
    with open(path, "ab") as file:
        file.write(data)


def peak_of(path: str) -> int:
    """Peak memory in bytes of a process that reads a document."""
    code = (
        "import io, sys\n"
        "from keydiff_cli.documents import open_document\n"
        "from keydiff_cli.system.machine import peak\n"
        "with open_document(sys.argv[1], io.BytesIO()) as document:\n"
        "    document.require_text()\n"
        "    for piece in document.pieces(): pass\n"
        "print(peak())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, text=True, check=True
    )
    return int(done.stdout)
