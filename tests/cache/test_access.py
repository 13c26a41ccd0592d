"""The rows of a cache: what is read in llama.cpp's memory is checked before it is trusted."""

from __future__ import annotations

from contextlib import closing

import numpy as np
import pytest

from keydiff_cli.cache.access import Layer, find_layout
from keydiff_cli.errors import ModelError
from keydiff_cli.llama import CacheTensor, Context, Model


class Failing(np.ndarray):
    """Rows for which there is no memory when they are written."""

    def __setitem__(self, *_: object) -> None:
        raise MemoryError


def test_a_layer_whose_values_cannot_be_exchanged_keeps_its_keys() -> None:
    keys = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
    layer = Layer(keys.copy(), keys.copy().view(Failing))
    places, heads = np.array([0, 2]), np.array([1, 0])
    with pytest.raises(MemoryError):
        layer.exchange(places, heads, keys[:2, 0], keys[:2, 0])
    np.testing.assert_array_equal(layer.keys, keys)
    np.testing.assert_array_equal(layer.values, keys)


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
