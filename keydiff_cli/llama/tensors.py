"""The cache tensors: where llama.cpp keeps K and V, and their bytes as NumPy arrays."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.errors import ModelError
from keydiff_cli.llama.interrupts import hold_interrupt
from keydiff_cli.llama.library import function

_GRAPH_RESERVE = "_Z19llama_graph_reserveP13llama_contextjjj"  # exported with its C++ name


class Tensor(ctypes.Structure):
    """The beginning of ``struct ggml_tensor``; :meth:`at` checks that this build lays it out so."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("buffer", ctypes.c_void_p),
        ("ne", ctypes.c_int64 * 4),  # numbers in each dimension, the innermost first
        ("nb", ctypes.c_size_t * 4),  # bytes from a number to the next in each dimension
        ("op", ctypes.c_int),
        ("op_params", ctypes.c_float * 16),
        ("flags", ctypes.c_int32),
        ("src", ctypes.c_void_p * 10),
        ("view_src", ctypes.c_void_p),
        ("view_offs", ctypes.c_size_t),
        ("data", ctypes.c_void_p),
        ("name", ctypes.c_char * 64),
    )

    @classmethod
    def at(cls, address: int) -> Tensor:
        """Look at a ``struct ggml_tensor`` in memory, without a copy.

        Raises
        ------
        ModelError
            If this build lays the structure out in another way, or does not show it.
        """
        name = function("ggml_get_name", ctypes.c_void_p, ctypes.c_void_p)
        if not name or not address or name(address) - address != cls.name.offset:
            raise ModelError("this llama.cpp build does not show its computation")
        return cls.from_address(address)


@dataclass(frozen=True)
class CacheTensor:
    """The cached keys or values of a layer.

    Attributes
    ----------
    tensor
        Address of the ``struct ggml_tensor``.
    address
        Address of its bytes; 0 when nothing is allocated, or they are not in the host's memory.
    size
        Size in bytes.
    host
        Whether the bytes are in the host's memory.
    """

    tensor: int
    address: int
    size: int
    host: bool


CacheTensors: TypeAlias = dict[int, tuple[CacheTensor, CacheTensor]]


def find_tensors(context: Any, batch: int, layers: int) -> CacheTensors | None:
    """Find the cached keys and values of every layer that has them.

    They are looked up by their names in the compute graph. To reserve the graph anew, for a full
    batch as at the start, changes no buffer.

    Parameters
    ----------
    context
        A context of llama.cpp.
    batch
        The most tokens that a decode of the context takes.
    layers
        Number of layers of the model.

    Returns
    -------
    CacheTensors or None
        Keys and values by layer; None if this build does not show them.
    """
    graph = reserve_graph(context, batch) if can_find_tensors() else None
    if not graph:
        return None
    _, find = _graph_functions()
    tensors = {}
    for layer in range(layers):
        pair = []
        for name in (f"cache_k_l{layer}", f"cache_v_l{layer}"):
            if tensor := find(graph, name.encode()):
                pair.append(cache_tensor(tensor))
        if len(pair) == 2:
            tensors[layer] = (pair[0], pair[1])
    return tensors or None


def reserve_graph(context: Any, batch: int) -> Any:
    """Return the compute graph of a full batch, valid until the next; None if it is not shown."""
    reserve, _ = _graph_functions()
    if not reserve:
        return None
    with hold_interrupt():
        return reserve(context, batch, 1, 1)


def can_find_tensors() -> bool:
    """Tell whether :func:`find_tensors` works with this llama.cpp build."""
    return all((*_graph_functions(), *_functions()))


def _graph_functions() -> tuple[Any, Any]:
    """Return the functions that reserve a graph and look up a tensor; None where hidden."""
    pointer, number = ctypes.c_void_p, ctypes.c_uint32
    return (
        function(_GRAPH_RESERVE, pointer, pointer, number, number, number),
        function("ggml_graph_get_tensor", pointer, pointer, ctypes.c_char_p),
    )


def cache_tensor(tensor: int) -> CacheTensor:
    """Describe the ``struct ggml_tensor`` at an address."""
    data, size = _functions()
    host = on_host(tensor)
    return CacheTensor(tensor, (data(tensor) or 0) if host else 0, size(tensor), host)


def on_host(tensor: int) -> bool:
    """Tell whether the bytes of the ``struct ggml_tensor`` at an address are in host memory."""
    is_host = function("ggml_backend_buffer_is_host", ctypes.c_bool, ctypes.c_void_p)
    node = Tensor.at(tensor)
    buffer = Tensor.at(node.view_src).buffer if node.view_src else node.buffer
    return not buffer or bool(is_host(buffer))


def read_tensor(tensor: int, size: int) -> NDArray[np.uint8]:
    """Copy the first bytes of a tensor, on whatever device they are: uint8 ``[size]``."""
    copy = np.empty(size, np.uint8)
    pointer, number = ctypes.c_void_p, ctypes.c_size_t
    get = function("ggml_backend_tensor_get", None, pointer, pointer, number, number)
    get(tensor, copy.ctypes.data, 0, size)
    return copy


def _functions() -> tuple[Any, Any]:
    """Return the functions for the address and the size of a tensor's bytes; None where hidden."""
    pointer = ctypes.c_void_p
    return (
        function("ggml_get_data", pointer, pointer),
        function("ggml_nbytes", ctypes.c_size_t, pointer),
    )


def memory_view(tensor: CacheTensor) -> NDArray[np.uint8]:
    """Return the bytes of a cache tensor in host memory: uint8 ``[size]``, writable, no copy."""
    buffer = (ctypes.c_uint8 * tensor.size).from_address(tensor.address)
    return np.ctypeslib.as_array(buffer)


def _half_converter() -> Any:
    """Return ggml's conversion of float16 to float32, done by the hardware; None if hidden."""
    pointer = ctypes.c_void_p
    return function("ggml_cpu_fp16_to_fp32", None, pointer, pointer, ctypes.c_int64)


def half_to_float(half: NDArray[np.float16], out: NDArray[np.float32]) -> None:
    """Convert C-contiguous float16 values into a C-contiguous float32 array of the same shape.

    NumPy converts a number at a time; ggml is about five times as fast.
    """
    convert = _half_converter()
    if convert is None:
        out[...] = half
    else:
        convert(half.ctypes.data, out.ctypes.data, half.size)
