"""What a document gives: pieces of text, and what was learned while reading them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Literal

from keydiff_cli.documents.source import Source
from keydiff_cli.errors import DocumentError


@dataclass(frozen=True)
class Piece:
    """A stretch of text in document order.

    Attributes
    ----------
    text : str
        Never empty; can always be encoded as UTF-8.
    page : int or None
        The page it comes from, counted from 1, or None where there are no pages.
    done : int
        Pages (PDF) or bytes (text) read so far, this piece included.
    """

    text: str
    page: int | None
    done: int


class Document(ABC):
    """An open document; a context manager that closes what it opened.

    Attributes
    ----------
    name : str
        For display: the last part of the path, or "standard input".
    kind : {"pdf", "text"}
        How it is read, decided by its content.
    unit : {"pages", "bytes"}
        The unit of ``total`` and of ``Piece.done``.
    total : int or None
        Pages, or bytes of a regular file; None for a pipe.
    pages : int or None
        Pages of a PDF, else None.
    characters : int
        Characters given so far; all of them once ``pieces`` is exhausted.
    sha256 : str
        Hash of the raw bytes, in hexadecimal; empty until ``pieces`` is exhausted.
    warnings : list of str
        One line each, complete once ``pieces`` is exhausted.
    """

    kind: Literal["pdf", "text"]
    unit: Literal["pages", "bytes"]
    total: int | None
    pages: int | None

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self.characters = 0
        self.sha256 = ""
        self.warnings: list[str] = []
        self._source = source
        self._started = False

    def pieces(self) -> Iterator[Piece]:
        """Read the document, once.

        Yields
        ------
        Piece
            Text in document order.

        Raises
        ------
        DocumentError
            If the document turns out to be empty, damaged, without text, or to
            change while it is read.
        RuntimeError
            If called twice: a pipe can be read only once.
        """
        if self._started:
            raise RuntimeError("a document can be read only once")
        self._started = True
        return self._count(self._read())

    def _count(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        blank = True
        for piece in pieces:
            self.characters += len(piece.text)
            blank = blank and piece.text.isspace()
            yield piece
        self._source.check_unchanged()
        if blank:
            raise DocumentError(self._blank())

    @abstractmethod
    def _read(self) -> Iterator[Piece]:
        """Yield the pieces, and set ``sha256`` at the end."""

    @abstractmethod
    def _blank(self) -> str:
        """Say why a document read to its end gave no text."""

    def close(self) -> None:
        """Close the file, unless it is standard input."""
        self._source.close()

    def __enter__(self) -> Document:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
