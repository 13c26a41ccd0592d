"""What the cache holds of the documents, counted by token and added up by place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain, starmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.coverage import Coverage, CoveredPart
from keydiff_cli.text.stretches import Stretch, Stretches

_DIGITS = 4  # of a share

Numbers = NDArray[np.int64]
NO_TOKENS: Numbers = np.empty(0, np.int64)


def count_heads(
    origins: Sequence[NDArray[np.int32]], first: int, tokens: int
) -> NDArray[np.uint16]:
    """How many KV heads hold each token of the documents: uint16 ``[tokens]``.

    Parameters
    ----------
    origins
        For each layer, the token of each row, -1 in free cells: int32 ``[heads, cells]``.
    first
        Number of the first token of the documents in the cache.
    tokens
        How many the documents have.
    """
    counts = np.zeros(tokens, np.uint16)
    for origin in origins:
        own = origin.ravel() - first
        np.add.at(counts, own[(own >= 0) & (own < tokens)], 1)
    return counts


class Retention:
    """What the cache holds of some documents, while nothing of it goes.

    Parameters
    ----------
    corpus
        The documents.
    origins, first
        As of :func:`count_heads`.
    """

    def __init__(self, corpus: Corpus, origins: Sequence[NDArray[np.int32]], first: int) -> None:
        self.stretches = Stretches(corpus)
        self._counts = count_heads(origins, first, corpus.tokens)
        self._heads = sum(map(len, origins))

    @property
    def tokens(self) -> int:
        """Tokens of the documents."""
        return len(self._counts)

    def coverage(
        self, recalled: Numbers = NO_TOKENS, looked: Numbers = NO_TOKENS
    ) -> tuple[Coverage, ...]:
        """What is held of each document.

        Parameters
        ----------
        recalled, looked
            The tokens whose rows came back, and those that were read again: int64.
        """
        found = [
            *self._kept,
            *(np.searchsorted(np.sort(each), self._bounds) for each in (recalled, looked)),
        ]
        documents, stretches = self.stretches.documents, self.stretches
        ranges = [(record.start, record.start + record.tokens) for record in documents]
        return tuple(
            Coverage(
                **figures,
                document=record.name,
                page_kind=record.page_kind,
                parts=tuple(self._covered(parts, found)),
                sections=tuple(self._covered(sections, found)),
            )
            for record, parts, sections, figures in zip(
                documents,
                stretches.parts,
                stretches.sections,
                self._figures(ranges, found),
                strict=True,
            )
        )

    @cached_property
    def _bounds(self) -> Numbers:
        """Where stretches begin and end, ascending, from 0 to the end of the documents."""
        every = [each for some in (self.stretches.parts, self.stretches.sections) for each in some]
        ends = [(each.start, each.stop) for stretches in every for each in stretches]
        starts = [record.start for record in self.stretches.documents]
        return np.unique(np.array([*chain(*ends), *starts, 0, self.tokens], np.int64))

    @cached_property
    def _kept(self) -> tuple[Numbers, Numbers]:
        """Rows before each bound, over all heads, and tokens that a head holds at all."""
        return self._before(self._counts), self._before(self._counts > 0)

    def _before(self, values: NDArray[Any]) -> Numbers:
        """The sum of the values before each bound: int64 ``[bounds]``."""
        between = np.add.reduceat(values, self._bounds[:-1], dtype=np.int64)
        return np.concatenate(([0], np.cumsum(between)))

    def _covered(
        self, stretches: Sequence[Stretch], found: Sequence[Numbers]
    ) -> Iterator[CoveredPart]:
        ranges = [(stretch.start, stretch.stop) for stretch in stretches]
        for stretch, figures in zip(stretches, self._figures(ranges, found), strict=True):
            yield CoveredPart(
                **figures,
                label=stretch.label,
                pages=stretch.pages,
                lines=stretch.lines,
            )

    def _figures(
        self, ranges: Sequence[tuple[int, int]], found: Sequence[Numbers]
    ) -> Iterator[dict[str, Any]]:
        """The figures of a share for ranges of tokens, from what was found before each bound."""
        starts, stops = np.array(ranges, np.int64).reshape(-1, 2).T
        first, last = (np.searchsorted(self._bounds, ends) for ends in (starts, stops))
        held, some, recalled, looked = (each[last] - each[first] for each in found)
        tokens = stops - starts
        of_all = np.maximum(tokens, 1)
        columns = (
            tokens,
            np.round(held / (of_all * max(self._heads, 1)), _DIGITS),
            np.round(some / of_all, _DIGITS),
            recalled,
            looked,
        )
        names = ("tokens", "mean", "union", "recalled", "looked")
        for row in zip(*(column.tolist() for column in columns), strict=True):
            yield dict(zip(names, row, strict=True))


def tokens_of(spans: Sequence[tuple[int, int]]) -> Numbers:
    """The tokens of ranges from a first to a last (exclusive): int64."""
    return np.concatenate([NO_TOKENS, *starmap(np.arange, spans)])
