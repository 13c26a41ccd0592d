"""The types of the cached keys and values, and how much room they take."""

from __future__ import annotations

KV_TYPES = {"f16": 1, "q8_0": 8}  # numbers of ggml's types by the names of the setting
Q8_0_BLOCK, Q8_0_VALUES = 34, 32  # bytes and values of a block: a float16 scale and int8 values
KV_BYTES = {"f16": 2.0, "q8_0": Q8_0_BLOCK / Q8_0_VALUES}  # bytes that a cached number takes
