"""The pages, parts and sections of what was read, as ranges of tokens."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.documents import Heading
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.introduction import introduction
from keydiff_cli.text.records import DocumentRecord

PART = 500  # tokens, about a page
_LONG = 3 * PART  # tokens: longer pages are cut into parts
_SECTIONS = 200  # of a document; deeper headings are left out if there would be more


@dataclass(frozen=True)
class Stretch:
    """The tokens from ``start`` to ``stop`` (exclusive), numbered as in the corpus.

    ``label``, ``pages`` and ``lines`` are as of
    :class:`~keydiff_cli.text.coverage.CoveredPart`.
    """

    start: int
    stop: int
    label: str
    pages: tuple[int, int] | None
    lines: tuple[int, int] | None


class Stretches:
    """The stretches of some documents, as far as they are read when this is made.

    Parameters
    ----------
    corpus
        The documents.
    """

    def __init__(self, corpus: Corpus) -> None:
        self._corpus = corpus
        self.documents = [deepcopy(record) for record in corpus.documents]  # reading may go on

    @cached_property
    def parts(self) -> list[list[Stretch]]:
        """The pages of each document, or its parts; long pages are cut into parts."""
        return [list(self._parts(record)) for record in self.documents]

    @cached_property
    def sections(self) -> list[list[Stretch]]:
        """What comes under each heading of each document, with what is under those below it.

        By whole pages, where it is not known in which lines the headings are. Of a document with
        many headings the deepest levels are left out.
        """
        return [list(self._sections(record)) for record in self.documents]

    @cached_property
    def _breaks(self) -> NDArray[np.int32]:
        return line_breaks(self._corpus)

    def _parts(self, record: DocumentRecord) -> Iterator[Stretch]:
        end = record.start + record.tokens
        if not record.page_starts:
            for start, stop in pairwise(self._cut(record.start, end)):
                yield Stretch(start, stop, "", None, self._lines(record, None, start, stop))
            return
        bounds = [record.start, *record.page_starts[1:], end]
        for number, (start, stop) in enumerate(pairwise(bounds), 1):
            label, pages = record.page_name(number), (number, number)
            if stop - start <= _LONG:
                if stop > start:
                    yield Stretch(start, stop, label, pages, None)
                continue
            for first, last in pairwise(self._cut(start, stop)):
                lines = self._lines(record, number, first, last)
                yield Stretch(first, last, label, pages, lines)

    def _cut(self, start: int, stop: int) -> list[int]:
        """Where parts of about :data:`PART` tokens begin, mostly at a line, and the end."""
        after = np.flatnonzero(np.diff(self._breaks[start : stop + 1])) + start + 1  # line breaks
        bounds = [start]
        while stop - bounds[-1] > 1.5 * PART:
            target = bounds[-1] + PART
            next_line = int(np.searchsorted(after, target))
            line = int(after[next_line]) if next_line < len(after) else stop
            bounds.append(line if line < min(target + PART // 2, stop) else target)
        return [*bounds, stop] if stop > start else []

    def _lines(
        self, record: DocumentRecord, page: int | None, start: int, stop: int
    ) -> tuple[int, int]:
        """The first and last line of some tokens, as :meth:`Corpus.place` counts them."""
        none = self._before_first_line(record, page)
        first, last = (max(int(self._breaks[token]) - none, 0) + 1 for token in (start, stop - 1))
        return first, last

    def _before_first_line(self, record: DocumentRecord, page: int | None) -> int:
        """The line breaks before the first line of a page, or of a document."""
        if page is not None and record.page_starts:
            return int(self._breaks[record.page_starts[page - 1]]) + 1
        introduced = introduction(record.name, first=record.start == 0).count("\n")
        return int(self._breaks[record.start]) + introduced

    def _sections(self, record: DocumentRecord) -> Iterator[Stretch]:
        headings = [each for each in _top(record.outline) if _is_known(record, each)]
        end = record.start + record.tokens
        starts = [self._start(record, heading) for heading in headings]
        stops = [end] * len(headings)
        open_ones: list[int] = []
        for number, heading in enumerate(headings):
            while open_ones and headings[open_ones[-1]].level >= heading.level:
                stops[open_ones.pop()] = starts[number]
            open_ones.append(number)
        for heading, start, stop in zip(headings, starts, stops, strict=True):
            if heading.page is None:
                if stop > start:
                    lines = self._lines(record, None, start, stop)
                    yield Stretch(start, stop, heading.title, None, lines)
                continue
            pages_begin = [*(record.page_starts or ()), end]
            if heading.line is None:
                stop = max(stop, pages_begin[heading.page])
            if stop > start:
                last = max(bisect_right(pages_begin, stop - 1), heading.page)
                yield Stretch(start, stop, heading.title, (heading.page, last), None)

    def _start(self, record: DocumentRecord, heading: Heading) -> int:
        """The token that a heading begins with, or its page."""
        end = record.start + record.tokens
        begin = record.start
        if heading.page is not None and record.page_starts:
            begin = record.page_starts[heading.page - 1]
        if heading.line is None:
            return begin
        wanted = self._before_first_line(record, heading.page) + heading.line - 1
        return begin + int(np.searchsorted(self._breaks[begin:end], wanted))


def line_breaks(corpus: Corpus) -> NDArray[np.int32]:
    """How many line breaks come before each token of a corpus, and in all: int32 [tokens + 1]."""
    tokens = corpus.slice(0, corpus.tokens)
    counts = np.zeros(int(tokens.max(initial=0)) + 1, np.int64)
    for token in np.flatnonzero(np.bincount(tokens)):
        counts[token] = corpus.piece(int(token)).count(b"\n")
    return np.concatenate(([0], np.cumsum(counts[tokens], dtype=np.int32)), dtype=np.int32)


def _top(outline: Sequence[Heading]) -> Sequence[Heading]:
    """The headings down to the deepest level at which there are not too many."""
    for level in sorted({heading.level for heading in outline}, reverse=True):
        top = [heading for heading in outline if heading.level <= level]
        if len(top) <= _SECTIONS:
            return top
    return [heading for heading in outline if heading.level == 1][:_SECTIONS]


def _is_known(record: DocumentRecord, heading: Heading) -> bool:
    """Whether it can be told where a heading is in what was read."""
    if heading.page is None:
        return heading.line is not None and not record.page_starts
    return 0 < heading.page <= len(record.page_starts or ())
