"""A text cut into passages of a few sentences, or into parts of some pages: ranges of tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.llama import Tokens
from keydiff_cli.text.corpus import Corpus

LONGEST = 112  # tokens; four passages of it and the lines around them fit in 512
SMALL = 100  # tokens of a last part that says little by itself
_PAGE = 4  # what ends with a token: better than a paragraph
Ends = NDArray[np.int8]
_SENTENCE_ENDS = tuple(end.encode() for end in ".!?。！？")


@dataclass(frozen=True)
class Passage:
    """The tokens from ``start`` to ``stop`` (exclusive), numbered as in the corpus."""

    start: int
    stop: int


def cut_passages(corpus: Corpus) -> list[Passage]:
    """Cut what was read of some documents into passages of at most :data:`LONGEST` tokens.

    A passage is of one page, and ends at the end of a paragraph, line or sentence if there is one
    in its second half.
    """
    passages: list[Passage] = []
    ends = _ends(corpus)
    for record in corpus.documents:
        pages = (record.page_starts or ())[1:]  # the first one begins with the introduction
        starts = [record.start, *pages, record.start + record.tokens]
        for start, stop in pairwise(starts):
            passages += _cut(ends, start, stop, LONGEST)
    return passages


def cut_parts(corpus: Corpus, longest: int, room: int = 0) -> list[Passage]:
    """Cut what was read of some documents into parts of at most ``longest`` tokens (>= 1).

    A part is of one document, and ends at the end of a page, paragraph, line or sentence, at the
    first of these that there is in its second half. What is added to a text changes its last part
    only.

    Parameters
    ----------
    room
        Tokens of a part that fewer than :data:`SMALL` tokens at the end of a document have joined.
    """
    ends = _ends(corpus)
    for record in corpus.documents:
        pages = np.array((record.page_starts or [])[1:], np.int64)
        ends[pages[pages > 0] - 1] = _PAGE
    return [
        part
        for record in corpus.documents
        for part in _cut(ends, record.start, record.start + record.tokens, longest, room)
    ]


def _cut(ends: Ends, start: int, last: int, longest: int, room: int = 0) -> Iterator[Passage]:
    """Cut the tokens from ``start`` to ``last`` (exclusive) where the best place is."""
    while start < last:
        stop = min(start + longest, last)
        if stop < last:
            shortest = max(longest // 2, 1)
            rank = ends[start + shortest - 1 : stop]
            stop = start + shortest + int(len(rank) - 1 - np.argmax(rank[::-1]))
            if last - stop < SMALL and last - start <= room:
                stop = last
        yield Passage(start, stop)
        start = stop


def _ends(corpus: Corpus) -> Ends:
    """What ends with each token: 3 a paragraph, 2 a line, 1 a sentence, 0 none of them.

    -1 if it ends within a character, as the tokens of a script that the model hardly knows do.
    """
    tokens: Tokens = corpus.slice(0, corpus.tokens)
    distinct, which = np.unique(tokens, return_inverse=True)
    ranks = np.zeros(len(distinct), np.int8)
    within = np.zeros(len(distinct), bool)  # whether it begins within a character
    for number, token in enumerate(distinct):
        piece = corpus.piece(int(token))
        bare = piece.rstrip(b" \t\r\n")
        within[number] = bool(piece) and piece[0] & 0xC0 == 0x80
        if piece.count(b"\n") > 1:
            ranks[number] = 3
        elif b"\n" in piece:
            ranks[number] = 2
        elif bare.endswith(_SENTENCE_ENDS):
            ranks[number] = 1
    ends = ranks[which]
    ends[:-1][within[which[1:]]] = -1
    return ends
