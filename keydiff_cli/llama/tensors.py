"""The cache tensors: where llama.cpp keeps K and V, and their bytes as NumPy arrays."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.llama.library import function, hold_interrupt

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
    if not can_find_tensors():
        return None
    reserve, find = _graph_functions()
    with hold_interrupt():
        graph = reserve(context, batch, 1, 1)
    if not graph:
        return None
    tensors = {}
    for layer in range(layers):
        pair = []
        for name in (f"cache_k_l{layer}", f"cache_v_l{layer}"):
            if tensor := find(graph, name.encode()):
                pair.append(cache_tensor(tensor))
        if len(pair) == 2:
            tensors[layer] = (pair[0], pair[1])
    return tensors or None


def can_find_tensors() -> bool:
    """Whether :func:`find_tensors` works with this llama.cpp build."""
    return all((*_graph_functions(), *_functions()))


def _graph_functions() -> tuple[Any, Any]:
    pointer, number = ctypes.c_void_p, ctypes.c_uint32
    return (
        function(_GRAPH_RESERVE, pointer, pointer, number, number, number),
        function("ggml_graph_get_tensor", pointer, pointer, ctypes.c_char_p),
    )


def cache_tensor(tensor: int) -> CacheTensor:
    """The tensor at an address of a ``struct ggml_tensor``."""
    data, size = _functions()
    return CacheTensor(data(tensor) or 0, size(tensor))


def _functions() -> tuple[Any, Any]:
    pointer = ctypes.c_void_p
    return (
        function("ggml_get_data", pointer, pointer),
        function("ggml_nbytes", ctypes.c_size_t, pointer),
    )


def memory_view(tensor: CacheTensor) -> NDArray[np.uint8]:
    """The bytes of a cache tensor in host memory, writable, without a copy."""
    buffer = (ctypes.c_uint8 * tensor.size).from_address(tensor.address)
    return np.ctypeslib.as_array(buffer)


def _half_converter() -> Any:
    """The conversion of float16 to float32 by ggml, which uses the hardware's; None without."""
    pointer = ctypes.c_void_p
    return function("ggml_cpu_fp16_to_fp32", None, pointer, pointer, ctypes.c_int64)


def half_to_float(half: NDArray[np.float16], out: NDArray[np.float32]) -> None:
    """Convert C-contiguous float16 values into a C-contiguous float32 array of the same shape.

    NumPy converts half floats one by one; ggml is about five times as fast.
    """
    convert = _half_converter()
    if convert is None:
        out[...] = half
    else:
        convert(half.ctypes.data, out.ctypes.data, half.size)
