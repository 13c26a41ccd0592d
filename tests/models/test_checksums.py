"""Hashing of streams, and the notes that remember what was hashed."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest
from model_helpers import sha256

from keydiff_cli.errors import ModelError
from keydiff_cli.models import checksums
from keydiff_cli.models.checksums import (
    CHUNK,
    checksum,
    feed,
    read_note,
    sha256_of,
    stamp,
    write_note,
)


@pytest.mark.parametrize("size", [0, 5, CHUNK, CHUNK + 1, 2 * CHUNK + 7])
@pytest.mark.parametrize("limit", [None, 0, 3, CHUNK, 3 * CHUNK])
def test_every_sink_gets_what_is_left_up_to_the_limit(size: int, limit: int | None) -> None:
    data = os.urandom(size + 2)
    stream = io.BytesIO(data)
    stream.seek(2)
    left, right = bytearray(), bytearray()
    count = feed(stream, left.extend, right.extend, limit=limit)
    expected = data[2:] if limit is None else data[2 : 2 + limit]
    assert count == len(expected)
    assert left == right == expected
    assert stream.read() == data[2 + count :]


def test_a_file_is_hashed_whole(tmp_path: Path) -> None:
    data = b"abc" * CHUNK
    (tmp_path / "file").write_bytes(data)
    assert sha256_of(tmp_path / "file") == sha256(data)


def test_a_note_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "made" / "note.json"
    for note in ({"size": 1}, {"name": "größer", "parts": [[1, "a"]]}):
        write_note(path, note)
        assert read_note(path) == note
    assert [each.name for each in path.parent.iterdir()] == ["note.json"]


def test_a_note_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    write_note(path, {"size": 1})
    with pytest.raises(TypeError):
        write_note(path, {"size": 2, "path": tmp_path})  # which JSON does not know
    assert read_note(path) == {"size": 1}
    assert [each.name for each in tmp_path.iterdir()] == ["note.json"]


@pytest.mark.parametrize("content", [None, b"", b"{", b"[1]", b"null", b"\xff", b"5"])
def test_a_note_that_is_missing_or_damaged_is_empty(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "note.json"
    if content is not None:
        path.write_bytes(content)
    assert read_note(path) == {}


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    os.utime(path, ns=(1, 1))
    first = stamp(path)
    assert stamp(path) == first
    os.utime(path, ns=(1, 2))
    touched = stamp(path)
    path.write_bytes(b"longer")
    os.utime(path, ns=(1, 2))
    longer = stamp(path)
    (tmp_path / "other").write_bytes(b"longer")
    os.utime(tmp_path / "other", ns=(1, 2))
    os.replace(tmp_path / "other", path)
    stamps = [first, touched, longer, stamp(path)]
    assert all(stamps.count(each) == 1 for each in stamps)


def test_a_file_that_changes_while_it_is_hashed_is_not_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cache = tmp_path / "file", tmp_path / "sums"
    path.write_bytes(b"one")

    def hash_and_grow(path: Path) -> str:
        result = sha256_of(path)
        with path.open("ab") as file:
            file.write(b" and more")
        return result

    monkeypatch.setattr(checksums, "sha256_of", hash_and_grow)
    assert checksum(path, cache) == sha256(b"one")
    assert not cache.exists()


def test_checksum_is_remembered_until_the_file_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cache = tmp_path / "any.gguf", tmp_path / "cache" / "sums"
    path.write_bytes(b"one")
    assert checksum(path, cache) == sha256(b"one")
    (note,) = cache.iterdir()
    assert json.loads(note.read_text())["sha256"] == sha256(b"one")
    with monkeypatch.context() as patch:
        patch.setattr(checksums, "sha256_of", lambda path: pytest.fail("hashed again"))
        assert checksum(path, cache) == sha256(b"one")
    path.write_bytes(b"two")
    os.utime(path, ns=(1, 1))
    assert checksum(path, cache) == sha256(b"two")
    assert list(cache.iterdir()) == [note]


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\xff", b'{"sha256": "00"}', b"null"])
def test_damaged_checksum_note_is_ignored(damage: bytes, tmp_path: Path) -> None:
    path, cache = tmp_path / "any.gguf", tmp_path / "cache"
    path.write_bytes(b"one")
    checksum(path, cache)
    (note,) = cache.iterdir()
    note.write_bytes(damage)
    assert checksum(path, cache) == sha256(b"one")
    assert json.loads(note.read_text())["sha256"] == sha256(b"one")


def test_checksum_without_a_cache_folder_that_can_be_made(tmp_path: Path) -> None:
    path = tmp_path / "any.gguf"
    path.write_bytes(b"one")
    assert checksum(path, path / "not a folder") == sha256(b"one")


def test_checksum_of_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot read"):
        checksum(tmp_path / "none", tmp_path)
