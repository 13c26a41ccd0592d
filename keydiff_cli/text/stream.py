"""Documents to tokens: every document introduced by its name, every page by its number."""

from __future__ import annotations

import os
import stat
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from keydiff_cli.documents import Document, open_document
from keydiff_cli.errors import UsageError
from keydiff_cli.llama import Tokens
from keydiff_cli.text.blocks import Tokenizer, cut_text


@dataclass
class DocumentRecord:
    """What was read of one document.

    Attributes
    ----------
    start
        Number of its first token, counted from 0 over all documents.
    page_starts
        Of a PDF: number of the token that the mark of each page begins in, in the same count. A
        page without text begins where the next one does.
    sha256
        Of the bytes; None until all of them were read.
    """

    name: str
    kind: str
    pages: int | None
    start: int
    page_starts: list[int] | None
    characters: int = 0
    tokens: int = 0
    sha256: str | None = None


@dataclass(frozen=True)
class Place:
    """How far reading has come: ``done`` of ``total`` (None if unknown) pages or bytes.

    Estimated within a page or a piece, so ``done`` is no whole number.
    """

    name: str
    unit: str
    done: float
    total: int | None


def check_sources(sources: Sequence[str], stdin: BinaryIO) -> Document | None:
    """Find what is wrong with the documents before time is spent on anything else.

    Returns
    -------
    Standard input as a document, if it is among them: it can be opened only once.

    Raises
    ------
    DocumentError
        If a file is missing, not a document or without text.
    UsageError
        If standard input is named twice.
    """
    if sources.count("-") > 1:
        raise UsageError("standard input (-) can be read only once")
    piped = None
    for source in sources:
        if source == "-":
            piped = _open_text(source, stdin)
        elif not is_pipe(source):  # a pipe opens only once
            _open_text(source, stdin).close()
    return piped


def _open_text(source: str, stdin: BinaryIO) -> Document:
    document = open_document(source, stdin)
    try:
        document.require_text()
    except BaseException:
        document.close()
        raise
    return document


def is_pipe(path: str) -> bool:
    """Whether it can be read only once."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False  # opening it says what is wrong


class TokenStream:
    """The tokens of several documents in order, read as they are asked for.

    Parameters
    ----------
    sources
        Paths, or ``-`` for standard input.
    piped
        Standard input, if it is open already.

    Attributes
    ----------
    records : list of DocumentRecord
        One per document begun.
    warnings : list of str
        What could not be read as it stands.
    """

    def __init__(
        self,
        sources: Sequence[str],
        stdin: BinaryIO,
        tokenizer: Tokenizer,
        piped: Document | None = None,
    ) -> None:
        self._sources = sources
        self._stdin = stdin
        self._piped = piped
        self._tokenizer = tokenizer
        self._trail: deque[tuple[int, Place]] = deque()
        self._passed: tuple[int, Place] | None = None
        self.records: list[DocumentRecord] = []
        self.warnings: list[str] = []
        self.tokens = 0

    def __iter__(self) -> Iterator[Tokens]:
        for source in self._sources:
            piped = self._piped if source == "-" else None
            document = open_document(source, self._stdin) if piped is None else piped
            with document:
                yield from self._read(document)

    def _read(self, document: Document) -> Iterator[Tokens]:
        starts: list[int] = []
        index = None if document.pages is None else starts
        record = DocumentRecord(document.name, document.kind, document.pages, self.tokens, index)
        self.records.append(record)
        self._pass(document, 0)
        begun: deque[tuple[int, int]] = deque()  # pages, and the characters before them
        marks: deque[tuple[int, int]] = deque()  # characters and ``done`` at the end of each piece
        before = (0, 0)
        fed = cut = 0

        def text() -> Iterator[str]:
            nonlocal fed
            page = None
            lead = f"{'' if len(self.records) == 1 else chr(10) * 2}Document: {document.name}\n\n"
            for piece in document.pieces():
                if piece.page is not None and piece.page != page:
                    page = piece.page
                    begun.append((page, fed + len(lead)))
                    lead += f"[Page {page}]\n"
                part = lead + piece.text
                lead = ""
                fed += len(part)
                marks.append((fed, piece.done))
                yield part

        for part in cut_text(text()):
            ids = self._tokenizer(part, first=self.tokens == 0)
            here = []
            while begun and begun[0][1] < cut + len(part):
                here.append(begun.popleft())
            if here:
                tokens = self._tokenizer.locate([start - cut for _, start in here], part, ids)
                for (page, _), token in zip(here, tokens, strict=True):
                    starts += [self.tokens + token] * (page - len(starts))
            self.tokens += len(ids)
            record.tokens += len(ids)
            record.characters = document.characters
            cut += len(part)
            while marks and marks[0][0] <= cut:
                before = marks.popleft()
            done: float = before[1]
            if marks:  # the rest of this piece still waits to be cut
                share = (cut - before[0]) / (marks[0][0] - before[0])
                done += share * (marks[0][1] - done)
            self._pass(document, done)
            yield ids
        starts += [self.tokens] * ((document.pages or 0) - len(starts))
        record.sha256 = document.sha256
        self.warnings.extend(document.warnings)

    def _pass(self, document: Document, done: float) -> None:
        place = Place(document.name, document.unit, done, document.total)
        self._trail.append((self.tokens, place))

    def place(self, tokens: int) -> Place | None:
        """Where token number ``tokens`` of the stream is; calls must not go backwards."""
        while self._trail and self._trail[0][0] <= tokens:
            self._passed = self._trail.popleft()
        if not self._trail:
            return self._passed[1] if self._passed else None
        end, place = self._trail[0]
        start, before = self._passed if self._passed else (0, place)
        share = (tokens - start) / (end - start)
        return Place(
            place.name,
            place.unit,
            before.done + share * (place.done - before.done),
            place.total,
        )
