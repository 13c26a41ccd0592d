"""Text in pieces that can be tokenised one by one: a book is never held as one string."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

MAX_PIECE = 4096  # characters tokenised at a time

# A border that no tokeniser of the field merges across: between a letter or digit and a single
# space that a letter follows. Elsewhere a cut could split what would have been one token.
_BORDER = re.compile(r"(?<=[^\W_])(?= [^\W\d_])")


def safe_cut(text: str, limit: int) -> int:
    """Where to cut ``text``: the last safe border in its first ``limit`` characters.

    Without one (a single enormous line, a script without spaces) the cut is at ``limit``, which
    may tokenise a word there differently, but loses and doubles nothing.
    """
    if len(text) <= limit:
        return len(text)
    start = limit
    while start > 0:
        start = max(start - 1024, 0)
        borders = [match.start() for match in _BORDER.finditer(text, start, limit + 2)]
        if borders:
            return borders[-1]
    return limit


def cut_text(pieces: Iterable[str], limit: int = MAX_PIECE) -> Iterator[str]:
    """Regroup text into pieces of at most ``limit`` characters that end at safe borders."""
    rest = ""
    for piece in pieces:
        rest += piece
        while len(rest) > limit:
            cut = safe_cut(rest, limit)
            yield rest[:cut]
            rest = rest[cut:]
    if rest:
        yield rest
