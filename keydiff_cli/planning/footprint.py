"""The memory that a model needs, measured before anything is allocated."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import NamedTuple

from keydiff_cli.llama import KV_BYTES, Context, Model, without_weights
from keydiff_cli.scores.base import QUERIES_AT_ONCE
from keydiff_cli.system import machine

_PROBES = (4096, 65_536)  # cells, for measuring what grows with them
# What is not there yet when a plan is made: text of a page, tokens, thread stacks, scoring
# buffers that do not grow with the cells, and the allocator's slack. Measured; see docs/memory.md.
WORKING_BYTES = 80 * 2**20
ARCHIVE_WAITING = 2  # blocks that may wait to be written to an archive


@dataclass(frozen=True)
class Footprint:
    """The memory that a model needs in this process, in bytes.

    Measured by setting the model up in llama.cpp without allocating anything. What grows with the
    cells of the cache has a fixed part and a part for each cell, ``*_cell``.

    Attributes
    ----------
    process
        The process as it is: Python, libraries, vocabulary.
    weights
        The weights that are on this machine's processor.
    kv_fixed, kv_cell
        Keys and values.
    compute_fixed, compute_cell
        Compute buffers of llama.cpp.
    scoring_cell
        Buffers of scoring and eviction, with copies of layers that are on other devices.
    direct
        Whether evictions need no copy of the cache.
    copies
        How many copies of the cache have room, with the part of it that is on other devices.
    there_cell
        Keys and values on other devices.
    archive
        Rows on their way to an archive, and back from it.
    """

    process: int
    weights: int
    kv_fixed: int
    kv_cell: float
    compute_fixed: int
    compute_cell: float
    scoring_cell: int
    direct: bool = True
    copies: int = 0
    there_cell: float = 0.0
    archive: int = 0

    def kv(self, cells: int) -> int:
        """Bytes of keys and values."""
        return int(self.kv_fixed + self.kv_cell * cells)

    def compute(self, cells: int) -> int:
        """Bytes of llama.cpp's compute buffers."""
        return int(self.compute_fixed + self.compute_cell * cells)

    def work(self, cells: int) -> int:
        """Bytes of everything else that comes on top of the present process."""
        copied = self.copies * (self.kv(cells) + int(self.there_cell * cells))
        return WORKING_BYTES + self.scoring_cell * cells + copied + self.archive

    def total(self, cells: int) -> int:
        """Bytes of the whole process."""
        return self.process + self.weights + self.kv(cells) + self.compute(cells) + self.work(cells)


class _Part(NamedTuple):
    """Keys or values of a layer: their bytes, and whether they are on this machine's processor."""

    size: int
    host: bool


class _Sizes(NamedTuple):
    """What a context takes: keys and values of each layer, None if out of reach; compute bytes.

    ``native`` is whether evictions of what is on other devices are done inside llama.cpp.
    """

    pairs: tuple[tuple[_Part, _Part], ...] | None
    compute: int
    native: bool


@without_weights
def _sizes(model: Model, cells: int, block: int, kv_type: str, observe: bool) -> _Sizes:
    with closing(
        Context(model, cells=cells, batch=block, kv_type=kv_type, observe=observe)
    ) as context:
        tensors = context.cache_tensors()
        if tensors is None:
            return _Sizes(None, context.compute_bytes, False)
        pairs = tuple(
            (_Part(key.size, key.host), _Part(value.size, value.host))
            for key, value in tensors.values()
        )
        away = not all(part.host for pair in pairs for part in pair)
        return _Sizes(pairs, context.compute_bytes, away and context.native_cache() is not None)


