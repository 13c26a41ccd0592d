"""Stored keys that are turned to other positions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache.access import Layout
from keydiff_cli.cache.quantized import dequantize, half_numbers, quantize_numbers
from keydiff_cli.cache.state import Bytes
from keydiff_cli.scores import Float32, Rotation

_ROWS = 256  # turned at a time, so that this takes little memory


def turned(keys: Bytes, rotation: Rotation, steps: NDArray[np.int32], kv_type: str) -> Bytes:
    """Keys of one head turned on by so many positions each: uint8 ``[rows, bytes]`` both.

    Those that stay where they are stay bit by bit.

    Parameters
    ----------
    rotation
        How the layer rotates its keys.
    steps
        Positions, negative to turn back: int32 ``[rows]``.
    kv_type
        How the keys are stored: ``f16`` or ``q8_0``.
    """
    result = keys.copy()
    moved = np.flatnonzero(steps) if len(rotation.frequencies) else np.empty(0, np.int64)
    for first in range(0, len(moved), _ROWS):
        part = moved[first : first + _ROWS]
        numbers = rotation.turn(_numbers(keys[part], kv_type), steps[part])
        result[part] = _stored(numbers.astype(np.float32), kv_type)
    return result


def turned_heads(keys: Bytes, rotation: Rotation, steps: NDArray[np.int32], kv_type: str) -> Bytes:
    """Keys of all heads of a layer turned on: uint8 ``[rows, bytes]`` both.

    Parameters
    ----------
    steps
        Positions of each head: int32 ``[heads, rows]``.
    """
    result = keys.copy()
    split = result.reshape(len(keys), len(steps), -1)
    for head, own in enumerate(steps):
        split[:, head] = turned(split[:, head], rotation, own, kv_type)
    return result


def turned_rows(layout: Layout, rows: Iterable[Bytes], steps: NDArray[np.int32]) -> Iterator[Bytes]:
    """Rows with their keys turned on: keys of each layer, then values, uint8 ``[rows, bytes]``.

    Parameters
    ----------
    steps
        Positions of the heads of all layers: int32 ``[heads, rows]``.

    Raises
    ------
    ModelError
        If it is not known how a layer rotates its keys.
    """
    bounds = list(pairwise(layout.offsets))
    for number, part in enumerate(rows):
        if number < len(bounds):
            own = steps[slice(*bounds[number])]
            yield turned_heads(part, layout.known_rotation(number), own, layout.kv_type)
        else:
            yield part


def _numbers(keys: Bytes, kv_type: str) -> Float32:
    return dequantize(keys) if kv_type == "q8_0" else half_numbers(keys)


def _stored(numbers: Float32, kv_type: str) -> Bytes:
    if kv_type == "q8_0":
        return quantize_numbers(numbers)
    return numbers.astype(np.float16).view(np.uint8)
