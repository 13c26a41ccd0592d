"""The layout of a serialised cache, against blobs written out by hand."""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keydiff_cli.cache.state import STATE_HEAD, CacheState, build_state, parse_state

steady = settings(derandomize=True, deadline=None, max_examples=200)

HEADER = struct.pack("<Ii", 0x67676D6C, 0)


@dataclass
class Cache:
    """What one cache of a blob says; rows are filled with distinct bytes."""

    positions: list[int]
    widths: list[tuple[int, int]] = field(default_factory=lambda: [(8, 4), (6, 10)])
    streams: int = 1
    sequences: int = 1
    transposed: int = 0

    def rows(self, layer: int, width: int, offset: int) -> np.ndarray:
        count = len(self.positions) * width
        numbers = np.arange(count) * 7 + layer * 31 + offset
        return (numbers % 251).astype(np.uint8).reshape(len(self.positions), width)

    def pack(self) -> bytes:
        blob = struct.pack("<II", self.streams, len(self.positions))
        if not self.positions:
            return blob
        for position in self.positions:
            blob += struct.pack("<iIi", position, self.sequences, 0)
        blob += struct.pack("<II", self.transposed, len(self.widths))
        for part, offset in ((0, 0), (1, 100)):
            for layer, widths in enumerate(self.widths):
                width = widths[part]
                blob += struct.pack("<iQ", 1, width)
                blob += self.rows(layer, width, offset).tobytes()
        return blob


def pack(*caches: Cache) -> np.ndarray:
    blob = HEADER + b"".join(cache.pack() for cache in caches)
    return np.frombuffer(blob, np.uint8)


def check(parsed: CacheState, cache: Cache) -> None:
    assert parsed.positions.dtype == np.int32
    assert parsed.positions.tolist() == cache.positions
    for layer, (width_k, width_v) in enumerate(cache.widths if cache.positions else []):
        assert np.array_equal(parsed.keys[layer], cache.rows(layer, width_k, 0))
        assert np.array_equal(parsed.values[layer], cache.rows(layer, width_v, 100))
    layers = len(cache.widths) if cache.positions else 0
    assert len(parsed.keys) == len(parsed.values) == layers


caches = st.builds(
    Cache,
    st.lists(st.integers(0, 2**31 - 1), max_size=5),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=3),
)


@given(st.lists(caches, min_size=1, max_size=2))
@steady
def test_what_was_written_is_read(written: list[Cache]) -> None:
    parsed = parse_state(pack(*written))
    assert len(parsed) == len(written)
    for state, cache in zip(parsed, written, strict=True):
        check(state, cache)


def test_rows_are_views_of_the_blob() -> None:
    blob = pack(Cache([0, 1, 2])).copy()
    state = parse_state(blob)[0]
    shared = [np.shares_memory(rows, blob) for rows in (*state.keys, *state.values)]
    assert shared == [True] * len(state.rows) != []


def test_positions_survive_the_blob() -> None:
    blob = pack(Cache([4, 5, 6])).copy()
    state = parse_state(blob)[0]
    blob[:] = 0
    assert state.positions.tolist() == [4, 5, 6]


def test_an_empty_cache_has_no_layers() -> None:
    full, windowed = parse_state(pack(Cache([]), Cache([7])))
    assert (full.positions.tolist(), full.keys, full.values) == ([], [], [])
    assert windowed.positions.tolist() == [7]


@pytest.mark.parametrize("written", [[Cache([3, 9])], [Cache([0, 1]), Cache([1])]])
def test_cut_short_anywhere_it_is_refused(written: list[Cache]) -> None:
    blob = pack(*written)
    whole = {len(pack(*written[:count])) for count in range(1, len(written) + 1)}
    for length in range(len(blob)):
        if length not in whole:  # at the end of its first cache a blob of two is one of one
            with pytest.raises(ValueError):
                parse_state(blob[:length])


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (Cache([1, 2], streams=2), "several streams"),
        (Cache([1, 2], streams=0), "streams"),
        (Cache([1, 2], transposed=1), "transposed"),
        (Cache([1, 2], sequences=2), "shares cells"),
        (Cache([1, 2], sequences=0), "shares cells"),
    ],
)
def test_another_kind_of_cache_is_refused(wrong: Cache, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_state(pack(wrong))
    with pytest.raises(ValueError, match=why):
        parse_state(pack(Cache([5]), wrong))


@given(st.integers(0, 200), st.binary(min_size=1, max_size=8))
@steady
def test_damage_is_read_or_refused_but_never_worse(place: int, damage: bytes) -> None:
    blob = bytearray(pack(Cache([3, 9]), Cache([9])).tobytes())
    place %= len(blob)
    blob[place : place + len(damage)] = damage
    with contextlib.suppress(ValueError):
        parse_state(np.frombuffer(bytes(blob), np.uint8))


@given(st.binary(max_size=80))
@steady
def test_noise_is_refused(noise: bytes) -> None:
    if len(noise) < 16 or noise[8:12] != b"\1\0\0\0":
        with pytest.raises(ValueError):
            parse_state(np.frombuffer(noise, np.uint8))


def test_a_blob_is_built_as_llama_cpp_writes_it() -> None:
    first, second = Cache([4, 9, 2]), Cache([9, 4], widths=[(12, 6)])
    blob = pack(first, second)
    parsed = parse_state(blob)
    widths = [rows.shape[1] for rows in parsed[0].rows]
    built = build_state(blob[:STATE_HEAD], parsed[0].positions, 1, widths, blob[parsed[0].end :])
    empty = parse_state(built)[0]
    assert not any(rows.any() for rows in empty.rows)
    for target, rows in zip(empty.rows, parsed[0].rows, strict=True):
        target[:] = rows
    np.testing.assert_array_equal(built, blob)
