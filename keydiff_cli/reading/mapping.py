"""A map of what the cache holds: heads against pages, and what a question looks at."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache import KVCache
from keydiff_cli.engine.recall import lifts
from keydiff_cli.errors import ModelError
from keydiff_cli.reading.coverage import NO_TOKENS, Numbers
from keydiff_cli.reading.held import Held
from keydiff_cli.reading.reader import Reader
from keydiff_cli.report import Report
from keydiff_cli.scores import Float32
from keydiff_cli.text.corpus import Corpus
from keydiff_cli.text.coverage import Coverage
from keydiff_cli.text.introduction import introduction, without_page_mark
from keydiff_cli.text.prompts import Asked, prompt_tokens
from keydiff_cli.text.stretches import Stretch, Stretches

_PIECE = 512  # tokens whose keys are copied at a time
_BEGINNING = 60  # tokens of a part that are looked at for the beginning of its text
_SHOWN = 160  # characters of it


@dataclass(frozen=True)
class Map:
    """What the cache holds of some documents.

    Attributes
    ----------
    model, policy, budget
        Read by which model, and held to how many tokens per head by which policy.
    documents
        How much of each document is held; with a question also what would be recalled, and looked
        at again, for it.
    heads
        KV heads of each layer, of those that attend to the whole cache.
    shares
        The share of each part that each head holds: float32 ``[heads of all layers, parts]``. The
        parts are those of all documents, in order.
    beginnings
        The beginning of the text of each part.
    question
        What was asked; empty if nothing was.
    attention
        How many times more the question attends to a token of each part, the one that it attends
        to most, than any question does: float32 ``[parts]``; None if that is not known.
    """

    model: str
    policy: str
    budget: int
    documents: tuple[Coverage, ...]
    heads: tuple[int, ...]
    shares: Float32
    beginnings: tuple[str, ...]
    question: str = ""
    attention: Float32 | None = None


def map_of(reader: Reader, question: str | None) -> Map:
    """The map of what a reader holds, for a question if there is one; it is not answered.

    Raises
    ------
    UsageError
        If nothing was read, or the question does not fit.
    """
    reader.require_idle()
    held = reader.held
    stretches = Stretches(held.corpus)
    parts = [part for parts in stretches.parts for part in parts]
    attention = None
    if question is not None:
        lifted = _sought(reader, held, question)
        starts = [part.start for part in parts]
        if lifted is not None:
            attention = np.maximum.reduceat(lifted, starts).astype(np.float32)
    report: Report = reader.report
    return Map(
        model=held.model.name,
        policy="" if report.cache is None else report.cache.policy,
        budget=0 if report.cache is None else report.cache.budget,
        documents=report.coverage,
        heads=tuple(map(len, held.cache.origin)),
        shares=shares_of(held.cache.origin, held.head, parts),
        beginnings=tuple(_beginnings(held.corpus, stretches)),
        question=question or "",
        attention=attention,
    )


def shares_of(
    origins: Sequence[NDArray[np.int32]], first: int, parts: Sequence[Stretch]
) -> Float32:
    """The share of the tokens of each part that each head holds: float32 ``[heads, parts]``.

    Parameters
    ----------
    origins, first
        As of :func:`~keydiff_cli.reading.coverage.count_heads`.
    parts
        At least one, in order, without gaps.
    """
    bounds = np.array([*(part.start for part in parts), parts[-1].stop])
    rows = []
    for origin in origins:
        for head in origin:
            own = head - first
            counts = np.histogram(own[(own >= 0) & (own < bounds[-1])], bounds)[0]
            rows.append((counts / np.diff(bounds)).astype(np.float32))
    return np.array(rows)


def _sought(reader: Reader, held: Held, question: str) -> Float32 | None:
    """What a question attends to, after the recorder was told of what it would look at."""
    recorder, settings = reader.recorder, reader.settings
    asked = prompt_tokens(held.cache.context.model, held.prompt, question, "")[1]
    recorder.evidence_sought(held.head + len(asked.ids))
    started = time.perf_counter()
    tokens: Numbers = NO_TOKENS
    if held.intact:
        lifted = _attention(held, asked)
    else:
        lifted, tokens = held.recaller.foresee(asked, settings.recall)
    recorder.rows_recalled(tokens, time.perf_counter() - started)
    wanted, known = (0 if held.intact else settings.second_look), held.recaller.heads
    passages = held.second_look.find(question, "", lifted if known else None, wanted)
    recorder.passages_found(passages.looks, 0.0, passages.spans)
    recorder.documents_read(len(held.cache.shifts))
    if lifted is None:
        recorder.note("it cannot be told what the question attends to, by what is kept here")
    return lifted


def _attention(held: Held, question: Asked) -> Float32 | None:
    """What a question attends to in documents that the cache holds as a whole."""
    if held.cache.shifts:
        return None
    try:
        rows = _CachedRows(held.cache, held.head, held.corpus.tokens)
        return lifts(held.cache, rows, question, held.head, held.recaller.heads)
    except ModelError:  # its queries are out of reach
        return None


class _CachedRows:
    """The rows of documents that every head of a cache holds as a whole, as if archived."""

    kv_type = "f16"  # as in the cache

    def __init__(self, cache: KVCache, first: int, tokens: int) -> None:
        self._cache = cache
        self._first = first
        self.tokens = tokens

    def keys(self, layer: int) -> Iterator[NDArray[np.uint8]]:
        end = self._first + self.tokens
        for start in range(self._first, end, _PIECE):
            yield self._cache.rows.keys_between(layer, start, min(start + _PIECE, end))

    def rows(self, tokens: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
        raise NotImplementedError("nothing comes back of what is there")


def _beginnings(corpus: Corpus, stretches: Stretches) -> Iterator[str]:
    """The beginning of the text of each part, in one line, without what introduces it."""
    for record, parts in zip(stretches.documents, stretches.parts, strict=True):
        for part in parts:
            text = corpus.text(part.start, min(part.start + _BEGINNING, part.stop))
            if part.start == record.start:
                lead = introduction(record.name, first=record.start == 0)
                text = text.removeprefix(lead)
            if part.pages is not None:
                kind = record.page_kind or "page"
                text = without_page_mark(text.lstrip("\n"), part.pages[0], kind)
            yield " ".join(text.split())[:_SHOWN]
