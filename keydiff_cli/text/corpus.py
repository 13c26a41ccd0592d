"""What is read: the documents of one reading as tokens, with their places."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from keydiff_cli.documents import Document
from keydiff_cli.llama import Tokens
from keydiff_cli.text.blocks import Block
from keydiff_cli.text.introduction import TextPart, introduction, text_parts
from keydiff_cli.text.places import TokenPlace
from keydiff_cli.text.progress import DocumentProgress, Trail
from keydiff_cli.text.records import DocumentRecord
from keydiff_cli.text.tokenizer import Tokenizer, Vocabulary

_CHUNK = 4096  # tokens of a part, where the text does not come in parts


class Corpus:
    """The one owner of what was read: the tokens of some documents, in order, and their places.

    Documents are read as far as their tokens are asked for; what was read stays, four bytes a
    token, and can be gone through again from the start.

    Parameters
    ----------
    documents
        Each open, in order.
    vocabulary
        The model that the text is tokenised for.

    Attributes
    ----------
    documents : list of DocumentRecord
        A record for each document that was begun.
    warnings : list of str
        What could not be read as it stands.
    """

    def __init__(self, documents: Iterable[Document], vocabulary: Vocabulary) -> None:
        self.documents: list[DocumentRecord] = []
        self.warnings: list[str] = []
        self._tokenizer = Tokenizer(vocabulary)
        self._parts: list[Tokens] = []
        self._starts: list[int] = []  # number of the first token of each part
        self._lines: list[int] = [0]  # line breaks before each part, as far as they were counted
        self._tokens = 0
        self._trail = Trail()
        self._steps = _steps(documents)
        self._ended = False
        self._broken_off = False

    @classmethod
    def of(
        cls, documents: Sequence[DocumentRecord], tokens: Tokens, vocabulary: Vocabulary
    ) -> Corpus:
        """What was read before, from the records of its documents and its tokens."""
        corpus = cls((), vocabulary)
        corpus.documents = [replace(record) for record in documents]
        for start in range(0, len(tokens), _CHUNK):
            corpus._add(tokens[start : start + _CHUNK])
        corpus._ended = True
        return corpus

    def bound_to(self, vocabulary: Vocabulary) -> Corpus:
        """The same corpus for another instance of the same model, as when one is closed.

        It goes on where this one has come to, which must not be asked for anything any more.
        """
        bound = copy(self)
        bound._tokenizer = Tokenizer(vocabulary)
        return bound

    # Tokens ---------------------------------------------------------------------------------

    @property
    def tokens(self) -> int:
        """How many tokens have been read so far."""
        return self._tokens

    @property
    def ended(self) -> bool:
        """Whether it is known that there are no more."""
        return self._ended

    def read_to(self, count: int) -> int:
        """Read on until there are ``count`` tokens or more, or to the end; how many there are.

        Raises
        ------
        DocumentError
            If a document turns out to be empty, damaged or without text.
        RuntimeError
            If an error or an interrupt broke off reading before: what comes next is lost then.
        """
        while self._tokens < count and not self._ended:
            self._read_on()
        return self._tokens

    def read_all(self) -> int:
        """Read on to the end, as :meth:`read_to` does; how many tokens there are."""
        return self.read_to(sys.maxsize)

    def slice(self, start: int, stop: int) -> Tokens:
        """Tokens from ``start`` to ``stop`` (exclusive) of those that were read: int32."""
        start, stop = max(start, 0), min(stop, self._tokens)
        first = max(bisect_right(self._starts, start) - 1, 0)
        if start >= stop:
            return np.empty(0, np.int32)
        tokens = np.concatenate(self._parts[first : bisect_right(self._starts, stop - 1)])
        return tokens[start - self._starts[first] : stop - self._starts[first]]

    def blocks(self, size: int, start: int = 0) -> Iterator[Block]:
        """The tokens from ``start`` on in blocks of ``size`` (B), reading on where it has to."""
        while self.read_to(start + size) > start:
            block = Block(start, self.slice(start, start + size))
            yield block
            start = block.stop

    # Places ---------------------------------------------------------------------------------

    def text(self, start: int, stop: int) -> str:
        """The text of the tokens from ``start`` to ``stop`` (exclusive)."""
        return self._tokenizer.text(self.slice(start, stop))

    def count(self, text: str) -> int:
        """How many tokens a text has that follows others."""
        return len(self._tokenizer(text, first=False))

    def piece(self, token: int) -> bytes:
        """The bytes that a token of the vocabulary stands for."""
        return self._tokenizer.text_bytes((token,))

    def document(self, token: int) -> DocumentRecord:
        """The document that a token belongs to.

        Raises
        ------
        ValueError
            If it was not read.
        """
        if not 0 <= token < self._tokens:
            raise ValueError(f"token {token} is none of the {self._tokens} that were read")
        starts = [record.start for record in self.documents]
        return self.documents[bisect_right(starts, token) - 1]

    def page(self, token: int) -> int | None:
        """The page that a token is on, counted from 1; None where there are no pages.

        Raises
        ------
        ValueError
            If it was not read.
        """
        starts = self.document(token).page_starts
        return None if starts is None else max(bisect_right(starts, token), 1)

    def label(self, token: int) -> str:
        """What the page of a token is called besides its number; empty if nothing."""
        page = self.page(token)
        return "" if page is None else self.document(token).page_name(page)

    def place(self, token: int) -> TokenPlace:
        """Where a token is; what introduces a document or a page counts as its first line.

        Raises
        ------
        ValueError
            If it was not read.
        """
        record, page = self.document(token), self.page(token)
        starts = record.page_starts or ()
        if page is not None and page <= len(starts):
            begin, before = starts[page - 1], 1
        else:  # what introduces a document of pages may be read before the first of them
            begin = record.start
            before = introduction(record.name, first=record.start == 0).count("\n")
        lines = self._line_breaks(token) - self._line_breaks(begin) - before
        return TokenPlace(record.name, page, max(lines, 0) + 1, record.page_kind or "page")

    def _line_breaks(self, token: int) -> int:
        """How many line breaks come before a token; those of whole parts are counted once."""
        part = bisect_right(self._starts, token) - 1
        for whole in self._parts[len(self._lines) - 1 : part]:
            self._lines.append(self._lines[-1] + self._tokenizer.text(whole).count("\n"))
        return self._lines[part] + self.text(self._starts[part], token).count("\n")

    def progress(self, tokens: int) -> DocumentProgress | None:
        """How far one is in which document after so many tokens; calls must not go backwards."""
        return self._trail.at(tokens)

    # Reading --------------------------------------------------------------------------------

    def _read_on(self) -> None:
        """Read the next part, or find out that there is none."""
        if self._broken_off:
            raise RuntimeError("reading was broken off; the documents have to be opened again")
        self._broken_off = True  # unless what follows comes to its end
        step = next(self._steps, None)
        if step is None:
            self._ended = True
        elif step.part is not None:
            self._take(step.document, step.part)
        elif step.begins:
            self._begin(step.document)
        else:
            self._end(step.document)
        self._broken_off = False

    def _begin(self, document: Document) -> None:
        kind = document.page_kind
        starts: list[int] | None = None if kind is None else []
        record = DocumentRecord(
            document.name, document.kind, document.pages, self._tokens, starts, page_kind=kind
        )
        self.documents.append(record)
        self._trail.add(self._tokens, document, 0)

    def _end(self, document: Document) -> None:
        record = self.documents[-1]
        record.pages = document.pages
        if (starts := record.page_starts) is not None:  # pages without text at its end
            starts += [self._tokens] * ((document.pages or 0) - len(starts))
        record.sha256 = document.sha256
        record.outline, record.left_out = document.outline, document.left_out
        record.ocr_pages = document.ocr_pages
        self.warnings.extend(document.warnings)

    def _take(self, document: Document, part: TextPart) -> None:
        """Tokenise the next part, and note where its pages begin."""
        record = self.documents[-1]
        ids = self._tokenizer(part.text, first=self._tokens == 0)
        if part.pages and record.page_starts is not None:
            characters = [character for _, character in part.pages]
            places = self._tokenizer.locate(characters, part.text, ids)
            for (number, _), place in zip(part.pages, places, strict=True):
                record.page_starts += [self._tokens + place] * (number - len(record.page_starts))
                if name := document.page_name(number):
                    names = record.page_names
                    names += [""] * (number - 1 - len(names)) + [name]
        self._add(ids)
        record.tokens += len(ids)
        record.characters = document.characters
        self._trail.add(self._tokens, document, part.done)

    def _add(self, ids: Tokens) -> None:
        self._parts.append(ids)
        self._starts.append(self._tokens)
        self._tokens += len(ids)


@dataclass(frozen=True)
class _Step:
    """What comes next of the documents: one begins, has a part, or ends."""

    document: Document
    part: TextPart | None = None
    begins: bool = False


def _steps(documents: Iterable[Document]) -> Iterator[_Step]:
    """Go through documents, which are open one at a time."""
    for number, document in enumerate(documents):
        yield _Step(document, begins=True)
        for part in text_parts(document, first=number == 0):
            yield _Step(document, part)
        yield _Step(document)
