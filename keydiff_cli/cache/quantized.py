"""Rows in ggml's q8_0: blocks of 32 numbers, a float16 scale and 32 int8 values each."""

from __future__ import annotations

import numpy as np

from keydiff_cli.cache.state import Bytes
from keydiff_cli.llama import Q8_0_BLOCK, Q8_0_VALUES, half_to_float
from keydiff_cli.scores import Float32

_HALF = 2  # bytes of a float16


def quantized_width(width: int) -> int:
    """Bytes that a row of ``width`` bytes of float16 takes as q8_0.

    Raises
    ------
    ValueError
        If its numbers do not fill whole blocks.
    """
    blocks, rest = divmod(width, _HALF * Q8_0_VALUES)
    if rest:
        raise ValueError(f"{width // _HALF} numbers are no whole blocks of {Q8_0_VALUES}")
    return blocks * Q8_0_BLOCK


def quantize(rows: Bytes) -> Bytes:
    """Rows stored as float16 as q8_0: uint8 ``[rows, bytes]`` both.

    As llama.cpp does it, but that a value halfway between two goes to the even one.
    """
    # Without their sign, float16 are in the order of the whole numbers that have their bits.
    bits = np.ascontiguousarray(rows).view(np.uint16) & np.uint16(0x7FFF)
    largest = bits.reshape(-1, Q8_0_VALUES).max(axis=1).view(np.float16).astype(np.float32)
    return _quantize(half_numbers(rows), largest)


def quantize_numbers(numbers: Float32) -> Bytes:
    """Numbers, float32 ``[rows, numbers]``, as :func:`quantize` does rows; they are overwritten."""
    return _quantize(numbers, np.abs(numbers.reshape(-1, Q8_0_VALUES)).max(axis=1))


def _quantize(numbers: Float32, largest: Float32) -> Bytes:
    """Numbers as q8_0, from the largest size in each block; they are overwritten."""
    blocks, scale = numbers.reshape(-1, Q8_0_VALUES), largest / np.float32(127)
    blocks *= np.divide(1, scale, out=np.zeros_like(scale), where=scale > 0)[:, None]
    stored = np.empty((len(blocks), Q8_0_BLOCK), np.uint8)
    stored[:, :_HALF] = scale.astype(np.float16)[:, None].view(np.uint8)
    np.copyto(stored[:, _HALF:].view(np.int8), np.rint(blocks, out=blocks), casting="unsafe")
    return stored.reshape(len(numbers), -1)


def half_numbers(rows: Bytes) -> Float32:
    """Rows stored as float16, uint8 ``[rows, bytes]``, as float32 ``[rows, numbers]``."""
    half = np.ascontiguousarray(rows).view(np.float16)
    numbers = np.empty(half.shape, np.float32)
    half_to_float(half, numbers)
    return numbers


def dequantize(rows: Bytes) -> Float32:
    """Rows stored as q8_0, uint8 ``[..., bytes]``, as float32 ``[..., numbers]``."""
    blocks = rows.reshape(*rows.shape[:-1], -1, Q8_0_BLOCK)
    scale = np.ascontiguousarray(blocks[..., :_HALF]).view(np.float16).astype(np.float32)
    numbers: Float32 = blocks[..., _HALF:].view(np.int8) * scale
    return numbers.reshape(*rows.shape[:-1], -1)


def to_half(rows: Bytes) -> Bytes:
    """Rows stored as q8_0 as float16: uint8 ``[rows, bytes]`` both."""
    return dequantize(rows).astype(np.float16).view(np.uint8)
