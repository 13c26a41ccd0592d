"""Rows in ggml's q8_0, against the format written out and against llama.cpp itself."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from keydiff_cli.cache.quantized import dequantize, quantize, quantized_width, to_half
from keydiff_cli.llama.library import function


def test_stored_numbers_are_read_block_by_block() -> None:
    """A float16 scale, then 32 int8 values."""
    random = np.random.default_rng(0)
    scales = random.normal(size=(5, 3, 2)).astype(np.float16)
    values = random.integers(-127, 128, size=(5, 3, 2, 32), dtype=np.int8)
    stored = np.concatenate((scales[..., None].view(np.uint8), values.view(np.uint8)), axis=-1)
    numbers = dequantize(stored.reshape(5, 3, 68))
    expected = (values * scales[..., None].astype(np.float32)).reshape(5, 3, 64)
    np.testing.assert_array_equal(numbers, expected)
    halves = to_half(stored.reshape(15, 68)).view(np.float16)
    np.testing.assert_array_equal(halves, expected.reshape(15, 64).astype(np.float16))


def rows(shape: tuple[int, ...]) -> np.ndarray:
    """Numbers of all sizes, some of them zero in whole blocks."""
    random = np.random.default_rng(1)
    numbers = random.normal(size=shape) * 10 ** random.uniform(-6, 4, shape)
    numbers[1] = 0
    return numbers.astype(np.float16)


def test_numbers_are_stored_as_llama_cpp_stores_them() -> None:
    half = rows((40, 96))
    stored = quantize(half.view(np.uint8))
    assert stored.shape == (40, quantized_width(192)) == (40, 102)
    reference = function(
        "quantize_row_q8_0_ref", None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64
    )
    if not reference:
        pytest.skip("this llama.cpp build hides it")
    numbers, theirs = half.astype(np.float32), np.empty_like(stored)
    reference(numbers.ctypes.data, theirs.ctypes.data, numbers.size)
    apart = np.abs(stored.view(np.int8).astype(int) - theirs.view(np.int8))
    assert apart.max() <= 1
    assert (apart > 0).mean() < 0.01  # a value halfway between two


def test_what_is_stored_is_within_half_a_step() -> None:
    half = rows((40, 96))
    back = dequantize(quantize(half.view(np.uint8)))
    blocks, errors = (part.astype(np.float64).reshape(-1, 32) for part in (half, back - half))
    step = np.abs(blocks).max(axis=1, keepdims=True) / 127
    assert (np.abs(errors) <= 0.5 * step * (1 + 127 / 512) + 1e-5).all()  # of a scale in float16


def test_rows_of_no_whole_blocks_are_refused() -> None:
    with pytest.raises(ValueError, match="40 numbers are no whole blocks of 32"):
        quantized_width(80)
