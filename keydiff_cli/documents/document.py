"""What a document gives: pieces of text, and what was learned while reading them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from types import TracebackType

from keydiff_cli.documents.byte_stream import ByteStream
from keydiff_cli.documents.left_out import LeftOut
from keydiff_cli.documents.ocr.ocr import OFF, Ocr
from keydiff_cli.documents.outline import Heading
from keydiff_cli.errors import DocumentError

PIECE = 64 * 1024  # characters given at a time, where a text is cut
AHEAD = 1 << 20  # characters of white space held at most while looking for the first text


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
        How much has been read so far, this piece included, in the document's unit.
    """

    text: str
    page: int | None
    done: int


def pieces_of(text: str, page: int | None, done: int) -> Iterator[Piece]:
    """Cut a text into pieces of at most ``PIECE`` characters."""
    for start in range(0, len(text), PIECE):
        yield Piece(text[start : start + PIECE], page, done)


class Document(ABC):
    """An open document; a context manager that closes what it opened.

    Attributes
    ----------
    name : str
        For display: the end of the path that tells it from others, or "standard input".
    kind : str
        How it is read, decided by its content: ``pdf``, ``text`` and others.
    unit : str
        The unit of ``total`` and of ``Piece.done``: ``bytes``, or its pages in the plural.
    total : int or None
        Pages, or bytes of a regular file; None if it is not known.
    page_kind : str or None
        What it calls its pages: ``page``, ``slide``, ``sheet``, ``chapter`` and others. None if it
        has none.
    pages : int or None
        How many of them there are; None if that is not known before it is read to its end.
    characters : int
        Characters given so far; all of them once ``pieces`` is exhausted.
    sha256 : str
        Hash of the raw bytes, in hexadecimal; empty until ``pieces`` is exhausted.
    warnings : list of str
        One line each, complete once ``pieces`` is exhausted.
    outline : list of Heading
        Its headings in their order, complete once ``pieces`` is exhausted.
    left_out : list of LeftOut
        What of it is not in the text, complete once ``pieces`` is exhausted.
    ocr : Ocr
        Which of its pages are read by OCR; to be set before anything is read.
    ocr_pages : list of int
        Numbers of the pages that were, so far.
    """

    kind: str
    unit: str
    total: int | None
    pages: int | None
    page_kind: str | None = None
    ocr: Ocr = OFF

    def __init__(self, stream: ByteStream) -> None:
        self.name = stream.name
        self.characters = 0
        self.sha256 = ""
        self.warnings: list[str] = []
        self.outline: list[Heading] = []
        self.left_out: list[LeftOut] = []
        self.ocr_pages: list[int] = []
        self._stream = stream
        self._started = False
        self._read_ahead: Iterator[Piece] | None = None  # what require_text began to read

    def page_name(self, number: int) -> str:
        """What else the page of this number is called, such as ``iv``; empty if nothing else.

        In one line. Known from when a piece of the page was given.
        """
        return ""

    def page_heading(self, number: int) -> str:
        """The heading that the outline has for the page of this number; empty if it has none."""
        return ""

    def recognise(self) -> None:  # noqa: B027
        """Read pages by OCR that need it, so that ``pieces`` need not wait for them.

        Raises
        ------
        MemoryCapError
            If OCR takes more memory than it may.
        """

    def require_text(self) -> None:
        """Read ahead to the first text; ``pieces`` gives what was read all the same.

        After more than ``AHEAD`` characters of white space it stops looking, and leaves it to
        ``pieces`` to find out whether there is text.

        Raises
        ------
        DocumentError
            If there is no text, or for the reasons that ``pieces`` names.
        RuntimeError
            If reading has already begun.
        """
        if self._started or self._read_ahead:
            raise RuntimeError("a document can be read only once")
        pieces = self._read()
        held: list[Piece] = []
        characters = 0
        for piece in pieces:
            held.append(piece)
            characters += len(piece.text)
            if characters > AHEAD or not piece.text.isspace():
                break
        else:
            raise DocumentError(self._blank())
        # The iterator of the list drops the list when it comes to its end.
        self._read_ahead = chain(iter(held), pieces)

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
        read_ahead, self._read_ahead = self._read_ahead, None
        return self._count(read_ahead or self._read())

    def _count(self, pieces: Iterator[Piece]) -> Iterator[Piece]:
        """Pass the pieces on and count their characters; refuse a document of white space."""
        blank = True
        for piece in pieces:
            self.characters += len(piece.text)
            blank = blank and piece.text.isspace()
            yield piece
        if blank:
            raise DocumentError(self._blank())

    @abstractmethod
    def _read(self) -> Iterator[Piece]:
        """Yield the pieces; at the end check that the file did not change, and set ``sha256``."""

    @abstractmethod
    def _blank(self) -> str:
        """Return the message for a document that was read to its end and gave no text."""

    def close(self) -> None:
        """Close the file, unless it is standard input."""
        self._read_ahead = None
        self._stream.close()

    def __enter__(self) -> Document:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
