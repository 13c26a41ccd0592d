"""Scores of the rows of all layers, by any scorer, with the queries that it looks at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache.access import Layout, dequantize
from keydiff_cli.cache.state import Bytes
from keydiff_cli.errors import ModelError
from keydiff_cli.eviction import is_pinned
from keydiff_cli.llama import Context, NativeCache, half_to_float
from keydiff_cli.scores import Float32, KeyDiff, Queries, Rows, Scorer, SharedScorer


class Scoring:
    """Scores the rows of a context's cache.

    Parameters
    ----------
    layout
        Of the context's cache.
    """

    def __init__(self, context: Context, layout: Layout) -> None:
        self._context = context
        self._layout = layout
        self._scratch = np.empty(0, np.float32)  # the keys of a layer
        self._watched = np.empty(0, np.int32)  # tokens of the queries kept in the context
        self._lead = 0  # so many of them come before any question

    def watch(self, tokens: NDArray[np.int32], lead: int) -> None:
        """The context has kept the queries of these tokens, int32 ``[tokens]``.

        ``lead`` of them come before any question.
        """
        self._watched, self._lead = tokens, lead

    def queries(self, number: int) -> Queries:
        """Of layer ``number``, as its scorer gets them: from the last tokens that were watched.

        Raises
        ------
        ModelError
            If they are out of reach.
        """
        if not self._layout.numbers:
            raise ModelError("the queries of this model are out of reach; use another --policy")
        vectors = self._context.queries(self._layout.numbers[number])
        return Queries(vectors, self._watched, self._lead)

    def scores(
        self,
        scorer: Scorer,
        keys: Callable[[], Sequence[Bytes]],
        origin: NDArray[np.int32],
        past: Float32,
        pinned: Sequence[tuple[int, int]],
        native: NativeCache | None,
    ) -> Float32:
        """Scores of the heads of all layers, one after another: float32 ``[heads, rows]``.

        Parameters
        ----------
        scorer
            Scores layer by layer; or two that share the budget, and are settled over all layers.
        keys
            Gives the stored keys of each layer, uint8 ``[rows, heads, bytes]``; not asked where
            llama.cpp scores by KeyDiff itself, which it does if it is ``native``.
        origin, past
            Token of each row and its last score: int32 and float32 ``[heads, rows]``.
        pinned
            Tokens above every score, from start to stop (exclusive).
        native
            What a patched llama.cpp does itself.

        Raises
        ------
        ModelError
            If queries are out of reach, or the scorer does not give finite numbers.
        """
        found: list[Float32] = []
        ours: list[tuple[Scorer, Float32]] = []
        for one in [scorer, scorer.rest] if isinstance(scorer, SharedScorer) else [scorer]:
            if native is not None and isinstance(one, KeyDiff) and not one.prerope:
                found.append(native.keydiff(origin.shape[1]))
            else:
                found.append(np.full(origin.shape, -np.inf, np.float32))
                ours.append((one, found[-1]))
        watch = any(one.watch != "nothing" for one, _ in ours)
        offsets = self._layout.offsets
        for number, stored in enumerate(keys() if ours else ()):
            heads = slice(offsets[number], offsets[number + 1])
            queries = self.queries(number) if watch else None
            seen = origin[offsets[number]] >= 0
            held = slice(None) if seen.all() else seen  # a layer gives up rows in a pyramid
            tokens, before = origin[heads][:, held], past[heads][:, held]
            rotation = self._layout.rotation(number)
            rows = Rows(self._numbers(stored)[held], tokens, queries, number, before, rotation)
            for one, scores in ours:
                scores[heads, held] = _checked(one(rows), tokens.shape)
        if isinstance(scorer, SharedScorer):
            return scorer.settle(found[0], found[1], origin, is_pinned(origin, pinned))
        return found[0]

    def _numbers(self, keys: Bytes) -> Float32:
        """Stored keys ``[rows, heads, bytes]`` as float32 ``[rows, heads, head_dim]``.

        In a buffer that the next call overwrites.
        """
        if not self._layout.half:
            return dequantize(keys)
        half = keys.view(np.float16)
        if self._scratch.size < half.size:
            self._scratch = np.empty(self._context.cells * half[0].size, np.float32)
        numbers: Float32 = self._scratch[: half.size].reshape(half.shape)
        half_to_float(half, numbers)
        return numbers


def _checked(scores: Float32, shape: tuple[int, ...]) -> Float32:
    """What a scorer gave, which may be one of another package."""
    try:
        with np.errstate(over="ignore"):
            numbers = np.asarray(scores, np.float32)
    except (TypeError, ValueError):
        numbers = np.empty(0, np.float32)
    if numbers.shape != shape or not np.isfinite(numbers).all():
        raise ModelError(
            f"the policy does not give a finite number for each of {shape} heads and rows; "
            "use another --policy"
        )
    return numbers
