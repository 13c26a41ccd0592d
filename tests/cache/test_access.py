"""The rows of a cache: what is read in llama.cpp's memory is checked before it is trusted."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from keydiff_cli.cache.access import dequantize, find_layout
from keydiff_cli.errors import ModelError
from keydiff_cli.llama import CacheTensor, Context, Model


@pytest.mark.model
def test_direct_access_is_refused_where_the_bytes_differ(
    small_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An address that is not the cache's must never be written to."""
    real = Context.cache_tensors

    def shifted(self: Context) -> dict:
        tensors = real(self)
        key, value = tensors[3]
        tensors[3] = (value, key)
        assert isinstance(key, CacheTensor)
        return tensors

    monkeypatch.setattr(Context, "cache_tensors", shifted)
    monkeypatch.setattr(Context, "native_cache", lambda _: None)
    with closing(Context(small_model, cells=64, batch=16)) as context:
        assert find_layout(context).access == "copy"
        with pytest.raises(ModelError, match="gives no direct access"):
            find_layout(context, "direct")


@pytest.mark.model
def test_the_same_layers_are_seen_by_every_access(small_model: Model) -> None:
    with closing(Context(small_model, cells=64, batch=16)) as context:
        direct, copy = find_layout(context, "direct"), find_layout(context, "copy")
    assert (direct.access, copy.access) == ("direct", "copy")
    assert direct.numbers == copy.numbers == list(range(small_model.layers))
    assert direct.heads == copy.heads
    assert direct.widths == copy.widths
    assert [rows.shape[1] for rows in direct.whole] == direct.widths
    assert not copy.whole
    assert direct.half


def test_quantised_keys_become_numbers() -> None:
    """Block by block: a float16 scale, then 32 int8 values (ggml's q8_0)."""
    random = np.random.default_rng(0)
    scales = random.normal(size=(5, 3, 2)).astype(np.float16)
    values = random.integers(-127, 128, size=(5, 3, 2, 32), dtype=np.int8)
    stored = np.concatenate((scales[..., None].view(np.uint8), values.view(np.uint8)), axis=-1)
    numbers = dequantize(stored.reshape(5, 3, 68))
    expected = (values * scales[..., None].astype(np.float32)).reshape(5, 3, 64)
    np.testing.assert_array_equal(numbers, expected)
