"""A text cut into passages of a few sentences, which are ranges of tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.llama import Tokens
from keydiff_cli.text.corpus import Corpus

LONGEST = 112  # tokens; four passages of it and the lines around them fit in 512
SMALL = 100  # tokens of a last part that says little by itself
Ends = NDArray[np.int8]
PARAGRAPH, LINE, SENTENCE = 4, 3, 2  # what ends with a token; the higher, the better to cut there
NOTHING, NO_CHARACTER = 0, -1  # the latter where it ends within one
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
    ends = ends_of(corpus)
    for record in corpus.documents:
        pages = (record.page_starts or ())[1:]  # the first one begins with the introduction
        starts = [record.start, *pages, record.start + record.tokens]
        for start, stop in pairwise(starts):
            passages += cut(lambda start, stop: ends[start:stop], start, stop, LONGEST)
    return passages


def cut(
    ends: Callable[[int, int], Ends], start: int, last: int, longest: int, room: int = 0
) -> Iterator[Passage]:
    """Cut the tokens from ``start`` to ``last`` (exclusive) at the best place in each second half.

    Parameters
    ----------
    ends
        How good it is to cut after each token of a range, whose limits it is given.
    longest
        Tokens of a passage at most.
    room
        Tokens of one that fewer than :data:`SMALL` tokens at the end have joined.
    """
    while start < last:
        stop = min(start + longest, last)
        if stop < last:
            shortest = max(longest // 2, 1)
            rank = ends(start, stop)[shortest - 1 :]
            stop = start + shortest + int(len(rank) - 1 - np.argmax(rank[::-1]))
            if last - stop < SMALL and last - start <= room:
                stop = last
        yield Passage(start, stop)
        start = stop


def ends_of(corpus: Corpus) -> Ends:
    """What ends with each token, by its own text.

    It may be within a character, as with the tokens of a script that the model hardly knows.
    """
    tokens: Tokens = corpus.slice(0, corpus.tokens)
    distinct, which = np.unique(tokens, return_inverse=True)
    ranks = np.full(len(distinct), NOTHING, np.int8)
    within = np.zeros(len(distinct), bool)  # whether it begins within a character
    for number, token in enumerate(distinct):
        piece = corpus.piece(int(token))
        bare = piece.rstrip(b" \t\r\n")
        within[number] = bool(piece) and piece[0] & 0xC0 == 0x80
        if piece.count(b"\n") > 1:
            ranks[number] = PARAGRAPH
        elif b"\n" in piece:
            ranks[number] = LINE
        elif bare.endswith(_SENTENCE_ENDS):
            ranks[number] = SENTENCE
    ends = ranks[which]
    ends[:-1][within[which[1:]]] = NO_CHARACTER
    return ends
