"""A map drawn in so many columns: rows of shares, and what a question looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from keydiff_cli.reading.mapping import Map
from keydiff_cli.render.picture import Colour
from keydiff_cli.scores import Float32
from keydiff_cli.system.terminal import printable
from keydiff_cli.text.coverage import Coverage, CoveredPart

HELD: tuple[Colour, Colour] = (235, 241, 250), (8, 29, 88)  # of nothing, and of the most
ASKED: tuple[Colour, Colour] = (252, 240, 225), (166, 54, 3)
_TOP = 0.95  # of the shares, at least, are told apart by their shades


@dataclass(frozen=True)
class Grid:
    """A map whose parts are put together in columns.

    Attributes
    ----------
    columns
        The first and the last part of each column, by number.
    all_heads
        The share that a head holds, the mean over all heads: float32 ``[columns]``.
    layers
        The same by layer: float32 ``[layers, columns]``.
    attention, recalled, looked
        The strongest attention, and the tokens recalled and read again: float32 ``[columns]``; None
        where nothing was asked or it is not known.
    top
        The share that is drawn darkest, above 0.
    """

    columns: tuple[tuple[int, int], ...]
    all_heads: Float32
    layers: Float32
    attention: Float32 | None
    recalled: Float32 | None
    looked: Float32 | None
    top: float

    @property
    def rows(self) -> list[tuple[str, Float32]]:
        """Shares by what holds them."""
        layers = ((f"layer {number}", row) for number, row in enumerate(self.layers, 1))
        return [("all heads", self.all_heads), *layers]

    @property
    def strips(self) -> list[tuple[str, Float32]]:
        """What a question looks at, by name, each from 0 to 1: 1 is the strongest."""
        named = {
            "attention": self.attention,
            "recalled": self.recalled,
            "read again": self.looked,
        }
        strips = {name: strip for name, strip in named.items() if strip is not None}
        return [(name, strip / max(float(strip.max()), 1e-9)) for name, strip in
                strips.items()]  # fmt: skip


def grid_of(drawn: Map, most: int) -> Grid:
    """A map in at most so many columns (>= 1)."""
    parts = [part for document in drawn.documents for part in document.parts]
    starts = _starts([len(document.parts) for document in drawn.documents], most)
    tokens = np.array([part.tokens for part in parts], np.float32)
    by_layer = _by_layer(drawn)

    def mean(rows: Float32) -> Float32:
        held = np.add.reduceat(rows * tokens, starts, axis=-1)
        return (held / np.add.reduceat(tokens, starts)).astype(np.float32)

    def total(name: str) -> Float32 | None:
        if not drawn.question:
            return None
        counts = np.array([getattr(part, name) for part in parts], np.float32)
        return np.add.reduceat(counts, starts)

    layers = mean(by_layer)
    attention = drawn.attention
    if attention is not None:
        attention = np.maximum.reduceat(np.maximum(attention - 1, 0), starts)
    return Grid(
        columns=tuple((start, stop - 1) for start, stop in pairwise([*starts, len(parts)])),
        all_heads=mean(drawn.shares.mean(axis=0)),
        layers=layers,
        attention=attention,
        recalled=total("recalled"),
        looked=total("looked"),
        top=max(float(np.quantile(layers, _TOP)), 1e-6),
    )


def _starts(counts: Sequence[int], most: int) -> list[int]:
    """The first part of each column, of documents with so many parts each.

    No column is of two documents, unless there are too many documents for that.
    """
    if 2 * len(counts) > most:
        counts = [sum(counts)]
    size = max(-(-sum(counts) // most), 1)
    while sum(-(-count // size) for count in counts) > most:
        size += 1
    before = np.cumsum([0, *counts]).tolist()
    return [
        start
        for first, count in zip(before, counts, strict=False)
        for start in range(first, first + count, size)
    ]


def _by_layer(drawn: Map) -> Float32:
    """The mean over the heads of each layer: float32 ``[layers, parts]``."""
    ends = np.cumsum(drawn.heads)
    rows = [drawn.shares[end - heads : end] for heads, end in zip(drawn.heads, ends, strict=True)]
    return np.array([each.mean(axis=0) for each in rows], np.float32).reshape(len(rows), -1)


def part_owners(documents: Sequence[Coverage]) -> list[tuple[Coverage, CoveredPart]]:
    """Each part of all documents, with its document."""
    return [(document, part) for document in documents for part in document.parts]


def ticks(drawn: Map, grid: Grid) -> list[str]:
    """What each column is called on an axis: its first page, or line; empty if as the one before.

    The first of a document has its number in any case.
    """
    owners = part_owners(drawn.documents)
    texts: list[str] = []
    before: tuple[int, str] | None = None
    for first, _ in grid.columns:
        document, part = owners[first]
        text = number_of(part)
        texts.append("" if before == (id(document), text) else text)
        before = id(document), text
    return texts


def number_of(part: CoveredPart) -> str:
    """The first page of a part, or its first line where there are no pages."""
    return str(part.pages[0] if part.pages else (part.lines or (1, 1))[0])


def axis_name(drawn: Map) -> str:
    """What the numbers on an axis count."""
    kinds = {document.page_kind or "line" for document in drawn.documents}
    return kinds.pop() if len(kinds) == 1 else "page"


def document_starts(drawn: Map, grid: Grid) -> list[tuple[int, str]]:
    """The first column of each document that begins one, and its name."""
    owners = part_owners(drawn.documents)
    starts: dict[int, tuple[int, str]] = {}
    for at, (first, _) in enumerate(grid.columns):
        document = owners[first][0]
        starts.setdefault(id(document), (at, printable(document.document)))
    return list(starts.values())


def summary(drawn: Map) -> list[str]:
    """What is drawn, in three or four lines."""
    names = [document.document for document in drawn.documents]
    named = names[0] if len(names) == 1 else f"{len(names)} documents"
    tokens = sum(document.tokens for document in drawn.documents)
    held = sum(document.mean * document.tokens for document in drawn.documents)
    lines = [
        f"What the cache holds of {named}",
        f"{drawn.model}, {drawn.policy} with a budget of {drawn.budget} tokens",
        f"A head holds {100 * held / max(tokens, 1):.1f} % of {tokens} tokens",
    ]
    return [*lines, f"Question: {drawn.question}"] if drawn.question else lines


def percent(share: float) -> str:
    """A share in per cent, with a digit behind the point where it is small."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.1f} %"
