"""Recall: for a question, rows that were evicted come back into the cache from an archive."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache import HeadRows, KVCache, LostRowsError, Stretch, read_at, stretches
from keydiff_cli.engine.answer import make_room, require_room, step_of
from keydiff_cli.eviction import Policy
from keydiff_cli.llama import LlamaError
from keydiff_cli.scores import Float32, KeyDiff, smooth
from keydiff_cli.scores.lift import Piece, Pieces, lift
from keydiff_cli.text.prompts import Asked

_PART = 0.75  # of the rows that are kept may give their places at most


class Archived(Protocol):
    """The stored rows of the tokens of documents, the first of which is token 0.

    Attributes
    ----------
    tokens
        How many there are.
    kv_type
        How their numbers are stored: as in the cache, or as ``q8_0``.
    """

    tokens: int
    kv_type: str

    def keys(self, layer: int) -> Iterator[NDArray[np.uint8]]:
        """The stored keys of a layer in pieces: uint8 ``[tokens, bytes]``."""
        ...

    def rows(self, tokens: NDArray[np.int64]) -> Iterable[NDArray[np.uint8]]:
        """Keys of each layer, then values, as in the cache: uint8 ``[tokens, bytes]``."""
        ...


class QueryHead(NamedTuple):
    """A query head: its layer, of those that attend to the whole cache, and its number in that
    layer, both counted from 0.
    """

    layer: int
    number: int


@dataclass(frozen=True)
class Recall:
    """What of an archive comes back.

    Attributes
    ----------
    tokens
        At most so many tokens, and at most three quarters of those that are kept.
    lift
        Tokens lifted less stay where they are.
    width
        Tokens over which the lift is smoothed (maximum).
    """

    tokens: int = 384
    lift: float = 1.2
    width: int = 41

    def choose(self, lifts: Float32, kept: int) -> NDArray[np.int64]:
        """The tokens that come back, in ascending order, from the lift of all: int64.

        ``kept`` tokens are in the cache.
        """
        numbers = np.arange(len(lifts), dtype=np.int32)
        smoothed = smooth(lifts[None], numbers[None], self.width)[0]
        most = min(self.tokens, int(_PART * kept))
        best = np.argsort(-smoothed, kind="stable")[:most]
        return np.sort(best[smoothed[best] >= self.lift])


def lifts(
    cache: KVCache, archive: Archived, question: Asked, first: int, heads: Sequence[QueryHead] = ()
) -> Float32:
    """How much more a question attends to each archived token than any question does.

    The question is run at the end of what is cached, and forgotten again.

    Parameters
    ----------
    first
        Number of the archive's first token in the cache.
    heads
        The query heads whose attention is looked at, if it is known which ones find passages
        best.

    Returns
    -------
    float32 ``[tokens]``: the geometric mean of the lift over these heads, each by itself; without
    any the mean over all KV heads, each with the mean attention of its query heads.

    Raises
    ------
    UsageError
        If the question does not fit.
    ModelError
        If queries are out of reach.
    """
    look(cache, question)
    total = np.zeros(archive.tokens, np.float32)
    for layer in sorted({head.layer for head in heads}):
        numbers = [head.number for head in heads if head.layer == layer]
        own = lifts_by_head(cache, archive, first, layer, numbers)
        total += np.concatenate([np.log(piece).sum(axis=0) for piece in own])
    if heads:
        total /= np.float32(len(heads))
        return np.exp(total, out=total)
    for layer in range(len(cache.rows.heads)):
        queries = cache.queries(layer)
        own = lift(_pieces(cache, archive, first, layer, queries.vectors), queries.lead)
        total += np.concatenate([piece.sum(axis=0) for piece in own])
    return total / np.float32(sum(cache.rows.heads))


def look(cache: KVCache, question: Asked) -> None:
    """Run a question at the end of what is cached for its queries, and forget it again.

    Raises
    ------
    UsageError
        If the question does not fit.
    """
    require_room(cache, len(question.ids))
    asked = question.cut(step_of(cache))
    make_room(cache, len(asked.ids))
    cache.look(asked.ids, asked.lead)


def lifts_by_head(
    cache: KVCache, archive: Archived, first: int, layer: int, numbers: Sequence[int]
) -> Iterator[Float32]:
    """The lift of archived tokens by query heads of a layer, each by itself, after :func:`look`.

    Piece by piece: float32 ``[query heads, tokens]``.
    """
    queries = cache.queries(layer)
    shared = queries.vectors.shape[1] // cache.rows.heads[layer]  # query heads of a KV head
    own, heads = queries.vectors[:, numbers], [number // shared for number in numbers]
    return lift(_pieces(cache, archive, first, layer, own, heads), queries.lead)


def _pieces(
    cache: KVCache,
    archive: Archived,
    first: int,
    layer: int,
    vectors: Float32,
    heads: Sequence[int] | None = None,
) -> Pieces:
    """The archived keys of some KV heads of a layer, or of all, and the queries as they meet them.

    Tokens that were read before positions became smaller are met by queries that come right after
    the last of these tokens.
    """

    def pieces() -> Iterator[Piece]:
        start, met, meeting = first, Stretch(0, 0, 0), vectors
        parts = stretches(cache.shifts, cache.tokens)
        for stored in archive.keys(layer):
            while start >= met.stop:
                met = next(parts)
                steps = met.stop - met.by - cache.position
                meeting = vectors if steps == 0 else _turned(cache, layer, vectors, steps)
            keys = cache.rows.numbers(stored, layer, archive.kv_type)
            yield Piece(keys if heads is None else keys[:, heads], meeting)
            start += len(stored)

    return pieces


def _turned(cache: KVCache, layer: int, vectors: Float32, steps: int) -> Float32:
    """Queries of a layer, ``[tokens, heads, head_dim]``, as if they came so much later."""
    flat = vectors.reshape(-1, vectors.shape[-1])
    turns = np.full(len(flat), steps, np.int32)
    return cache.rows.rotation(layer).turn(flat, turns).reshape(vectors.shape).astype(np.float32)


@dataclass(frozen=True)
class Recalled:
    """Rows that came back, and what they have replaced.

    Attributes
    ----------
    came, went
        The rows that were put in, and those that were there.
    compactions
        How often rows had got smaller positions by then.
    """

    came: HeadRows
    went: HeadRows
    compactions: int

    def undo(self, cache: KVCache) -> None:
        """Let the rows that were there come again, wherever in the cache the others are now.

        They may be there already: where a copy of the cache was kept from before, to go back to.

        Raises
        ------
        LostRowsError
            If they cannot.
        """
        try:
            cells = cache.rows.find(self.came.head, self.came.origin)
        except ValueError:
            return
        try:
            moved = len(cache.shifts) != self.compactions
            cache.rows.exchange(cells, cache.rows.placed(self.went) if moved else self.went)
        except (LlamaError, MemoryError) as error:
            raise LostRowsError(error) from error


def put_back(cache: KVCache, archive: Archived, tokens: NDArray[np.int64], first: int) -> Recalled:
    """Put the rows of tokens into the heads that lack them, over the rows that KeyDiff ranks last.

    Parameters
    ----------
    tokens
        As the archive numbers them, in ascending order: int64 ``[tokens]``.
    first
        Number of the archive's first token in the cache. What comes before the archive stays, as
        does what comes after it.

    Raises
    ------
    LostRowsError
        If only a part of them was put in, and cannot be taken out again.
    LlamaError, MemoryError
        If an exchange fails otherwise; everything is where it was then.
    """
    ranked = Policy("keydiff", KeyDiff(prerope=cache.shows_rotations()))
    scores, origin, cells = cache.rows.score(ranked)
    numbers = (tokens + first).astype(np.int32)
    last = first + archive.tokens - 1
    stays = (origin < first) | (origin >= last) | np.isin(origin, numbers)
    scores = np.where(stays, np.float32(np.inf), scores)
    head, which, where = [], [], []
    for number in range(len(origin)):
        lacking = np.flatnonzero(~np.isin(numbers, origin[number]))
        room = int((~stays[number]).sum())
        lacking = lacking[:room]
        worst = np.argsort(scores[number], kind="stable")[: len(lacking)]
        head.append(np.full(len(lacking), number))
        which.append(lacking)
        where.append(cells[worst])
    heads, places = np.concatenate(head), np.concatenate(which)
    stored = list(archive.rows(tokens))
    bounds = np.searchsorted(heads, cache.rows.offsets)
    layers = len(stored) // 2

    def of_heads(part: NDArray[np.uint8], layer: int) -> NDArray[np.uint8]:
        own = slice(bounds[layer], bounds[layer + 1])
        split = part.reshape(len(part), cache.rows.heads[layer], -1)
        rows: NDArray[np.uint8] = split[places[own], heads[own] - cache.rows.offsets[layer]]
        return rows

    came = HeadRows(
        heads,
        numbers[places],
        read_at(numbers[places], cache.shifts),
        np.zeros(len(heads), np.float32),
        [of_heads(stored[layer], layer) for layer in range(layers)],
        [of_heads(stored[layers + layer], layer) for layer in range(layers)],
    )
    if cache.shifts:
        came = cache.rows.placed(came)
    went = cache.rows.exchange(np.concatenate(where), came)
    return Recalled(came, went, len(cache.shifts))
