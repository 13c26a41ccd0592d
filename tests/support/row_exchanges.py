"""A cache out of which rows were evicted, others to put in their place, and exchanges that fail."""

from __future__ import annotations

from itertools import count
from typing import Any

import numpy as np
import pytest
from fake_cache import HEADS, KEYS, LAYERS, VALUES, WIDTH, append, fake_cache, rotated

from keydiff_cli.cache import HeadRows, KVCache
from keydiff_cli.cache.state import Bytes
from keydiff_cli.llama import LlamaError
from keydiff_cli.policies import POLICIES

KEYDIFF = POLICIES["keydiff-prerope"]


def read(monkeypatch: pytest.MonkeyPatch, access: str) -> KVCache:
    """A cache out of which 24 of 40 tokens of each head were evicted, 4 of them pinned."""
    cache = fake_cache(monkeypatch, access)
    append(cache, 4)
    cache.pin(0, 4)
    append(cache, 36)
    cache.evict(16, KEYDIFF)
    append(cache, 5)
    return cache


def made(head: np.ndarray[Any, Any], token: np.ndarray[Any, Any]) -> HeadRows:
    """The rows of tokens as they were in the cache when nothing had been evicted."""
    layers, own = np.divmod(head, HEADS)
    keys: list[Bytes] = []
    values: list[Bytes] = []
    for layer in range(LAYERS):
        these = token[layers == layer], layer, own[layers == layer]
        turned = rotated(KEYS[these], token[layers == layer].astype(np.int32))
        keys.append(turned.view(np.uint8).reshape(-1, WIDTH * 2))
        values.append(VALUES[these].view(np.uint8).reshape(-1, WIDTH * 2))
    numbers = token.astype(np.int32)
    return HeadRows(head, numbers, numbers, np.zeros(len(head), np.float32), keys, values)


def lacking(cache: KVCache) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Two tokens that each head lacks: heads and tokens."""
    origin = np.concatenate(cache.origin)
    pairs = [
        (head, token)
        for head, held in enumerate(origin)
        for token in sorted(set(range(40)) - set(held.tolist()))[:2]
    ]
    head, token = np.array(pairs).T
    return head, token


def worst(cache: KVCache, head: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A cell for each row, of tokens that are not pinned."""
    origin = np.concatenate(cache.origin)
    cells = [np.flatnonzero(held >= 4)[:2] for held in origin]
    assert len(head) == sum(map(len, cells))
    return np.concatenate(cells)


def fail(cache: KVCache, monkeypatch: pytest.MonkeyPatch, *calls: int) -> None:
    """Have an exchange of the rows of a layer elsewhere fail, by its number among all of them."""
    native: Any = cache._layout.native
    real, done = native.exchange, count()

    def exchange(*given: Any) -> tuple[Bytes, Bytes]:
        if next(done) in calls:
            raise LlamaError("the device is gone")
        given_back: tuple[Bytes, Bytes] = real(*given)
        return given_back

    monkeypatch.setattr(native, "exchange", exchange)
