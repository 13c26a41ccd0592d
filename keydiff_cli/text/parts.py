"""A text cut into parts of some pages or paragraphs, which are ranges of tokens."""

from __future__ import annotations

import numpy as np

from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.passages import (
    LINE,
    NOTHING,
    PARAGRAPH,
    SENTENCE,
    Ends,
    Passage,
    cut,
    ends_of,
)
from keydiff_cli.text.statements import statements_of

_PAGE = PARAGRAPH + 1
_LINE_WITHIN = 1  # the end of a line within a sentence: worse than the end of a sentence
_AHEAD = 32  # tokens after the longest part that say whether a sentence goes on there


def cut_parts(corpus: Corpus, longest: int, room: int = 0) -> list[Passage]:
    """Cut what was read of some documents into parts of at most ``longest`` tokens (>= 1).

    A part is of one document, and ends at the end of a page, paragraph, line or sentence, at the
    first of these that there is in its second half; of a line within a sentence, as in text that
    is wrapped, only where there is none of them. What is added to a text changes its last part
    only, or two where the last one was short.

    Parameters
    ----------
    room
        Tokens of a part that fewer than :data:`~keydiff_cli.text.passages.SMALL` tokens at the end
        of a document have joined.
    """
    ends = ends_of(corpus)
    for record in corpus.documents:
        pages = np.array((record.page_starts or [])[1:], np.int64)
        ends[pages[pages > 0] - 1] = _PAGE

    def ends_between(start: int, stop: int) -> Ends:
        found = ends[start:stop].copy()
        for statement, _ in statements_of(corpus, Passage(start, stop + _AHEAD)):
            within = found[statement.start - start : statement.stop - 1 - start]
            within[within == SENTENCE] = NOTHING  # the point of a decimal, or of an abbreviation
            within[within == LINE] = _LINE_WITHIN
        return found

    return [
        part
        for record in corpus.documents
        for part in cut(ends_between, record.start, record.start + record.tokens, longest, room)
    ]
