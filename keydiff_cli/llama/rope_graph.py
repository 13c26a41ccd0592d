"""How each layer rotates its keys, read from the graph that llama.cpp computes."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.llama.library import function
from keydiff_cli.llama.tensors import Tensor, read_tensor, reserve_graph
from keydiff_cli.scores import Rotation

Rotations: TypeAlias = dict[int, Rotation]

_KEYS = re.compile(rb"cache_k_l(\d+)\b.*")
_PROJECTION = re.compile(rb"blk\.\d+\.attn_(k|qkv)\.weight")
# Hadamard's matrix, by which llama.cpp mixes keys to quantise them, or a copy on another device.
_MIXER = re.compile(rb"(.*#)?attn_inp_k_rot(#\d+)?")
# Operations that keep the keys, or all of a head alike, and so may stand before or after RoPE.
_PASSED = (b"VIEW", b"RESHAPE", b"PERMUTE", b"TRANSPOSE", b"CONT", b"SCALE", b"RMS_NORM")
_WEIGHTING = (b"ADD", b"MUL")  # operations that may stand before RoPE, and not after it
_ORDERS = {0: True, 2: False}  # by ggml's type of RoPE: whether numbers beside each other pair up


def find_rotations(context: Any, batch: int) -> Rotations:
    """Find out how each layer rotates its keys before they go into the cache.

    Parameters
    ----------
    context
        A context of llama.cpp. If its model has no weights, a model's own factors for the
        frequencies are left out.
    batch
        The most tokens that a decode of the context takes.

    Returns
    -------
    Rotations
        By layer; layers that do something unknown to their keys are left out.
    """
    rotations: Rotations = {}
    known: dict[tuple[bytes, bool, int], Rotation] = {}  # layers that rotate alike share a rotation
    for layer, node in _written_keys(context, batch):
        rotation = _follow(node)
        if rotation is not None:
            content = rotation.frequencies.tobytes(), rotation.adjacent, rotation.mixed
            rotations[layer] = known.setdefault(content, rotation)
    return rotations


def _written_keys(context: Any, batch: int) -> Iterator[tuple[int, Tensor]]:
    """Yield each layer with the tensor that is written into its cache of keys."""
    number, pointer = ctypes.c_int, ctypes.c_void_p
    count = function("ggml_graph_n_nodes", number, pointer)
    get = function("ggml_graph_node", pointer, pointer, number)
    graph = reserve_graph(context, batch)
    if not (graph and count and get and _operation()):
        return
    for index in range(count(graph)):
        node = get(graph, index)
        if _operation()(node) != b"SET_ROWS":
            continue
        tensor = Tensor.at(node)
        match = _KEYS.fullmatch(Tensor.at(tensor.view_src).name) if tensor.view_src else None
        if match:
            yield int(match[1]), Tensor.at(tensor.src[0])


def _follow(tensor: Tensor) -> Rotation | None:
    """Return the rotation on the way from the projection of the keys to a tensor.

    None if something on this way is unknown.
    """
    mixed, weighted = 1, False
    while True:
        operation = _operation()(ctypes.addressof(tensor))
        if operation == b"ROPE":
            return None if weighted else _rotation(tensor, mixed)
        source = Tensor.at(tensor.src[0]) if tensor.src[0] else None
        if source is None:
            return None
        if operation == b"MUL_MAT":
            if _MIXER.fullmatch(source.name):
                mixed = source.ne[0]
                source = Tensor.at(tensor.src[1])
            elif _PROJECTION.fullmatch(source.name):
                return Rotation(np.empty(0), mixed=mixed)  # keys without a position
            else:
                return None
        elif operation in _WEIGHTING:
            weighted = True
        elif operation not in _PASSED:
            return None
        tensor = source


def _rotation(rope: Tensor, mixed: int) -> Rotation | None:
    """Read the rotation from the parameters of a RoPE node; None if it is of an unknown kind.

    Its frequencies, float64 ``[pairs]`` in radians per position, are those of YaRN (arXiv
    2309.00071, section 3.4), as ggml computes them.
    """
    numbers = np.array(rope.op_params, np.float32)
    dimensions, kind, trained = (int(numbers.view(np.int32)[index]) for index in (1, 2, 4))
    base, scale, extrapolation = (float(numbers[index]) for index in (5, 6, 7))
    fast, slow = (float(numbers[index]) for index in (9, 10))
    offset = int(numbers.view(np.int32)[15])
    pairs = np.arange(dimensions // 2)
    factors = _factors(rope, len(pairs))
    if kind not in _ORDERS or offset or factors is None:
        return None
    frequencies = base ** (-2 * pairs / dimensions) / factors
    if extrapolation:
        # Pairs that turn often within the trained context keep their frequency.
        border = [
            dimensions * np.log(trained / (turns * 2 * np.pi)) / (2 * np.log(base))
            for turns in (fast, slow)
        ]
        low, high = max(0, np.floor(border[0])), min(dimensions - 1, np.ceil(border[1]))
        kept = extrapolation * (1 - np.clip((pairs - low) / max(0.001, high - low), 0, 1))
        frequencies = frequencies * (scale * (1 - kept) + kept)
    else:
        frequencies = frequencies * scale
    return Rotation(frequencies, _ORDERS[kind], mixed)


def _factors(rope: Tensor, count: int) -> NDArray[np.float32] | None:
    """Return by what a model divides its frequencies: float32 ``[pairs]``; None if out of reach."""
    if not rope.src[2]:
        return np.ones(count, np.float32)
    factors = Tensor.at(rope.src[2])
    if not factors.buffer:  # not in memory yet
        return None
    if not factors.data:  # the model has no weights
        return np.ones(count, np.float32)
    return read_tensor(rope.src[2], 4 * count).view(np.float32)


def _operation() -> Any:
    """Return ggml's function that names the operation of a node; None if it is hidden."""
    return function("ggml_op_desc", ctypes.c_char_p, ctypes.c_void_p)
