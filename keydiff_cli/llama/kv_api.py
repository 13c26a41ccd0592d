"""``llama-kv.h`` of ``patches/``, as :mod:`ctypes` takes it."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any

from keydiff_cli.llama.library import function

API_VERSION = 4


class Layer(ctypes.Structure):
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


class Rope(ctypes.Structure):
    """``struct llama_kv_rope``."""

    _fields_ = (
        ("frequencies", ctypes.c_void_p),
        ("pairs", ctypes.c_int32),
        ("adjacent", ctypes.c_bool),
        ("mixed", ctypes.c_int32),
    )


class Range(ctypes.Structure):
    """``struct llama_kv_range``."""

    _fields_ = (("start", ctypes.c_int32), ("stop", ctypes.c_int32))


class Eviction(ctypes.Structure):
    """``struct llama_kv_evict_params``."""

    _fields_ = (
        ("keep", ctypes.c_int32),
        ("scores", ctypes.c_void_p),
        ("count", ctypes.c_size_t),
        ("sums", ctypes.c_void_p),
        ("shared", ctypes.c_bool),
        ("pinned", ctypes.POINTER(Range)),
        ("pins", ctypes.c_size_t),
        ("recent", ctypes.c_float),
        ("threads", ctypes.c_int32),
    )


class StoredRows(ctypes.Structure):
    """``struct llama_kv_rows``."""

    _fields_ = (
        ("layer", ctypes.c_int32),
        ("count", ctypes.c_size_t),
        ("heads", ctypes.c_void_p),
        ("cells", ctypes.c_void_p),
        ("keys", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
        ("key_bytes", ctypes.c_size_t),
        ("value_bytes", ctypes.c_size_t),
    )


@dataclass(frozen=True)
class Functions:
    """The functions that :class:`~keydiff_cli.llama.native.NativeCache` calls."""

    layers: Any
    heads: Any
    cells: Any
    layer: Any
    positions: Any
    get: Any
    swap: Any
    sums: Any
    clear: Any
    free: Any
    keydiff: Any
    evict: Any


def api_version() -> int | None:
    """The version of ``llama-kv.h`` that llama.cpp was built with, None if it was built without."""
    version = function("llama_kv_api_version", ctypes.c_int32)
    return None if version is None else int(version())


def functions() -> Functions | None:
    """The functions, if this is their version; else None."""
    if api_version() != API_VERSION:
        return None
    number, size, pointer = ctypes.c_int32, ctypes.c_size_t, ctypes.c_void_p
    return Functions(
        function("llama_kv_n_layer", number, pointer),
        function("llama_kv_n_head", number, pointer),
        function("llama_kv_n_cell", number, pointer),
        function("llama_kv_get_layer", ctypes.c_bool, pointer, number, ctypes.POINTER(Layer)),
        function("llama_kv_positions", number, pointer, number, pointer),
        function("llama_kv_get_rows", number, pointer, number, StoredRows),
        function("llama_kv_swap_rows", number, pointer, number, StoredRows),
        function("llama_kv_sums_init", pointer, pointer, pointer),
        function("llama_kv_sums_clear", None, pointer),
        function("llama_kv_sums_free", None, pointer),
        function(
            "llama_kv_keydiff", number, pointer, number, pointer, pointer, number, pointer, size
        ),
        function("llama_kv_evict", number, pointer, number, Eviction, pointer, pointer),
    )
