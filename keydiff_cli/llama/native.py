"""The cache as a patched llama.cpp gives access to it: ``llama-kv.h`` of ``patches/``."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.llama.interrupts import hold_interrupt
from keydiff_cli.llama.kv_api import Eviction, Functions, Layer, Range, Rope, StoredRows, functions
from keydiff_cli.llama.library import LlamaError, last_error, log
from keydiff_cli.llama.tensors import CacheTensor, CacheTensors, cache_tensor
from keydiff_cli.scores import Rotation

Bytes: TypeAlias = NDArray[np.uint8]


class _Size(NamedTuple):
    """Of the rows of a layer: heads, and the bytes of a head's key and value."""

    heads: int
    key: int
    value: int


class NativeCache:
    """The cache of a context, as its own library sees it.

    Attributes
    ----------
    tensors
        K and V of the layers that attend to the whole cache, by layer.
    heads
        KV heads of all these layers together.
    """

    def __init__(self, functions: Functions, context: Any, threads: int) -> None:
        self._functions = functions
        self._context = context
        self._threads = threads
        self._sums: Any = None
        self._compared: list[Rotation] | None = None  # what the sums are of
        self.heads = int(functions.heads(context))
        self._cells = int(functions.cells(context))
        self.tensors: CacheTensors = {}
        self._sizes: list[_Size] = []
        for number in range(functions.layers(context)):
            layer = Layer()
            functions.layer(context, number, ctypes.byref(layer))
            values = cache_tensor(layer.values) if layer.values else CacheTensor(0, 0, 0, True)
            keys = cache_tensor(layer.keys)
            self.tensors[layer.number] = (keys, values)
            rows = self._cells * max(layer.heads, 1)
            self._sizes.append(_Size(layer.heads, keys.size // rows, values.size // rows))

    def close(self) -> None:
        """Free what is remembered of the keys."""
        self._functions.free(self._sums)
        self._sums = None

    def forget(self) -> None:
        """To be called when rows have changed other than by decoding or :meth:`evict`."""
        self._functions.clear(self._sums)

    def positions(self, cells: int) -> NDArray[np.int32]:
        """Position of each cell, -1 when free: int32 ``[cells]``."""
        positions = np.empty(cells, np.int32)
        self._call(self._functions.positions, 0, positions.ctypes.data)
        return positions

    def keys(self, layer: int, cells: NDArray[np.int64]) -> Bytes:
        """Copies of the keys of all heads in cells in use: uint8 ``[cells, heads, bytes]``.

        ``layer`` is its place in :attr:`tensors`; it may be on another device.
        """
        size = self._sizes[layer]
        keys = np.empty((len(cells), size.heads, size.key), np.uint8)
        self._access(self._functions.get, layer, cells, None, keys, None)
        return keys

    def rows(self, layer: int, cells: NDArray[np.int64]) -> tuple[Bytes, Bytes]:
        """Copies of keys and values, as those of :meth:`keys`."""
        size = self._sizes[layer]
        keys = np.empty((len(cells), size.heads, size.key), np.uint8)
        values = np.empty((len(cells), size.heads, size.value), np.uint8)
        self._access(self._functions.get, layer, cells, None, keys, values)
        return keys, values

    def exchange(
        self,
        layer: int,
        cells: NDArray[np.int64],
        heads: NDArray[np.int64],
        keys: Bytes,
        values: Bytes,
    ) -> tuple[Bytes, Bytes]:
        """Put rows of single heads in the place of others; to be followed by :meth:`forget`.

        Parameters
        ----------
        layer
            Its place in :attr:`tensors`; it may be on another device.
        cells, heads
            The cell in use, and the head of the layer, of each row: int64 ``[rows]``.
        keys, values
            uint8 ``[rows, bytes]``.

        Returns
        -------
        The keys and values that were there.

        Raises
        ------
        LlamaError
            If there are no such cells or heads, rows are of another size, or memory is short.
        """
        keys, values = keys.copy(), values.copy()
        self._access(self._functions.swap, layer, cells, heads, keys, values)
        return keys, values

    def keydiff(
        self, rows: int, positions: NDArray[np.int32], rotations: list[Rotation] | None = None
    ) -> NDArray[np.float32]:
        """KeyDiff's scores of the cells in use, in order: float32 ``[heads, rows]``.

        Parameters
        ----------
        rows
            Number of the cells in use.
        positions
            The position by which the key of each row is rotated: int32 ``[heads, cells]``.
        rotations
            Compare the keys of every layer as they were before these; None: as they are cached.

        Raises
        ------
        LlamaError
            If another number of cells is in use, the rotations cannot be those of the layers, or
            memory is short.
        """
        self._check(positions)
        self._compare(rotations)
        scores = np.empty((self.heads, rows), np.float32)
        given = positions.ctypes.data, self._threads, scores.ctypes.data, scores.size
        done = self._call(self._functions.keydiff, 0, self._sums, *given)
        if done != rows:
            raise LlamaError(f"llama.cpp has {done} cells in use, and not {rows}")
        return scores

    def evict(
        self,
        keep: int,
        scores: NDArray[np.float32],
        pinned: Sequence[tuple[int, int]],
        origin: NDArray[np.int32],
        positions: NDArray[np.int32],
    ) -> int:
        """Hold every head to ``keep`` rows, those of the highest scores.

        Parameters
        ----------
        scores
            Scores of the cells in use, in order: float32 ``[heads, rows]``.
        pinned
            Tokens that stay, from start to stop (exclusive).
        origin, positions
            The token of each row, and the position by which its key is rotated, moved in place
            along with the rows, and -1 in the cells that are freed: int32 ``[heads, cells]``.

        Returns
        -------
        Number of cells freed: those of the lowest positions.

        Raises
        ------
        LlamaError
            If more rows are pinned than are to stay, the scores are not those of the rows, or
            memory is short.
        """
        self._check(origin)
        self._check(positions)
        scores = np.ascontiguousarray(scores, np.float32)
        ranges = (Range * len(pinned))(*(Range(*span) for span in pinned))
        wanted = Eviction(
            keep=keep,
            scores=scores.ctypes.data,
            count=scores.size,
            sums=self._sums,
            pinned=ranges,
            pins=len(ranges),
            threads=self._threads,
        )
        maps = origin.ctypes.data, positions.ctypes.data
        return self._call(self._functions.evict, 0, wanted, *maps)

    def _access(
        self,
        function: Any,
        layer: int,
        cells: NDArray[np.int64],
        heads: NDArray[np.int64] | None,
        keys: Bytes,
        values: Bytes | None,
    ) -> None:
        """Read rows into arrays, or exchange them for those there."""
        numbers = [None if each is None else each.astype(np.int32) for each in (cells, heads)]
        arrays = [numbers[1], numbers[0], keys, values]
        pointers = [None if array is None else array.ctypes.data for array in arrays]
        sizes = keys.nbytes, 0 if values is None else values.nbytes
        self._call(function, 0, StoredRows(layer, len(cells), *pointers, *sizes))

    def _check(self, numbers: NDArray[np.int32]) -> None:
        """Make sure that llama.cpp can read and write a number for each row of each cell."""
        wanted = self.heads, self._cells
        if numbers.shape != wanted or numbers.dtype != np.int32 or not numbers.flags.c_contiguous:
            raise LlamaError(
                f"tokens and positions have to be int32 {list(wanted)}, one after the other"
            )

    def _compare(self, rotations: list[Rotation] | None) -> None:
        """Remember the sums of such keys, and no others."""
        if self._sums and rotations == self._compared:
            return
        self.close()
        ropes = None
        if rotations is not None:
            if len(rotations) != len(self.tensors):
                raise LlamaError(f"llama.cpp has {len(self.tensors)} layers there")
            frequencies = [np.ascontiguousarray(each.frequencies, float) for each in rotations]
            ropes = (Rope * len(rotations))(
                *(
                    Rope(numbers.ctypes.data, len(numbers), rotation.adjacent, rotation.mixed)
                    for rotation, numbers in zip(rotations, frequencies, strict=True)
                )
            )
        log.clear()
        self._sums, self._compared = self._functions.sums(self._context, ropes), rotations
        if not self._sums:
            raise LlamaError(f"llama.cpp cannot score: {last_error('out of memory?')}")

    def _call(self, function: Any, *arguments: Any) -> int:
        """The number that a function returns; a negative one is a failure, and logged."""
        log.clear()
        with hold_interrupt():
            status = int(function(self._context, *arguments))
        if status < 0:
            raise LlamaError(
                f"llama.cpp cannot work on its cache: {last_error(f'status {status}')}"
            )
        return status


def native_cache(context: Any, threads: int) -> NativeCache | None:
    """The native interface to the cache of a context; None if the library has none for it."""
    known = functions()
    if known is None or known.layers(context) == 0:
        return None
    return NativeCache(known, context, threads)
