"""The sentences, list items and rows of tables that a document consists of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.introduction import introduction, page_marks
from keydiff_cli.text.passages import Passage
from keydiff_cli.text.sentences import split_sentences

_FULL = 0.7  # of the longest line of its paragraph has a line that goes on in the next one
_LONG = 40  # characters that a line has at least that others are compared with
_MARKED = re.compile(
    r"\s*(?:[-*+\u2022\u2013\u25cf\u25aa|#=]|\(?\d{1,3}(?:\.\d+)*[.)]\s|\(?[A-Za-z][)]\s)"
)
_PARAGRAPH = re.compile(r"\S(?:.|\n(?!\s*\n))*")
_WORD = re.compile(r"[^\W_]{2,}")
_FEWEST = 3  # words of what says something


@dataclass(frozen=True)
class Statement:
    """What a text states, from character ``start`` to ``stop`` (exclusive), in one line."""

    start: int
    stop: int
    text: str


def find_statements(text: str, page_kind: str = "page") -> Iterator[Statement]:
    """What a text states, one after another.

    A sentence goes on over the end of a line that is full; list items and rows of tables are of
    their own. Marks of pages (slides, sheets: ``page_kind``) are none, nor is what has fewer than
    three words, as many headings do.
    """
    text = page_marks(page_kind).sub(lambda mark: "\n" * len(mark[0]), text)
    for paragraph in _PARAGRAPH.finditer(text):
        start = paragraph.start()
        for sentence in split_sentences("".join(_joined(paragraph[0].split("\n")))):
            start += len(sentence.lead)
            stop = start + len(sentence.text)
            line = " ".join(sentence.text.split())
            if len(_WORD.findall(line)) >= _FEWEST:
                yield Statement(start, stop, line)
            start = stop


def statements_of(corpus: Corpus, part: Passage) -> list[tuple[Passage, str]]:
    """What a part states, with the tokens that have it; not what introduces a document."""
    record = corpus.document(part.start)
    introduced = introduction(record.name, first=True).strip()
    tokens = corpus.slice(part.start, part.stop)
    ends = np.cumsum([len(corpus.piece(int(token))) for token in tokens])
    text = corpus.text(part.start, part.stop)
    found = []
    for statement in find_statements(text, record.page_kind or "page"):
        if statement.text == introduced:
            continue
        first, last = (len(text[:at].encode()) for at in (statement.start, statement.stop))
        start = part.start + int(np.searchsorted(ends, first, side="right"))
        stop = part.start + int(np.searchsorted(ends, last)) + 1
        found.append((Passage(start, min(stop, part.stop)), statement.text))
    return found


def _joined(lines: list[str]) -> Iterator[str]:
    """The lines of a paragraph, with a space for a line end that is within a sentence."""
    longest = max(_LONG, *map(len, lines))
    for line, following in zip_longest(lines, lines[1:], fillvalue=""):
        is_row = line.lstrip().startswith("|")
        goes_on = len(line) >= _FULL * longest and not is_row and not _MARKED.match(following)
        yield line + (" " if goes_on else "\n")
