"""A text cut into passages: pieces of a few sentences or lines, each a range of tokens."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from keydiff_cli.llama import Tokens
from keydiff_cli.text.corpus import Corpus

LONGEST = 112  # tokens; four passages of it and the lines around them fit in 512
_SHORTEST = 56  # unless the text ends before
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
    passages = []
    ends = _ends(corpus)
    for record in corpus.documents:
        pages = (record.page_starts or ())[1:]  # the first one begins with the introduction
        starts = [record.start, *pages, record.start + record.tokens]
        for start, last in pairwise(starts):
            while start < last:
                stop = min(start + LONGEST, last)
                if stop < last:
                    rank = ends[start + _SHORTEST - 1 : stop]
                    stop = start + _SHORTEST + int(len(rank) - 1 - np.argmax(rank[::-1]))
                passages.append(Passage(start, stop))
                start = stop
    return passages


def _ends(corpus: Corpus) -> np.ndarray[tuple[int], np.dtype[np.int8]]:
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
