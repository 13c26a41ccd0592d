"""The file and the folder of snapshots, without a model: damage, locks, pruning."""

from __future__ import annotations

import hashlib
import io
import json
import math
import multiprocessing
import os
import stat
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from keydiff_cli.errors import UsageError
from keydiff_cli.snapshots import DamagedError, Entry, SnapshotFile, Store
from keydiff_cli.snapshots.format import write_file
from keydiff_cli.snapshots.store import short_digest

DESCRIPTION: dict[str, Any] = {
    "key": {"model": "a", "budget": 64, "policy": "keydiff"}, "tokens": 30, "note": "h\u00e4",
    "kept": 20, "complete": True, "model": "a", "documents": [], "question": None,
}  # fmt: skip


def arrays() -> list[tuple[str, np.ndarray[Any, Any]]]:
    numbers = np.arange(40, dtype=np.int32).reshape(4, 10)
    return [
        ("origin", numbers),
        ("nothing", np.empty((3, 0), np.float32)),
        ("rows0", np.arange(60, dtype=np.uint8).reshape(6, 10)[:, ::2]),
        ("rows1", np.full((6, 5), 7, np.uint8)),
    ]


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def store(tmp_path: Path, warnings: list[str]) -> Store:
    return Store(tmp_path / "snapshots", 10**6, warnings.append)


def save(store: Store, reading: str = "one", **changes: Any) -> Entry:
    with store.claim(reading) as writer:
        assert writer is not None
        path = writer.write(short_digest([reading, changes]), {**DESCRIPTION, **changes}, arrays())
    return next(entry for entry in store.entries() if entry.path == path)


def save_as(store: Store, description: dict[str, Any]) -> None:
    with store.claim("one") as writer:
        assert writer is not None
        writer.write("0" * 12, description, arrays())


def test_what_was_written_comes_back(store: Store) -> None:
    entry = save(store)
    file = store.open(entry)
    assert file is not None
    with file:
        assert file.description == DESCRIPTION
        for name, expected in arrays():
            found = file.array(name)
            assert found.dtype == expected.dtype
            np.testing.assert_array_equal(found, expected)
        assert len(list(file.arrays("rows"))) == 2
        with pytest.raises(DamagedError, match="no keys"):
            file.array("keys")


def test_nobody_else_can_read_it(store: Store) -> None:
    entry = save(store)
    assert stat.S_IMODE(entry.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.folder.stat().st_mode) == 0o700
    others = [path for path in store.folder.iterdir() if path != entry.path]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in others)


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
    one, other = save(store, "one", tokens=30), save(store, "other", tokens=31)
    first, second = one.path.read_bytes(), other.path.read_bytes()
    assert len(first) == len(second)
    one.path.write_bytes(second[:100] + first[100:])
    assert store.open(one) is None
    assert "checksum" in warnings[0]


def test_a_later_snapshot_takes_the_place_of_an_earlier_one(store: Store) -> None:
    with store.claim("one") as writer:
        assert writer is not None
        first = writer.write("1" * 12, {**DESCRIPTION, "tokens": 1}, arrays())
        second = writer.write("2" * 12, {**DESCRIPTION, "tokens": 2}, arrays())
    assert [entry.path for entry in store.entries()] == [second]
    assert first != second
    with store.claim("one") as writer:
        assert writer is not None
        writer.supersede(store.entries()[0])
        third = writer.write("3" * 12, {**DESCRIPTION, "tokens": 3}, arrays())
    assert [entry.path for entry in store.entries()] == [third]


def test_what_cannot_be_written_leaves_nothing_behind(store: Store) -> None:
    def broken() -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
        yield from arrays()
        raise OSError(28, "No space left on device")

    before = save(store)
    with store.claim("one") as writer:
        assert writer is not None
        writer.supersede(before)
        with pytest.raises(OSError, match="No space"):
            writer.write("9", {**DESCRIPTION, "tokens": 99}, broken())
    assert [entry.id for entry in store.entries()] == [before.id]
    assert list(store.folder.glob("*.part")) == []


def _hold(folder: Path, ready: Any, done: Any) -> None:
    with Store(folder, 10**6, print).claim("one") as writer:
        assert writer is not None
        ready.set()
        done.wait(60)


def test_of_two_processes_one_writes(store: Store) -> None:
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(store.folder, ready, done))
    other.start()
    assert ready.wait(60)
    with store.claim("one") as writer:
        assert writer is None
    with store.claim("another") as writer:
        assert writer is not None
    done.set()
    other.join(60)
    with store.claim("one") as writer:
        assert writer is not None


