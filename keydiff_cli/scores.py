"""Scorers: which cached rows are worth keeping. Pure NumPy, no model, no state.

A scorer maps the rows of one layer to one number per row and KV head; the higher, the
longer it stays. What is protected, how many stay and where they move is decided in
:mod:`keydiff_cli.eviction`.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]

_CHUNK = 1024  # rows widened at a time: 1024 x 2 heads x 128 values fill half of a 2 MB L2 cache
_SIGN_AND_MAGNITUDE = np.int32(-0x70000001)  # bit 31 and bits 27..0
_REBIAS = np.float32(2.0**112)  # float32 exponent bias 127 - float16 exponent bias 15
_scratch = threading.local()


@dataclass(frozen=True)
class Rows:
    """The cached rows of one layer, in any order.

    Attributes
    ----------
    keys
        Keys as cached, after RoPE: float16 or float32 ``[rows, heads, head_dim]``.
    origin
        Index in the token stream that each row comes from: int32 ``[heads, rows]``.
    """

    keys: NDArray[np.float16] | Float32
    origin: NDArray[np.int32]


class Scorer(Protocol):
    """Scores the rows of one layer: float32 ``[heads, rows]``, higher = keep."""

    def __call__(self, rows: Rows) -> Float32: ...


@dataclass(frozen=True)
class KeyDiff:
    """Keep the keys least similar to all others.

    ``mu = mean(k_i / |k_i|)``, ``score_i = -cos(k_i, mu)``, for every head on its own.
    Source: KeyDiff, arXiv 2504.15364, section 3.
    """

    def __call__(self, rows: Rows) -> Float32:
        keys = rows.keys
        n, heads, dim = keys.shape
        inverse_norm = np.empty((heads, n), np.float32)
        mean = np.zeros((heads, dim), np.float32)
        for start in range(0, n, _CHUNK):
            chunk = _float32(keys[start : start + _CHUNK])
            squares = np.einsum("nhd,nhd->hn", chunk, chunk)
            weight = 1.0 / np.sqrt(np.maximum(squares, np.finfo(np.float32).tiny))
            inverse_norm[:, start : start + _CHUNK] = weight
            for h in range(heads):
                mean[h] += weight[h] @ chunk[:, h]
        length = np.linalg.norm(mean, axis=1, keepdims=True)
        mean /= np.maximum(length, np.finfo(np.float32).tiny)
        cosine = np.empty((heads, n), np.float32)
        for start in range(0, n, _CHUNK):
            chunk = _float32(keys[start : start + _CHUNK])
            for h in range(heads):
                np.matmul(chunk[:, h], mean[h], out=cosine[h, start : start + _CHUNK])
        cosine *= inverse_norm
        np.negative(cosine, out=cosine)
        return cosine


@dataclass(frozen=True)
class Recency:
    """Keep the most recent tokens: a sliding window.

    With the first tokens protected as attention sinks this is StreamingLLM
    (arXiv 2309.17453, section 3.2).
    """

    def __call__(self, rows: Rows) -> Float32:
        # float32 is exact up to 2**24; ranks within the cache stay exact for any length.
        oldest = rows.origin.min(axis=1, keepdims=True)
        age: Float32 = (rows.origin - oldest).astype(np.float32)
        return age


def z_scores(scores: Float32) -> Float32:
    """Scores of each head shifted to mean 0 and scaled to deviation 1: ``[heads, rows]``."""
    centred = scores - scores.mean(axis=1, keepdims=True)
    deviation = centred.std(axis=1, keepdims=True)
    # Scores that are all equal differ by rounding only, which must not be blown up.
    result: Float32 = centred / np.maximum(deviation, np.float32(1e-6))
    return result


def widen(half: NDArray[np.float16], out: Float32) -> Float32:
    """Convert finite float16 values to float32 exactly, about three times as fast as ``astype``.

    NumPy converts half floats one by one. Moving sign, exponent and mantissa into place as
    integers and correcting the exponent with one multiplication is vectorised, and exact for
    subnormals too. Infinities and NaN, which no cached key holds, become large finite numbers.
    """
    bits = out.view(np.int32)
    bits[...] = half.view(np.int16)
    np.left_shift(bits, 13, out=bits)
    np.bitwise_and(bits, _SIGN_AND_MAGNITUDE, out=bits)
    np.multiply(out, _REBIAS, out=out)
    return out


def _float32(keys: NDArray[np.float16] | Float32) -> Float32:
    """``keys`` as float32, in a buffer of this thread that the next call overwrites."""
    if keys.dtype == np.float32:
        return cast(Float32, keys)
    buffer = getattr(_scratch, "buffer", None)
    if buffer is None or buffer.size < keys.size:
        buffer = _scratch.buffer = np.empty(keys.size, np.float32)
    return widen(cast(NDArray[np.float16], keys), buffer[: keys.size].reshape(keys.shape))
