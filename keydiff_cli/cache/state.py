"""The layout of a sequence that llama.cpp serialised (``llama_state_seq_get_data``).

::

    u32 magic, i32 sequence
    for each cache (one; two for sliding-window models: the full layers, then the windowed ones):
        u32 streams = 1, u32 cells
        for each cell, in cell order: i32 position, u32 n = 1, i32 sequence
        u32 values are transposed = 0, u32 layers
        for each layer: i32 type, u64 bytes per row, then one row of keys per cell
        for each layer: the same with values
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
STATE_HEAD = 8  # bytes before the first cache


@dataclass(frozen=True)
class CacheState:
    """One cache of a serialised sequence.

    Attributes
    ----------
    positions
        Position of each used cell, in cell order: int32 ``[cells]``.
    keys, values
        A view of the rows of each layer: uint8 ``[cells, bytes per row]``.
    key_type
        ggml's number of the keys' type, the same for all layers; -1 without any.
    end
        Where it ends in the blob, in bytes.
    """

    positions: NDArray[np.int32]
    keys: list[Bytes]
    values: list[Bytes]
    key_type: int
    end: int = 0

    @property
    def rows(self) -> list[Bytes]:
        """The keys of each layer, then the values of each layer."""
        return [*self.keys, *self.values]


class _Reader:
    def __init__(self, blob: Bytes) -> None:
        self.blob = blob
        self.offset = 0
        self.type = -1  # of the rows read last

    def take(self, count: int) -> Bytes:
        if count < 0 or self.offset + count > len(self.blob):
            raise ValueError("the serialised cache ends early")
        part = self.blob[self.offset : self.offset + count]
        self.offset += count
        return part

    def number(self, dtype: str) -> int:
        return int(self.take(np.dtype(dtype).itemsize).view(dtype)[0])

    def rows(self, cells: int) -> Bytes:
        self.type = self.number("<i4")
        width = self.number("<u8")
        return self.take(cells * width).reshape(cells, width)


def parse_state(blob: Bytes) -> list[CacheState]:
    """Read a serialised sequence without copying the rows.

    Raises
    ------
    ValueError
        If the blob is not laid out as described above.
    """
    reader = _Reader(blob)
    reader.take(STATE_HEAD)
    caches = []
    while reader.offset < len(blob):
        if reader.number("<u4") != 1:
            raise ValueError("the serialised cache has several streams")
        cells = reader.number("<u4")
        if cells == 0:
            caches.append(CacheState(np.empty(0, np.int32), [], [], -1, reader.offset))
            continue
        meta = reader.take(cells * 12).view("<i4").reshape(cells, 3)
        if (meta[:, 1] != 1).any():
            raise ValueError("the serialised cache shares cells between sequences")
        if reader.number("<u4") != 0:
            raise ValueError("the serialised values are transposed")
        layers = reader.number("<u4")
        keys = [reader.rows(cells) for _ in range(layers)]
        key_type = reader.type
        values = [reader.rows(cells) for _ in range(layers)]
        caches.append(CacheState(meta[:, 0].copy(), keys, values, key_type, reader.offset))
    if not caches:
        raise ValueError("the serialised cache ends early")
    return caches


def set_positions(blob: Bytes, start: int, positions: NDArray[np.int32]) -> None:
    """Write the positions of the cells of a serialised cache that begins at ``start``."""
    cells = blob[start + 8 : start + 8 + 12 * len(positions)].view("<i4").reshape(-1, 3)
    cells[:, 0] = positions


def build_state(
    head: Bytes, positions: NDArray[np.int32], key_type: int, widths: Sequence[int], tail: Bytes
) -> Bytes:
    """Serialise a sequence whose rows are all zero.

    What nobody has written to takes no memory, so the blob is as small as its metadata until rows
    are written into it, through :func:`parse_state`.

    Parameters
    ----------
    head
        The :data:`STATE_HEAD` bytes before the first cache.
    positions
        Position of each cell of the first cache: int32 ``[cells]``.
    key_type
        ggml's number of the type of keys and values.
    widths
        Bytes of a row of keys of each layer, then of a row of values of each layer.
    tail
        Further caches, serialised.
    """
    cells = len(positions)
    starts = [np.array([1, cells], "<u4"), np.zeros((cells, 3), "<i4")]
    starts[1][:, 0], starts[1][:, 1] = positions, 1
    parts = [head, *starts, np.array([0, len(widths) // 2], "<u4")]
    sizes = [part.nbytes for part in parts]
    rows = sum(12 + cells * width for width in widths)
    blob = np.zeros(sum(sizes) + rows + len(tail), np.uint8)
    offset = 0
    for part in parts:
        blob[offset : offset + part.nbytes] = np.ascontiguousarray(part).reshape(-1).view(np.uint8)
        offset += part.nbytes
    for width in widths:
        blob[offset : offset + 4].view("<i4")[0] = key_type
        blob[offset + 4 : offset + 12].view("<u8")[0] = width
        offset += 12 + cells * width
    blob[offset:] = tail
    return blob
