"""The cache tensors: where llama.cpp keeps K and V, and their bytes as NumPy arrays."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.llama.library import ggml, hold_interrupt, library

_GRAPH_RESERVE = "_Z19llama_graph_reserveP13llama_contextjjj"  # exported with its C++ name


@dataclass(frozen=True)
class CacheTensor:
    """K or V of one layer: where it is (0 when nothing is allocated) and its size in bytes."""

    address: int
    size: int


CacheTensors: TypeAlias = dict[int, tuple[CacheTensor, CacheTensor]]


def find_tensors(context: Any, batch: int, layers: int) -> CacheTensors | None:
    """K and V of every layer that has them, by layer; None if the build does not show them.

    Their names are looked up in the compute graph. Reserving it anew, for a full batch as at
    start-up, changes no buffer.
    """
    base = _graph_functions()
    if base is None or not hasattr(library()._lib, _GRAPH_RESERVE):
        return None
    reserve = library()._lib[_GRAPH_RESERVE]
    reserve.restype = ctypes.c_void_p
    reserve.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_uint32]
    with hold_interrupt():
        graph = reserve(context, batch, 1, 1)
    if not graph:
        return None
    tensors = {}
    for layer in range(layers):
        pair = []
        for name in (f"cache_k_l{layer}", f"cache_v_l{layer}"):
            tensor = base.ggml_graph_get_tensor(graph, name.encode())
            if tensor:
                address = base.ggml_get_data(tensor) or 0
                pair.append(CacheTensor(address, base.ggml_nbytes(tensor)))
        if len(pair) == 2:
            tensors[layer] = (pair[0], pair[1])
    return tensors or None


@cache
def _graph_functions() -> ctypes.CDLL | None:
    """libggml-base with the functions for names, addresses and sizes of tensors typed."""
    base = ggml("base")
    try:
        if base is None:
            return None
        find, data, size = base.ggml_graph_get_tensor, base.ggml_get_data, base.ggml_nbytes
    except AttributeError:
        return None
    find.restype, find.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p]
    data.restype, data.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    size.restype, size.argtypes = ctypes.c_size_t, [ctypes.c_void_p]
    return base


def memory_view(tensor: CacheTensor) -> NDArray[np.uint8]:
    """The bytes of a cache tensor in host memory, writable, without a copy."""
    buffer = (ctypes.c_uint8 * tensor.size).from_address(tensor.address)
    return np.ctypeslib.as_array(buffer)


@cache
def _half_converter() -> Any:
    """The float16 to float32 conversion of libggml-cpu, which uses the hardware's; None without."""
    convert = getattr(ggml("cpu"), "ggml_cpu_fp16_to_fp32", None)
    if convert is not None:
        convert.restype = None
        convert.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64]
    return convert


def half_to_float(half: NDArray[np.float16], out: NDArray[np.float32]) -> None:
    """Convert C-contiguous float16 values into a C-contiguous float32 array of the same shape.

    NumPy converts half floats one by one; ggml is about five times as fast.
    """
    convert = _half_converter()
    if convert is None:
        out[...] = half
    else:
        convert(half.ctypes.data, out.ctypes.data, half.size)
