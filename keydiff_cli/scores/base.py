"""What a scorer is given, and what it gives back. Pure NumPy, no model, no state.

A scorer maps the rows of one layer to one number per row and KV head; the higher, the longer
it stays. What is protected, how many stay and where they move is decided in
:mod:`keydiff_cli.eviction`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.scores.rotation import Rotation

Float32 = NDArray[np.float32]
Watch = Literal["nothing", "question", "block", "stream"]

WIDEST = 1001  # tokens to smooth over
QUERIES_AT_ONCE = 32  # whose attention is computed at a time, to keep memory low


@dataclass(frozen=True)
class Queries:
    """Query vectors of one layer.

    Attributes
    ----------
    vectors
        After RoPE and scaled, so that the softmax of their products with the keys is the
        attention: float32 ``[tokens, query heads, head_dim]``. Consecutive query heads share a
        KV head.
    origin
        Token of each query, as its number in the token stream: int32 ``[tokens]``. It sees the
        keys of tokens up to its own.
    lead
        So many of the first tokens would come before any question: what they attend to, every
        question does.
    """

    vectors: Float32
    origin: NDArray[np.int32]
    lead: int = 0


@dataclass(frozen=True)
class Rows:
    """The cached rows of one layer, in any order.

    A row's token and the position by which its key is rotated are two things: rotations are undone
    by position; neighbours, windows and what a query sees go by token.

    Attributes
    ----------
    keys
        Keys as cached, after RoPE: float16 or float32 ``[rows, heads, head_dim]``.
    origin
        Token that each row comes from, as its number in the token stream: int32 ``[heads, rows]``.
    rotary
        Position by which the key of each row is rotated: int32 ``[heads, rows]``.
    queries
        Queries of the layer, if the scorer watches any.
    layer
        Number of the layer among those that are scored.
    past
        For a scorer that watches the stream, the scores of the rows at the last eviction, 0 for
        new ones: float32 ``[heads, rows]``.
    rotation
        How the layer rotates its keys, if that is known.
    """

    keys: NDArray[np.float16] | Float32
    origin: NDArray[np.int32]
    rotary: NDArray[np.int32]
    queries: Queries | None = None
    layer: int = 0
    past: Float32 | None = None
    rotation: Rotation | None = None


class Scorer(Protocol):
    """Scores the rows of one layer: float32 ``[heads, rows]``, higher = keep.

    Attributes
    ----------
    watch
        Whose queries it needs: none, those of the question, those of the block just read when
        something is to be evicted, or those of every block, from the first one on.

    A dataclass with the field ``prerope`` looks at ``rows.rotation`` if that is True. Where the
    rotation is not known, ``keydiff ask`` sets it to False, and says so.
    """

    @property
    def watch(self) -> Watch: ...

    def __call__(self, rows: Rows) -> Float32: ...


@runtime_checkable
class SharedScorer(Scorer, Protocol):
    """A scorer that shares the budget with another one, and settles it when all heads are scored.

    Attributes
    ----------
    rest
        Scores the rows, too.
    """

    @property
    def rest(self) -> Scorer: ...

    def settle(
        self,
        scores: Float32,
        others: Float32,
        origin: NDArray[np.int32],
        protected: NDArray[np.bool_],
    ) -> Float32:
        """A single score from the two, the token of each row and whether it stays anyway.

        All ``[heads of all layers, rows]``. Rows that a layer has given up have the token -1 and
        the score -inf.
        """
        ...


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Refuse a field of a scorer or policy that makes no sense."""
    if not low <= value <= high:
        raise ValueError(f"{name} must be from {low} to {high}")


