"""The header of a GGUF file: the sizes of its tensors, and what llama.cpp would abort on."""

from __future__ import annotations

import ctypes
import os
from pathlib import Path
from typing import Any

from keydiff_cli.errors import ModelError
from keydiff_cli.llama.library import function
from keydiff_cli.models.variants import parts_of

_UINT32, _STRING = 4, 8  # numbers of gguf_type
_MOST_LAYERS = 512  # the limit of llama.cpp


class _Params(ctypes.Structure):
    """``struct gguf_init_params``: with ``no_alloc`` only the header is read."""

    _fields_ = [("no_alloc", ctypes.c_bool), ("context", ctypes.c_void_p)]


def check_header(path: Path) -> None:
    """Refuse a model that names an impossible number of layers.

    Raises
    ------
    ModelError
        If it does. llama.cpp itself tells what else is wrong with a file when it loads it.
    """
    open_file = function("gguf_init_from_file", ctypes.c_void_p, ctypes.c_char_p, _Params)
    close = function("gguf_free", None, ctypes.c_void_p)
    if not (open_file and close):
        return
    header = open_file(os.fsencode(path), _Params(True, None))
    if not header:
        return
    try:
        arch = _value(header, "general.architecture", _STRING, "str", ctypes.c_char_p) or b""
        key = f"{arch.decode('utf-8', 'replace')}.block_count"
        layers = _value(header, key, _UINT32, "u32", ctypes.c_uint32)
    finally:
        close(header)
    if layers is not None and not 0 < layers <= _MOST_LAYERS:
        raise ModelError(f"{path} is damaged: it names {layers} layers; fetch the model again")


def tensor_sizes(path: Path) -> dict[str, int]:
    """Return the size of every tensor of a model in bytes, by name: of all parts of a split one.

    Empty if a file has no readable header, or this llama.cpp build does not tell.
    """
    return {name: size for part in parts_of(path) for name, size in _sizes_in(part).items()}


def _sizes_in(path: Path) -> dict[str, int]:
    """The tensors of one file."""
    pointer, number, size = ctypes.c_void_p, ctypes.c_int64, ctypes.c_size_t
    open_file = function("gguf_init_from_file", pointer, ctypes.c_char_p, _Params)
    close = function("gguf_free", None, pointer)
    count = function("gguf_get_n_tensors", number, pointer)
    name = function("gguf_get_tensor_name", ctypes.c_char_p, pointer, number)
    length = function("gguf_get_tensor_size", size, pointer, number)
    header = open_file(os.fsencode(path), _Params(True, None)) if open_file else None
    if not (header and close and count and name and length):
        return {}
    try:
        return {
            name(header, index).decode("utf-8", "replace"): length(header, index)
            for index in range(count(header))
        }
    finally:
        close(header)


def _value(header: int, key: str, kind: int, suffix: str, result: Any) -> Any:
    """Return a value of the header; None if the key is missing or the value of another type."""
    find = function("gguf_find_key", ctypes.c_int64, ctypes.c_void_p, ctypes.c_char_p)
    type_of = function("gguf_get_kv_type", ctypes.c_int, ctypes.c_void_p, ctypes.c_int64)
    get = function(f"gguf_get_val_{suffix}", result, ctypes.c_void_p, ctypes.c_int64)
    index = find(header, key.encode())
    return get(header, index) if index >= 0 and type_of(header, index) == kind else None
