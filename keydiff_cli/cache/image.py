"""What a cache holds, to be written down or gone back to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache.state import Bytes
from keydiff_cli.scores import Float32


class Pin(NamedTuple):
    """Tokens from ``start`` to ``stop`` (exclusive) of which ``rows`` a head are never evicted."""

    start: int
    stop: int
    rows: int


@dataclass(frozen=True)
class Image:
    """All that a cache holds, cell by cell up to the last one in use.

    What goes on from it does so bit by bit as it would have gone on without.

    Attributes
    ----------
    tokens
        Tokens appended, which is the number of the next token.
    position
        Position of the next token.
    pinned
        Which tokens are never evicted.
    positions
        Position of each cell, -1 when free: int32 ``[cells]``.
    origin, rotary, past
        Token of each row, the position by which its key is rotated, and its last score under a
        policy that watches the stream: int32, int32 and float32 ``[heads of all layers, cells]``.
    widths
        Bytes of a row of keys of each layer, then of a row of values of each layer.
    rows
        Keys of each layer, then values of each layer: uint8 ``[cells, bytes]``.
    windowed
        Layers with a sliding window, serialised: uint8 ``[bytes]``.
    """

    tokens: int
    position: int
    pinned: tuple[Pin, ...]
    positions: NDArray[np.int32]
    origin: NDArray[np.int32]
    rotary: NDArray[np.int32]
    past: Float32
    widths: list[int]
    rows: Iterable[Bytes]
    windowed: Bytes


@dataclass
class Mark:
    """A state of a cache to come back to (see :meth:`~keydiff_cli.cache.KVCache.rewind`).

    Attributes
    ----------
    tokens
        Tokens appended by then.
    position
        Position of the token that came next.
    evicted
        Cells freed by then.
    image
        What the cache held, if more was evicted since.
    """

    tokens: int
    position: int
    evicted: int
    image: Image | None = None