def z_scores(scores: Float32) -> Float32:
    """Scores of each head shifted to mean 0 and scaled to deviation 1: ``[heads, rows]``."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    deviation = centred.std(axis=1, keepdims=True)
    # Scores that are all equal differ by rounding only, which must not be blown up.
    result: Float32 = centred / np.maximum(deviation, np.float32(1e-6))
    return result


def ranks(scores: Float32, origin: NDArray[np.int32]) -> Float32:
    """Rank of every score of a head, the highest 1; among equals the later token is first.

    Both ``[rows]``.
    """
    order = np.argsort(scores)
    ranked = scores[order]
    if (ranked[1:] == ranked[:-1]).any():  # sorting by both is slow
        order = np.lexsort((origin, scores))
    result = np.empty(len(scores), np.float32)
    result[order] = np.arange(len(scores), 0, -1, dtype=np.float32)
    return result


def mean_of_heads(scores: Float32, origin: NDArray[np.int32]) -> Float32:
    """The mean score of each token over all heads: float32 ``[tokens]``.

    Up to the last token in ``origin`` (``[heads, rows]``; -1 is none); 0 counts for a head that
    has given it up.
    """
    total = np.zeros(int(origin.max()) + 1)
    for head, tokens in zip(scores, origin, strict=True):
        held = tokens >= 0
        total[tokens[held]] += head[held]
    return (total / len(origin)).astype(np.float32)


def blend(
    first: Float32,
    second: Float32,
    origin: NDArray[np.int32],
    protected: NDArray[np.bool_],
    share: float,
) -> Float32:
    """A single score from two: float32 ``[heads, rows]``.

    Of ``n`` rows that stay, ``share * n`` are the first by the first score and the rest the first
    by the second, whatever ``n`` is: a row's place is the better of its two ranks, each divided by
    its part of the budget. Where the first score is -inf, the second decides alone. Protected rows
    stay anyway, so they take no place; they get 0, the highest.
    """
    tiny = float(np.finfo(np.float32).eps)
    scores = np.zeros_like(first)
    heads = zip(first, second, origin, ~protected, scores, strict=True)
    for by_first, by_second, tokens, left, places in heads:
        place = np.full(len(tokens), np.inf, np.float32)
        counts = left & ~np.isneginf(by_first)
        place[counts] = ranks(by_first[counts], tokens[counts]) / max(share, tiny)
        other = ranks(by_second[left], tokens[left]) / max(1 - share, tiny)
        places[left] = -np.log(np.minimum(place[left], other))
    return scores


def attention(rows: Rows, part: slice = slice(None)) -> Float32:
    """Attention that the queries pay to the rows: float32 ``[heads, rows]``.

    The softmax over the rows that a query sees, summed over the tokens and averaged over the
    query heads that share a KV head.

    Parameters
    ----------
    part
        Take the queries of these tokens only.
    """
    if rows.queries is None:
        raise ValueError("this scorer needs queries")
    vectors, asked = rows.queries.vectors[part], rows.queries.origin[part]
    keys = rows.keys.astype(np.float32, copy=False)
    n, heads, width = keys.shape
    grouped = vectors.reshape(len(vectors), heads, vectors.shape[1] // heads, width)
    paid = np.zeros((heads, n), np.float32)
    step = max(QUERIES_AT_ONCE // grouped.shape[2], 1)
    for h in range(heads):
        for first in range(0, len(vectors), step):
            batch = slice(first, first + step)
            logits = grouped[batch, h].reshape(-1, width) @ keys[:, h].T
            unseen = rows.origin[h] > asked[batch, None]
            if unseen.any():
                logits[np.repeat(unseen, grouped.shape[2], axis=0)] = -np.inf
            logits -= logits.max(axis=1, keepdims=True)
            np.exp(logits, out=logits)
            logits /= logits.sum(axis=1, keepdims=True)
            paid[h] += logits.sum(axis=0)
    paid /= grouped.shape[2]
    return paid


def smooth(scores: Float32, origin: NDArray[np.int32], width: int) -> Float32:
    """The highest score among each row's neighbours in the token stream: ``[heads, rows]``.

    Neighbours are the rows whose tokens are at most ``width // 2`` away.
    """
    order = np.argsort(origin, axis=1)
    where = np.take_along_axis(origin, order, axis=1)
    values = np.take_along_axis(scores, order, axis=1)
    best: Float32 = values.copy()
    for step in range(1, width // 2 + 1):
        near = where[:, step:] - where[:, :-step] <= width // 2
        left, right = best[:, :-step], best[:, step:]
        np.maximum(left, values[:, step:], out=left, where=near)
        np.maximum(right, values[:, :-step], out=right, where=near)
    result = np.empty_like(best)
    np.put_along_axis(result, order, best, axis=1)
    return result
