"""Scores of the rows of all layers, by any scorer, with the queries that it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache.access import Layout
from keydiff_cli.cache.cells import RowsInUse
from keydiff_cli.cache.quantized import dequantize
from keydiff_cli.cache.state import Bytes
from keydiff_cli.errors import KeydiffError, ModelError, reason, setting
from keydiff_cli.eviction import Policy, is_pinned
from keydiff_cli.llama import Context, half_to_float
from keydiff_cli.scores import Float32, KeyDiff, Queries, Rotation, Rows, Scorer, SharedScorer

Number = TypeVar("Number", np.float32, np.int32)


class StoredKeys(Protocol):
    """The keys of the rows that are scored."""

    def keys(self) -> Iterable[Bytes]:
        """Stored keys of one layer after another: uint8 ``[rows, heads, bytes]``."""
        ...

    def keydiff(self, rotations: list[Rotation] | None) -> Float32 | None:
        """KeyDiff's scores as llama.cpp computes them; None if it does not.

        Of the keys as they were before these rotations, one of each layer, or (None) as they are
        cached: float32 ``[heads of all layers, rows]``.
        """
        ...


class Scoring:
    """Scores the rows of a context's cache.

    Parameters
    ----------
    layout
        Layout of the context's cache.
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
        """The queries that the scorer of layer ``number`` is given: of the tokens watched last.

        Raises
        ------
        ModelError
            If they are out of reach.
        """
        if not self._layout.numbers:
            raise ModelError(
                f"the queries of this model are out of reach; use another {setting('policy')}"
            )
        vectors = self._context.queries(self._layout.numbers[number])
        return Queries(_fixed(vectors), _fixed(self._watched), self._lead)

    def scores(
        self,
        policy: Policy,
        stored: StoredKeys,
        rows: RowsInUse,
        protected: Sequence[tuple[int, int]],
    ) -> Float32:
        """Scores of the heads of all layers, one after another: float32 ``[heads, rows]``.

        Parameters
        ----------
        policy
            Its scorer scores layer by layer; or two share the budget, and are settled over all
            layers. There must be one.
        stored
            The keys of the rows, which are not asked for where llama.cpp gives all scores.
        rows
            What else is known of the rows.
        protected
            Tokens above every score, from start to stop (exclusive).

        Raises
        ------
        ModelError
            If queries are out of reach, or a scorer fails or does not give finite numbers.
        """
        name, scorer = policy.name, policy.scorer
        if scorer is None:
            raise ValueError("a policy that keeps everything gives no scores")
        scorers = [scorer, scorer.rest] if isinstance(scorer, SharedScorer) else [scorer]
        given = [self._natively(each, stored) for each in scorers]
        missing = [each for each, known in zip(scorers, given, strict=True) if known is None]
        computed = iter(self._by_layers(name, missing, stored, rows) if missing else [])
        first, *rest = (next(computed) if known is None else known for known in given)
        if not isinstance(scorer, SharedScorer):
            return first
        stays = is_pinned(rows.origin, protected)
        settle = partial(scorer.settle, first, rest[0], _fixed(rows.origin), stays)
        settled = _given(name, settle, rows.origin >= 0)
        return np.where(rows.origin >= 0, settled, np.float32(-np.inf))

    def _natively(self, scorer: Scorer, stored: StoredKeys) -> Float32 | None:
        """The scores if llama.cpp gives them: KeyDiff's, of keys that it can turn back."""
        if not isinstance(scorer, KeyDiff):
            return None
        if not scorer.prerope:
            return stored.keydiff(None)
        rotations = self._layout.all_rotations
        return None if rotations is None else stored.keydiff(rotations)

    def _by_layers(
        self, policy: str, scorers: Sequence[Scorer], stored: StoredKeys, rows: RowsInUse
    ) -> list[Float32]:
        """What each scorer gives, layer by layer; -inf for rows that a layer has given up."""
        every = [np.full(rows.origin.shape, -np.inf, np.float32) for _ in scorers]
        watch = any(scorer.watch != "nothing" for scorer in scorers)
        for number, keys in enumerate(stored.keys()):
            heads = slice(*self._layout.offsets[number : number + 2])
            seen = rows.origin[heads.start] >= 0
            held = slice(None) if seen.all() else seen  # a layer gives up rows in a pyramid
            layer = Rows(
                _fixed(self.numbers(keys)[held]),
                _fixed(rows.origin[heads][:, held]),
                _fixed(rows.rotary[heads][:, held]),
                self.queries(number) if watch else None,
                number,
                _fixed(rows.past[heads][:, held]),
                self._layout.rotation(number),
            )
            for scorer, scores in zip(scorers, every, strict=True):
                scores[heads, held] = _given(policy, partial(scorer, layer), layer.origin >= 0)
        return every

    def numbers(self, keys: Bytes) -> Float32:
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
            f"the policy '{policy}' fails: {reason(error)}; use another {setting('policy')}"
        ) from error
    if numbers.shape != held.shape or not np.isfinite(numbers[held]).all():
        raise ModelError(
            f"the policy '{policy}' does not give a finite number for each of {held.shape} heads "
            f"and rows; use another {setting('policy')}"
        )
    return numbers
