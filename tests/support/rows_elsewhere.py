"""Rows of layers on an RPC server, read and written: ``rows_elsewhere.py SERVER LAYERS TYPE``."""

from __future__ import annotations

import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from gguf_files import decoder
from memory_archive import Kept

from keydiff_cli.cache import KVCache
from keydiff_cli.cache.state import Bytes, parse_state
from keydiff_cli.engine.recall import put_back
from keydiff_cli.llama import Context, LlamaError, Model, Placement
from keydiff_cli.llama import model as models
from keydiff_cli.planning.footprint import measure
from keydiff_cli.policies import POLICIES

KEYDIFF = POLICIES["keydiff-prerope"]
HEADS, HEAD, BLOCK, PINNED = 2, 64, 32, 4
TWO_HEADS = decoder(
    "llama",
    {"attention.head_count_kv": HEADS},
    blk__attn_k__weight=(2 * HEAD, HEADS * HEAD),
    blk__attn_v__weight=(2 * HEAD, HEADS * HEAD),
)


def stored(state: Bytes, cache: KVCache) -> list[Bytes]:
    """Keys of each layer, then values, as serialised: uint8 ``[used cells, heads, bytes]``."""
    return [rows.reshape(len(rows), HEADS, -1) for rows in parse_state(state)[0].rows]


def read(cache: KVCache, archive: Kept, state: Any) -> None:
    """Read 6 blocks into 48 rows a head; what is archived of each is what llama.cpp serialises."""
    random = np.random.default_rng(0)
    cache.append(random.integers(0, 8, PINNED, np.int32))
    cache.pin(0, PINNED)
    for _ in range(6):
        start = cache.position
        cache.append(random.integers(0, 8, BLOCK, np.int32))
        archived = archive.add(cache, BLOCK)
        used = np.flatnonzero(cache.positions >= 0)
        places = np.flatnonzero(cache.positions[used] >= start)
        places = places[np.argsort(cache.positions[used[places]])]
        for rows, whole in zip(archived, stored(state(), cache), strict=True):
            np.testing.assert_array_equal(rows, whole[places].reshape(BLOCK, -1))
        cache.evict(PINNED + 48, KEYDIFF)


def check_plan(path: Path, placement: Placement, kv_type: str) -> None:
    """Raise an error if copies of the whole cache are planned for what needs none."""
    with closing(Model(path, weights=False, placement=placement)) as model:
        planned = measure(model, block=BLOCK, kv_type=kv_type)
    assert planned.there_cell > 0
    assert (planned.direct, planned.copies) == (True, 0)


def check_failure(cache: KVCache, archive: Kept, state: Any) -> None:
    """Raise an error if anything is left of an exchange that llama.cpp refuses at a layer."""
    native: Any = cache._layout.native
    real, before = native.exchange, state()

    def exchange(layer: int, cells: Any, heads: Any, *rows: Bytes) -> tuple[Bytes, Bytes]:
        given: tuple[Bytes, Bytes] = real(layer, cells, heads + HEADS * (layer == 2), *rows)
        return given

    native.exchange = exchange
    try:
        put_back(cache, archive, np.arange(10, 30), PINNED)
    except LlamaError as error:
        assert "layer 2 has no head" in str(error), error
    else:
        sys.exit("llama.cpp has not refused it")
    native.exchange = real
    np.testing.assert_array_equal(state(), before)


def check(server: str, layers: int | None, kv_type: str, path: Path) -> None:
    """Raise an error if rows are not what and where they have to be."""
    placement = Placement(layers, (), (server,))
    check_plan(path, placement, kv_type)
    with (
        closing(Model(path, placement=placement)) as model,
        closing(Context(model, cells=128, batch=BLOCK, kv_type=kv_type)) as context,
    ):
        cache = KVCache(context)
        assert (cache.access, cache._layout.direct) == ("native", None)
        state, unasked = context.state, "the whole state was copied"
        context.state = lambda: sys.exit(unasked)  # type: ignore[method-assign]
        archive = Kept()
        read(cache, archive, state)
        check_failure(cache, archive, state)
        before, origin = state(), np.concatenate(cache.origin)
        tokens = np.arange(10, 30)
        recalled = put_back(cache, archive, tokens, PINNED)
        came, after = recalled.came, stored(state(), cache)
        assert len(came.head) > 4 * len(tokens)
        layer, own = np.divmod(came.head, HEADS)
        used = np.flatnonzero(cache.positions >= 0)
        places = np.searchsorted(used, cache.rows.find(came.head, came.origin))
        archived = [
            rows.reshape(len(tokens), HEADS, -1)[came.origin - PINNED - tokens[0], own]
            for rows in archive.rows(tokens)
        ]
        for number in range(4):
            mine = layer == number
            for part in (number, 4 + number):
                found = after[part][places[mine], own[mine]]
                np.testing.assert_array_equal(found, archived[part][mine])
        cache.append(np.arange(5, dtype=np.int32))
        cache.truncate(cache.position - 5)
        recalled.undo(cache)
        np.testing.assert_array_equal(state(), before)
        np.testing.assert_array_equal(np.concatenate(cache.origin), origin)


def main(server: str, layers: str, kv_type: str) -> None:
    models.require_supported = lambda model: None  # it has no words
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.gguf")
        path.write_bytes(TWO_HEADS)
        check(server, None if layers == "all" else int(layers), kv_type, path)


if __name__ == "__main__":
    main(*sys.argv[1:])