def test_what_a_dead_process_left_is_swept_away(store: Store) -> None:
    save(store)
    (lock,) = store.folder.glob("*.lock")
    part = store.folder / f"{lock.stem:0<12}.part"
    part.write_bytes(b"half")
    store.prune()
    assert not part.exists()
    with store.claim("one"):
        part.write_bytes(b"half")
        store.prune()
        with store.claim("another"):
            pass
        assert part.exists()


def test_the_least_recently_used_go_first(store: Store) -> None:
    for age, name in enumerate("abcd"):
        entry = save(store, name, note=name)
        os.utime(entry.path, (0, time.time() - 1000 * (age + 1)))
    size = store.entries()[0].size
    oldest = store.entries()[-1]
    assert oldest.description["note"] == "d"
    file = store.open(oldest)  # using it makes it the most recent one
    assert file is not None
    file.close()
    assert [entry.description["note"] for entry in store.prune(size * 2)] == ["b", "c"]
    assert [entry.description["note"] for entry in store.entries()] == ["d", "a"]
    assert [e.description["note"] for e in store.prune(before=time.time() - 500)] == ["a"]
    assert store.prune(0) != []
    assert store.entries() == []


def test_the_folder_stays_under_its_limit(tmp_path: Path, warnings: list[str]) -> None:
    size = save(Store(tmp_path / "probe", 10**6, warnings.append)).size
    store = Store(tmp_path / "snapshots", 2 * size + size // 2, warnings.append)
    names = []
    for number in range(4):
        entry = save(store, f"reading {number}")
        os.utime(entry.path, (number, number))
        names.append(entry.id)
    assert [entry.id for entry in store.entries()] == [names[3], names[2]]
    assert warnings == []


def test_files_of_others_are_left_alone(store: Store, warnings: list[str]) -> None:
    save(store)
    others = [store.folder / name for name in ("win11.snapshot", "x.part", "y.damaged", "ab.lock")]
    for path in others:
        path.write_bytes(b"precious")
    assert len(store.entries()) == 1
    store.prune(0)
    assert all(path.read_bytes() == b"precious" for path in others)
    assert warnings == []


def test_a_file_that_cannot_be_read_now_is_not_given_up(
    store: Store, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = save(store)

    def fail(*_: Any) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(Path, "open", fail)
    assert store.entries() == []
    assert store.open(entry) is None
    monkeypatch.undo()
    assert warnings == [f"the snapshot {entry.path} cannot be read: Too many open files"] * 2
    assert store.entries() == [entry]


@pytest.mark.parametrize(
    ("name", "value"),
    [("key", []), ("tokens", "1"), ("documents", None), ("question", 3), ("complete", 1)],
)
def test_a_description_of_other_things_is_set_aside(
    store: Store, warnings: list[str], name: str, value: object
) -> None:
    save_as(store, {**DESCRIPTION, name: value})
    assert store.entries() == []
    assert f"its description has no {name}" in warnings[0]
    assert len(list(store.folder.glob("*.damaged"))) == 1


@pytest.mark.parametrize("name", ["key", "tokens", "kept", "documents", "question", "complete"])
def test_a_description_without_a_part_is_set_aside(
    store: Store, warnings: list[str], name: str
) -> None:
    save_as(store, {key: value for key, value in DESCRIPTION.items() if key != name})
    assert store.entries() == []
    assert "cannot be used" in warnings[0]


@pytest.mark.parametrize("budget", [None, "64", [64]])
def test_a_description_of_an_odd_budget_is_set_aside(
    store: Store, warnings: list[str], budget: object
) -> None:
    save_as(store, {**DESCRIPTION, "key": {**DESCRIPTION["key"], "budget": budget}})
    assert store.entries() == []
    assert "its description has no budget" in warnings[0]


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
    for one in store.entries():
        with SnapshotFile(one.path) as file, pytest.raises((ValueError, MemoryError)):
            file.array("tokens")


def test_a_snapshot_is_named_by_the_beginning_of_its_id(store: Store) -> None:
    one, other = save(store, "one"), save(store, "other", tokens=31)
    assert store.get(one.id) == one
    assert store.get(other.id[:6]).id == other.id
    for name, message in (("zz", "no snapshot begins with 'zz'"), ("", "no snapshot begins")):
        with pytest.raises(UsageError, match=message):
            store.get(name)
    for number in range(20):  # more than there are hexadecimal digits
        save(store, str(number), tokens=number)
    common = next(
        d for d in "0123456789abcdef" if len(list(store.folder.glob(f"{d}*.snapshot"))) > 1
    )
    with pytest.raises(UsageError, match="several"):
        store.get(common)


def test_an_empty_or_missing_folder_holds_nothing(store: Store) -> None:
    assert store.entries() == []
    assert store.prune() == []


def test_the_description_is_plain_json(store: Store) -> None:
    entry = save(store)
    data = entry.path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    assert json.loads(data[16 : 16 + length])["key"] == DESCRIPTION["key"]
