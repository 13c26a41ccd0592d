"""The cache as a patched llama.cpp gives access to it: ``llama-kv.h`` of ``patches/``."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.llama.interrupts import hold_interrupt
from keydiff_cli.llama.library import LlamaError, function, last_error, log
from keydiff_cli.llama.tensors import CacheTensor, CacheTensors, cache_tensor
from keydiff_cli.scores import Rotation

API_VERSION = 2  # of llama-kv.h


class _Layer(ctypes.Structure):
    """``struct llama_kv_layer``."""

    _fields_ = (
        ("number", ctypes.c_int32),
        ("heads", ctypes.c_int32),
        ("key_length", ctypes.c_int32),
        ("value_length", ctypes.c_int32),
        ("keys", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
        ("transposed", ctypes.c_bool),
    )


class _Rope(ctypes.Structure):
    """``struct llama_kv_rope``."""

    _fields_ = (
        ("frequencies", ctypes.c_void_p),
        ("pairs", ctypes.c_int32),
        ("adjacent", ctypes.c_bool),
        ("mixed", ctypes.c_int32),
    )


class _Range(ctypes.Structure):
    """``struct llama_kv_range``."""

    _fields_ = (("start", ctypes.c_int32), ("stop", ctypes.c_int32))


class _Eviction(ctypes.Structure):
    """``struct llama_kv_evict_params``."""

    _fields_ = (
        ("keep", ctypes.c_int32),
        ("scores", ctypes.c_void_p),
        ("count", ctypes.c_size_t),
        ("sums", ctypes.c_void_p),
        ("shared", ctypes.c_bool),
        ("pinned", ctypes.POINTER(_Range)),
        ("pins", ctypes.c_size_t),
        ("recent", ctypes.c_float),
        ("threads", ctypes.c_int32),
    )


@dataclass(frozen=True)
class _Functions:
    layers: Any
    heads: Any
    cells: Any
    layer: Any
    positions: Any
    sums: Any
    clear: Any
    free: Any
    keydiff: Any
    evict: Any


def api_version() -> int | None:
    """The version of ``llama-kv.h`` that llama.cpp was built with, None if it was built without."""
    version = function("llama_kv_api_version", ctypes.c_int32)
    return None if version is None else int(version())


def _functions() -> _Functions | None:
    if api_version() != API_VERSION:
        return None
    number, size, pointer = ctypes.c_int32, ctypes.c_size_t, ctypes.c_void_p
    return _Functions(
        function("llama_kv_n_layer", number, pointer),
        function("llama_kv_n_head", number, pointer),
        function("llama_kv_n_cell", number, pointer),
        function("llama_kv_get_layer", ctypes.c_bool, pointer, number, ctypes.POINTER(_Layer)),
        function("llama_kv_positions", number, pointer, number, pointer),
        function("llama_kv_sums_init", pointer, pointer, pointer),
        function("llama_kv_sums_clear", None, pointer),
        function("llama_kv_sums_free", None, pointer),
        function(
            "llama_kv_keydiff", number, pointer, number, pointer, pointer, number, pointer, size
        ),
        function("llama_kv_evict", number, pointer, number, _Eviction, pointer),
    )


class NativeCache:
    """The cache of a context, as its own library sees it.

    Attributes
    ----------
    tensors
        K and V of the layers that attend to the whole cache, by layer.
    heads
        KV heads of all these layers together.
    """

    def __init__(self, functions: _Functions, context: Any, threads: int) -> None:
        self._functions = functions
        self._context = context
        self._threads = threads
        self._sums: Any = None
        self._compared: list[Rotation] | None = None  # what the sums are of
        self.heads = int(functions.heads(context))
        self._cells = int(functions.cells(context))
        self.tensors: CacheTensors = {}
        for number in range(functions.layers(context)):
            layer = _Layer()
            functions.layer(context, number, ctypes.byref(layer))
            values = cache_tensor(layer.values) if layer.values else CacheTensor(0, 0, 0, True)
            self.tensors[layer.number] = (cache_tensor(layer.keys), values)

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
    ) -> int:
        """Hold every head to ``keep`` rows, those of the highest scores.

        The keys of rows that go are taken out of what is remembered of them, turned back by
        ``origin``: where that is not the map that :meth:`keydiff` was given, :meth:`forget` first.

        Parameters
        ----------
        scores
            Scores of the cells in use, in order: float32 ``[heads, rows]``.
        pinned
            Tokens that stay, from start to stop (exclusive).
        origin
            The token of each row, moved in place along with the rows: int32 ``[heads, cells]``.

        Returns
        -------
        Number of cells freed: those of the lowest positions.
        """
        self._check(origin)
        scores = np.ascontiguousarray(scores, np.float32)
        ranges = (_Range * len(pinned))(*(_Range(*span) for span in pinned))
        wanted = _Eviction(
            keep=keep,
            scores=scores.ctypes.data,
            count=scores.size,
            sums=self._sums,
            pinned=ranges,
            pins=len(ranges),
            threads=self._threads,
        )
        return self._call(self._functions.evict, 0, wanted, origin.ctypes.data)

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
            ropes = (_Rope * len(rotations))(
                *(
                    _Rope(numbers.ctypes.data, len(numbers), rotation.adjacent, rotation.mixed)
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
            raise LlamaError(f"llama.cpp cannot score or evict: {last_error(f'status {status}')}")
        return status


def native_cache(context: Any, threads: int) -> NativeCache | None:
    """The native interface to the cache of a context; None if the library has none for it."""
    functions = _functions()
    if functions is None or functions.layers(context) == 0:
        return None
    return NativeCache(functions, context, threads)
