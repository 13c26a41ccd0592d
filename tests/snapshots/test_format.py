"""The file of a snapshot: it comes back whole, or is found out."""

from __future__ import annotations

import hashlib
import io
import json
import math
import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from snapshot_helpers import DESCRIPTION, arrays, save

from keydiff_cli.snapshots import DamagedError, SnapshotFile, Store
from keydiff_cli.snapshots.format import write_file


def test_what_was_written_comes_back(store: Store) -> None:
    entry = save(store)
    file = store.open(entry)
    assert file is not None
    with file:
        assert file.description == DESCRIPTION
        for name, expected in arrays():
            stored = file.array(name)
            assert stored.dtype == expected.dtype
            np.testing.assert_array_equal(stored, expected)
        assert len(list(file.arrays("rows"))) == 2
        with pytest.raises(DamagedError, match="no keys"):
            file.array("keys")


def whole() -> bytes:
    file = io.BytesIO()
    write_file(file, DESCRIPTION, arrays())
    return file.getvalue()


def sections() -> list[int]:
    """Where the parts of a file end."""
    data = whole()
    (length,) = struct.unpack_from("<I", data, 12)
    ends = [0, 4, 8, 12, 16, 16 + length // 2, 16 + length]
    for _, array in arrays():
        ends.append(ends[-1] + array.nbytes)
    return [*ends, len(data) - 1]


def damaged() -> Iterator[Any]:
    data = whole()
    for end in sections():
        yield pytest.param(data[:end], id=f"cut at {end}")
    for place in range(0, len(data), 7):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        yield pytest.param(bytes(flipped), id=f"flipped at {place}")
    yield pytest.param(data + b"x", id="longer")
    yield pytest.param(b"x" * len(data), id="foreign")
    yield pytest.param(struct.pack("<8sII", b"keydiff\n", 1, 2**31) + data[16:], id="huge text")
    yield pytest.param(struct.pack("<8sII", b"keydiff\n", 99, 20) + data[16:], id="other version")
    for text in (
        b"[]", b"{}", b"[" * 100_000, b'{"arrays": 3}', b'{"arrays": [["a", "O", [1]]]}',
        b'{"arrays": [["a", "V0", [9]]]}', b'{"arrays": [["a", "<i4", [-1, -4]]]}',
        b'{"arrays": [["a", "<i4", [1e30]]]}', b'{"arrays": [["a", "<i4", "x"]]}',
        b'{"arrays": [["a", {"x": 1}, [1]]]}', b'{"arrays": [["a", "<i4", [99999999999999999]]]}',
    ):  # fmt: skip
        yield pytest.param(
            struct.pack("<8sII", b"keydiff\n", 1, len(text)) + text + bytes(32),
            id=f"text {text[:40]!r}",
        )


@pytest.mark.parametrize("data", list(damaged()))
def test_a_damaged_file_is_set_aside(data: bytes, store: Store, warnings: list[str]) -> None:
    entry = save(store)
    entry.path.write_bytes(data)
    assert store.open(entry) is None
    assert len(warnings) == 1
    assert "cannot be used" in warnings[0]
    assert not entry.path.exists()
    assert store.entries() == []
    assert entry.path.with_suffix(".damaged").read_bytes() == data
    save(store)  # in its place
    assert len(store.entries()) == 1
    store.prune()
    assert not entry.path.with_suffix(".damaged").exists()


def test_headers_that_were_swapped_are_found_out(store: Store, warnings: list[str]) -> None:
    """Two files of one size, each whole, with the other's beginning."""
    first, second = save(store, "first", tokens=30), save(store, "second", tokens=31)
    data, longer = first.path.read_bytes(), second.path.read_bytes()
    assert len(data) == len(longer)
    first.path.write_bytes(longer[:100] + data[100:])
    assert store.open(first) is None
    assert "checksum" in warnings[0]


@pytest.mark.parametrize("shape", [[0, 10**17, 10**17], [1] * 70, [2**62]])
def test_an_odd_shape_is_never_taken_up(
    store: Store, warnings: list[str], shape: list[int]
) -> None:
    entry = save(store)
    data = entry.path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    value = json.loads(data[16 : 16 + length])
    value["arrays"] = [["tokens", "<i4", shape]]
    text = json.dumps(value).encode()
    size = 4 * math.prod(shape)
    body = data[:12] + struct.pack("<I", len(text)) + text + bytes(size if size < 100 else 0)
    entry.path.write_bytes(body + hashlib.sha256(body).digest())
    for damaged in store.entries():
        with SnapshotFile(damaged.path) as file, pytest.raises((ValueError, MemoryError)):
            file.array("tokens")


def test_the_description_is_plain_json(store: Store) -> None:
    entry = save(store)
    data = entry.path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    assert json.loads(data[16 : 16 + length])["key"] == DESCRIPTION["key"]
