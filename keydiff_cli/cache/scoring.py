"""Scores of the rows of all layers, by any scorer, with the queries that it looks at."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache.access import Layout, dequantize
from keydiff_cli.cache.state import Bytes
from keydiff_cli.errors import KeydiffError, ModelError, reason
from keydiff_cli.eviction import Policy, is_pinned
from keydiff_cli.llama import Context, half_to_float
from keydiff_cli.scores import Float32, KeyDiff, Queries, Rotation, Rows, Scorer, SharedScorer

Number = TypeVar("Number", np.float32, np.int32)
KeyDiffOf: TypeAlias = Callable[[list[Rotation] | None], Float32]


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
        return Queries(_fixed(vectors), _fixed(self._watched), self._lead)

    def scores(
        self,
        policy: Policy,
        keys: Callable[[], Sequence[Bytes]],
        origin: NDArray[np.int32],
        past: Float32,
        pinned: Sequence[tuple[int, int]],
        native: KeyDiffOf | None,
    ) -> Float32:
        """Scores of the heads of all layers, one after another: float32 ``[heads, rows]``.

        Parameters
        ----------
        policy
            Its scorer scores layer by layer; or two share the budget, and are settled over all
            layers. There must be one.
        keys
            Gives the stored keys of each layer, uint8 ``[rows, heads, bytes]``; not asked where
            llama.cpp gives all scores.
        origin, past
            Token of each row and its last score: int32 and float32 ``[heads, rows]``.
        pinned
            Tokens above every score, from start to stop (exclusive).
        native
            Has a patched llama.cpp score by KeyDiff, keys as they were before these rotations or
            (None) as they are cached: float32 ``[heads, rows]``.

        Raises
        ------
        ModelError
            If queries are out of reach, or a scorer fails or does not give finite numbers.
        """
        name, scorer = policy.name, policy.scorer
        if scorer is None:
            raise ValueError("a policy that keeps everything gives no scores")
        found: list[Float32] = []
        ours: list[tuple[Scorer, Float32]] = []
        for one in [scorer, scorer.rest] if isinstance(scorer, SharedScorer) else [scorer]:
            given = self._natively(one, native)
            if given is None:
                given = np.full(origin.shape, -np.inf, np.float32)
                ours.append((one, given))
            found.append(given)
        if ours:
            self._score(name, ours, keys(), origin, past)
        if not isinstance(scorer, SharedScorer):
            return found[0]
        protected = is_pinned(origin, pinned)
        settle = partial(scorer.settle, found[0], found[1], _fixed(origin), protected)
        settled = _given(name, settle, origin >= 0)
        return np.where(origin >= 0, settled, np.float32(-np.inf))

    def _natively(self, scorer: Scorer, native: KeyDiffOf | None) -> Float32 | None:
        """The scores if llama.cpp gives them: KeyDiff's, of keys that it can turn back."""
        if native is None or not isinstance(scorer, KeyDiff):
            return None
        if not scorer.prerope:
            return native(None)
        rotations = self._layout.all_rotations
        return None if rotations is None else native(rotations)

    def _score(
        self,
        policy: str,
        scorers: Sequence[tuple[Scorer, Float32]],
        keys: Sequence[Bytes],
        origin: NDArray[np.int32],
        past: Float32,
    ) -> None:
        """Fill in the scores that each scorer gives, layer by layer."""
        watch = any(scorer.watch != "nothing" for scorer, _ in scorers)
        offsets = self._layout.offsets
        for number, stored in enumerate(keys):
            heads = slice(offsets[number], offsets[number + 1])
            queries = self.queries(number) if watch else None
            seen = origin[offsets[number]] >= 0
            held = slice(None) if seen.all() else seen  # a layer gives up rows in a pyramid
            tokens, before = _fixed(origin[heads][:, held]), _fixed(past[heads][:, held])
            keys_held = _fixed(self._numbers(stored)[held])
            rows = Rows(keys_held, tokens, queries, number, before, self._layout.rotation(number))
            for scorer, scores in scorers:
                scores[heads, held] = _given(policy, partial(scorer, rows), tokens >= 0)

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


def _fixed(numbers: NDArray[Number]) -> NDArray[Number]:
    """The same numbers, which a scorer cannot change."""
    view: NDArray[Number] = numbers.view()
    view.flags.writeable = False
    return view


def _given(policy: str, give: Callable[[], Float32], held: NDArray[np.bool_]) -> Float32:
    """What a scorer gives for the rows that are held: bool ``[heads, rows]``.

    It may be one of another package, so anything may go wrong.
    """
    try:
        scores = give()
        with np.errstate(over="ignore"):
            numbers = np.asarray(scores, np.float32)
    except (KeydiffError, MemoryError):
        raise
    except (Exception, SystemExit) as error:
        raise ModelError(
            f"the policy '{policy}' fails: {reason(error)}; use another --policy"
        ) from error
    if numbers.shape != held.shape or not np.isfinite(numbers[held]).all():
        raise ModelError(
            f"the policy '{policy}' does not give a finite number for each of {held.shape} heads "
            "and rows; use another --policy"
        )
    return numbers
