"""Pieces of text to tokens, as if the text came whole; and tokens back to text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from keydiff_cli.llama import Tokens


class Vocabulary(Protocol):
    """What a tokenizer needs of a :class:`~keydiff_cli.llama.Model`."""

    def tokenize(self, text: str) -> Tokens: ...

    def piece(self, token: int) -> bytes: ...


class Tokenizer:
    """Tokenises a text that comes in pieces as if it came whole.

    Parameters
    ----------
    vocabulary
        The model whose tokens the text is cut into.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._pieces: dict[int, bytes] = {}
        # Some vocabularies put a space before every text. Behind a line break they do not, so
        # the later pieces are tokenised with one that is cut off again.
        self._lead = vocabulary.tokenize("\n")
        plain = vocabulary.tokenize("a")
        self._adds_space = b"".join(vocabulary.piece(token) for token in plain) != b"a"

    def __call__(self, text: str, *, first: bool) -> Tokens:
        """Tokens of a piece: int32 ``[tokens]``; ``first`` says that no other came before it."""
        if first or not self._adds_space:
            return self._vocabulary.tokenize(text)
        tokens = self._vocabulary.tokenize("\n" + text)
        lead = len(self._lead)
        if np.array_equal(tokens[:lead], self._lead):
            return tokens[lead:]
        return self._vocabulary.tokenize(text)

    def locate(self, characters: Sequence[int], text: str, tokens: Tokens) -> list[int]:
        """Indices of the tokens that hold some characters of the text that was tokenised.

        They are off by what lies before them in the text and the vocabulary has no token for.
        """
        ends = np.cumsum([len(self._piece(int(token))) for token in tokens])
        size = int(ends[-1]) if len(ends) else 0
        space = max(size - len(text.encode()), 0)  # that the vocabulary put before it
        starts = [space + len(text[:character].encode()) for character in characters]
        return [int(index) for index in np.searchsorted(ends, starts, side="right")]

    def text(self, tokens: Iterable[int]) -> str:
        """The text that tokens stand for; of a character cut in two there is a mark."""
        return self.text_bytes(tokens).decode("utf-8", "replace")

    def text_bytes(self, tokens: Iterable[int]) -> bytes:
        """The text that tokens stand for, in UTF-8."""
        return b"".join(self._piece(int(token)) for token in tokens)

    def _piece(self, token: int) -> bytes:
        """The bytes of a token, of which the model is asked once."""
        piece = self._pieces.get(token)
        if piece is None:
            piece = self._pieces[token] = self._vocabulary.piece(token)
        return piece
