"""Text to tokens to blocks, as a stream: a book is never held as one list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from keydiff_cli.llama import Model, Tokens

MAX_PIECE = 4096  # characters tokenised at a time

# A border that no tokeniser of the field merges across: between a letter or digit and a single
# space that a letter follows. Elsewhere a cut could split what would have been one token.
_BORDER = re.compile(r"(?<=[^\W_])(?= [^\W\d_])")


@dataclass(frozen=True)
class Block:
    """Consecutive tokens: ``start`` is the index of the first one in the stream."""

    start: int
    ids: Tokens


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


class Tokenizer:
    """Tokenises a text that comes in pieces as if it came whole.

    Attributes
    ----------
    model : Model
        Whose vocabulary is used; another instance of the same model may take its place.
    """

    def __init__(self, model: Model) -> None:
        self.model = model
        # Some vocabularies put a space before every text. Behind a line break they do not, so
        # the later pieces are tokenised with one that is cut off again.
        self._lead = model.tokenize("\n")
        plain = model.tokenize("a")
        self._adds_space = b"".join(model.piece(token) for token in plain) != b"a"

    def __call__(self, text: str, *, first: bool) -> Tokens:
        if first or not self._adds_space:
            return self.model.tokenize(text)
        tokens = self.model.tokenize("\n" + text)
        lead = len(self._lead)
        if np.array_equal(tokens[:lead], self._lead):
            return tokens[lead:]
        return self.model.tokenize(text)

    def locate(self, characters: Sequence[int], text: str, tokens: Tokens) -> list[int]:
        """Indices of the tokens that hold some characters of the text that was tokenised.

        Off by what lies before them in the text and the vocabulary has no token for.
        """
        ends = np.cumsum([len(self.model.piece(token)) for token in tokens])
        space = max(int(ends[-1]) - len(text.encode()), 0)  # that the vocabulary put before it
        starts = [space + len(text[:character].encode()) for character in characters]
        return [int(index) for index in np.searchsorted(ends, starts, side="right")]


def blocks(tokens: Iterable[Tokens], size: int, start: int = 0) -> Iterator[Block]:
    """Cut a stream of tokens into blocks of ``size`` (B); only the last may be shorter."""
    rest = np.empty(0, np.int32)
    for part in tokens:
        rest = np.concatenate((rest, part))
        while len(rest) >= size:
            yield Block(start, rest[:size])
            start += size
            rest = rest[size:]
    if len(rest):
        yield Block(start, rest)
