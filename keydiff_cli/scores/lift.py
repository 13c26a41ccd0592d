"""How much more a question attends to keys than any question does, over keys that come in pieces.

The number that :class:`~keydiff_cli.scores.Focus` gives the rows of a cache, here for any number
of keys, with no more than a piece of them in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np

from keydiff_cli.scores.base import Float32

LITTLE = np.float32(1 / 4096)  # attention; the same whatever the rows, so that lifts compare


class Piece(NamedTuple):
    """Keys of a layer, float32 ``[rows, heads, head_dim]``, and the queries as they meet them.

    These are float32 ``[tokens, query heads, head_dim]``, the same but for their rotation.
    """

    keys: Float32
    vectors: Float32


Pieces = Callable[[], Iterable[Piece]]
"""Gives the keys of a layer from the start, piece by piece."""


def lift_of(words: Float32, usual: Float32) -> Float32:
    """Attention of a question's words over that of what comes before them.

    A little is added to both, so that rows that hardly any token attends to do not stand out.
    """
    lifted: Float32 = (words + LITTLE) / (usual + LITTLE)
    return lifted


def lift(pieces: Pieces, lead: int) -> Iterator[Float32]:
    """The lift of all keys of a layer, piece by piece: float32 ``[heads, rows]``.

    The softmax is over all pieces together, so they are gone through twice.

    Parameters
    ----------
    lead
        So many of the queries come before any question.
    """
    whole = _Softmax()
    for piece in pieces():
        whole.add(_logits(piece))
    for piece in pieces():
        attention = whole.of(_logits(piece)).mean(axis=2)
        count = attention.shape[1]
        words = attention[:, lead:].sum(axis=1) / np.float32(max(count - lead, 1))
        usual = attention[:, :lead].sum(axis=1) / np.float32(max(lead, 1))
        yield lift_of(words, usual)


def _logits(piece: Piece) -> Float32:
    """Products of queries and keys: float32 ``[heads, tokens, query heads of each, rows]``."""
    keys, vectors = piece
    heads, width = keys.shape[1:]
    grouped = vectors.reshape(len(vectors), heads, -1, width).swapaxes(0, 1)
    products: Float32 = grouped.reshape(heads, -1, width) @ keys.transpose(1, 2, 0)
    return products.reshape(*grouped.shape[:3], len(keys))


class _Softmax:
    """A softmax over what comes in pieces, along the last axis."""

    def __init__(self) -> None:
        self._largest: Float32 | None = None
        self._sum: Float32 | None = None

    def add(self, logits: Float32) -> None:
        """Count a piece in, which is overwritten."""
        largest: Float32 = logits.max(axis=-1, keepdims=True)
        if self._largest is not None:
            largest = np.maximum(largest, self._largest)
        total: Float32 = _below(logits, largest).sum(axis=-1, keepdims=True)
        if self._largest is not None and self._sum is not None:
            total += self._sum * np.exp(self._largest - largest)
        self._largest, self._sum = largest, total

    def of(self, logits: Float32) -> Float32:
        """The part of the softmax that a piece has, which is overwritten."""
        if self._largest is None or self._sum is None:
            raise ValueError("nothing was counted in")
        logits = _below(logits, self._largest)
        logits /= self._sum
        return logits


def _below(logits: Float32, largest: Float32) -> Float32:
    """The exponentials of logits below the largest, in place."""
    logits -= largest
    np.exp(logits, out=logits)
    return logits
