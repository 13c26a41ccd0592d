"""The bytes of tensors as numbers."""

from __future__ import annotations

import numpy as np
import pytest

from keydiff_cli import llama
from keydiff_cli.llama import tensors


@pytest.mark.parametrize("with_library", [True, False])
def test_halves_become_floats_exactly(with_library: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not with_library:
        monkeypatch.setattr(tensors, "_half_converter", lambda: None)
    elif tensors._half_converter() is None:
        pytest.skip("this build does not export the conversion")
    half = np.arange(2**16, dtype=np.uint16).view(np.float16)
    half = np.ascontiguousarray(half[np.isfinite(half)])
    floats = np.empty(half.shape, np.float32)
    llama.half_to_float(half, floats)
    np.testing.assert_array_equal(floats.view(np.int32), half.astype(np.float32).view(np.int32))