def measure(
    model: Model,
    *,
    block: int,
    kv_type: str,
    observe: bool = False,
    keep: bool = False,
    move: bool = False,
    load: bool = False,
    recall: int | None = None,
    threads: int = 1,
) -> Footprint:
    """Find out what a model needs.

    ``process`` is the memory of this process now: Python, libraries, vocabulary. ``keep`` counts
    what writing snapshots takes, ``move`` what giving rows smaller positions does, ``load`` what
    loading a saved reading does, ``recall`` what an archive does out of which the rows of so many
    tokens come back; None for no archive. ``threads`` compute.
    """
    sizes = []
    here, direct = True, True
    there = copied = 0.0
    for cells in _PROBES:
        found = _sizes(model, cells, block, kv_type, observe)
        if found.pairs is None:
            kv = cells * _cell_bytes(model, kv_type)
            widest = kv / cells / model.layers / 2
            here = direct = False  # an eviction serialises the cache
        else:
            every = [part for pair in found.pairs for part in pair]
            kv = sum(part.size for part in every if part.host)
            away = [part.size for part in every if not part.host]
            there, here = sum(away) / cells, not away
            direct = here or found.native
            widest = max(key.size for key, _ in found.pairs) / cells
            if away and direct:
                # Each thread copies keys and values of a layer. NumPy is given the keys of a
                # layer through another copy, while it still has those of the one before.
                largest = max(away) / cells
                copied = max(min(2 * threads, len(away)) * largest, largest + 2 * widest)
        sizes.append((kv, found.compute))
    (kv_small, compute_small), (kv_large, compute_large) = sizes
    steps = _PROBES[1] - _PROBES[0]
    kv_cell = (kv_large - kv_small) / steps
    compute_cell = (compute_large - compute_small) / steps
    float32 = 4 / KV_BYTES[kv_type]
    heads = sum(model.kv_heads(layer) for layer in range(model.layers))
    archive = 0
    if recall is not None:
        # Blocks that wait to be written, with the one that is made and the one that is written;
        # rows read, put in, and kept to go back; products of a block's queries with a block's keys.
        tokens = (ARCHIVE_WAITING + 2) * block + 3 * recall
        products = 3 * 4 * block * block * (model.query_length // model.key_length)
        archive = int(tokens * (kv_cell + there)) + products
    return Footprint(
        process=machine.resident(),
        weights=model.size_here,
        kv_fixed=int(kv_small - kv_cell * _PROBES[0]),
        kv_cell=kv_cell,
        # With the queries that are kept, and llama.cpp's working copies of activations, which are
        # not among the buffers that it reports.
        compute_fixed=int(compute_small - compute_cell * _PROBES[0])
        + (4 * block * model.query_length * model.layers if observe else 0)
        + 2 * block * model.widest,
        compute_cell=compute_cell,
        # Tokens, positions, scores, their ranking and masks; keys of a layer as float32, those of
        # one head as float64 or without their rotation, and the attention of a few queries.
        scoring_cell=int(
            heads * 48
            + widest * float32
            + 8 * model.key_length
            + (QUERIES_AT_ONCE * 8 if observe else 0)
            + copied
        ),
        direct=direct,
        # An eviction serialises what is out of reach. What is loaded passes through a copy where
        # rows are not here. What moves is serialised there, and where layers have windows: once
        # to be put aside, and again to be put back. A snapshot sorts a copy of such rows, too.
        copies=max(
            int(not direct),
            int(load and not here),
            int(move and (model.window > 0 or not here)),
            int(keep) * (int(model.window > 0) if here else 2),
        ),
        there_cell=there,
        archive=archive,
    )


def measure_token(model: Model, *, block: int, kv_type: str) -> tuple[float, float]:
    """Bytes that keys, and values, of a token take in the layers that attend to everything.

    Of a cache out of reach, sliding windows count like others.
    """
    sizes = []
    for cells in _PROBES:
        pairs = _sizes(model, cells, block, kv_type, False).pairs
        if pairs is None:
            both = _cell_bytes(model, kv_type)
            keys = both * model.key_length / (model.key_length + model.value_length)
            return keys, both - keys
        kinds = zip(*pairs, strict=True)
        sizes.append([sum(part.size for part in kind) for kind in kinds])
    small, large = sizes
    steps = _PROBES[1] - _PROBES[0]
    return (large[0] - small[0]) / steps, (large[1] - small[1]) / steps


def _cell_bytes(model: Model, kv_type: str) -> float:
    """Bytes of one cell over all layers, from the metadata: an upper bound."""
    rows = sum(model.kv_heads(layer) for layer in range(model.layers))
    return rows * (model.key_length + model.value_length) * KV_BYTES[kv_type]
