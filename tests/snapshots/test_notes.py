"""Notes beside snapshots: found again, for the same text only, and removed with them."""

from __future__ import annotations

import re
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from snapshot_helpers import FakeCache, corpus_of, keep, make_key, make_label, tokens_to

from keydiff_cli.snapshots import Keeper, Store
from keydiff_cli.snapshots.notes import NoteFile, NoteRecord, part_digests

FIRST = NoteRecord(0, 5, "a", "The harbour has nine quays.", ("It has ten.",))
SECOND = NoteRecord(5, 9, "b", "\u6e2f\u306f\n\u5927\u304d\u3044")
BOTH = {FIRST.key: FIRST, SECOND.key: SECOND}


def note_file(
    store: Store | None, snapshot: str, question: object = "?", *, evicted: bool = True, **key: Any
) -> NoteFile:
    return NoteFile(store, snapshot, make_key(**key), question, evicted=evicted)


def paths(store: Store) -> list[Path]:
    return sorted(store.folder.glob("*.notes"))


@pytest.fixture
def snapshot(store: Store) -> str:
    """The id of a snapshot that notes may lie beside."""
    return keep(store, make_key(), tokens_to(300)).id


def test_notes_are_found_again(store: Store, snapshot: str) -> None:
    assert note_file(store, snapshot).read() == {}
    for record in (FIRST, SECOND):
        note_file(store, snapshot).add([record])
    [path] = paths(store)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert note_file(store, snapshot).read() == BOTH
    assert note_file(store, "2" * 12).read() == BOTH, "those of a text that has grown since"
    assert note_file(store, snapshot, question="!").read() == {}
    assert note_file(store, snapshot, budget=9).read() == {}


def test_what_may_stay_counts_only_where_something_was_evicted(store: Store, snapshot: str) -> None:
    note_file(store, snapshot, evicted=False).add([FIRST])
    changes: dict[str, Any] = {"budget": 9, "memory": 99, "policy": "full", "question": "?"}
    assert note_file(store, snapshot, evicted=False, **changes).read() == {FIRST.key: FIRST}
    assert note_file(store, snapshot, evicted=False, block=64).read() == {}
    assert note_file(store, snapshot).read() == {}
    note_file(store, snapshot).add([SECOND])  # of another reading, in the same file
    assert note_file(store, snapshot).read() == {SECOND.key: SECOND}
    assert note_file(store, snapshot, evicted=False).read() == {FIRST.key: FIRST}


def test_what_is_in_the_file_is_not_written_again(store: Store, snapshot: str) -> None:
    first = note_file(store, snapshot)
    first.add([FIRST])
    first.add([FIRST, SECOND])
    again = note_file(store, snapshot)
    again.read()
    again.add([FIRST, SECOND])
    [path] = paths(store)
    assert len(path.read_bytes().strip().split(b"\n")) == 2


@pytest.mark.parametrize(
    "damage", ["cut", "first line", "character", "number", "text", "list", "nested", "two at once"]
)
def test_a_damaged_line_is_passed_over_and_no_other(
    store: Store, snapshot: str, damage: str
) -> None:
    note_file(store, snapshot).add([FIRST, SECOND])
    [path] = paths(store)
    data = path.read_bytes()
    changed, left = {
        "cut": (data[:-9], [FIRST]),
        "first line": (b'{"made_of": "12' + data, [FIRST, SECOND]),
        "character": (data.replace(b"nine", b"ni\xc3"), [SECOND]),
        "number": (data.replace(b'"stop": ', b'"stop": 1e999', 1), [SECOND]),
        "text": (re.sub(rb'"text": "[^"]*"', b'"text": null', data, count=1), [SECOND]),
        "list": (re.sub(rb'"left_out": \[[^]]*\]', b'"left_out": "9"', data, count=1), [SECOND]),
        "nested": (b"[" * 100_000 + b"\n" + data, [FIRST, SECOND]),
        "two at once": (b"{}{}\n7\n\xff\x00" + data, [FIRST, SECOND]),
    }[damage]
    path.write_bytes(changed)
    again = note_file(store, snapshot)
    assert again.read() == {record.key: record for record in left}
    again.add([FIRST, SECOND])  # behind what is left of the last line
    assert note_file(store, snapshot).read() == BOTH


def test_any_text_is_found_again(store: Store, snapshot: str) -> None:
    odd = replace(FIRST, text="a\u2028b\u2029c\x85d\r\ne \ud800")
    note_file(store, snapshot).add([odd])
    assert note_file(store, snapshot).read() == {odd.key: odd}


def test_two_that_begin_at_once_find_the_notes_of_both(store: Store, snapshot: str) -> None:
    one, other = note_file(store, snapshot), note_file(store, snapshot)
    assert one.read() == other.read() == {}
    one.add([FIRST])
    other.add([SECOND])
    assert note_file(store, snapshot).read() == BOTH


@pytest.mark.parametrize("lacking", ["store", "id", "snapshot"])
def test_without_a_snapshot_notes_stay_in_memory(store: Store, snapshot: str, lacking: str) -> None:
    file = note_file(None if lacking == "store" else store, "" if lacking == "id" else snapshot)
    if lacking == "snapshot":
        store.remove(store.get(snapshot))
    file.add([FIRST])
    assert file.read() == {FIRST.key: FIRST}
    assert paths(store) == []


def test_notes_that_cannot_be_written_stay_in_memory(
    store: Store, snapshot: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keydiff_cli.snapshots.notes._private", full)
    file = note_file(store, snapshot)
    with pytest.raises(OSError, match="No space"):
        file.add([FIRST])
    file.add([SECOND])  # of which nobody has to be told again
    assert file.read() == BOTH


def test_they_go_with_their_snapshot(store: Store) -> None:
    entry, other = keep(store, make_key(), tokens_to(300)), keep(store, make_key(), tokens_to(301))
    for each in (entry, other):
        note_file(store, each.id).add([FIRST])
    assert store.size > entry.size + other.size
    assert store.size == sum(each.size for each in store.entries())
    assert [each.notes for each in store.entries()] == [1, 1]
    store.remove(entry)
    assert [path.stem for path in paths(store)] == [other.id]


def test_they_count_with_their_snapshot(store: Store) -> None:
    entry, other = keep(store, make_key(), tokens_to(300)), keep(store, make_key(), tokens_to(301))
    note_file(store, entry.id).add([FIRST])
    room = entry.size + other.size
    assert [gone.id for gone in store.prune(room)] in ([entry.id], [other.id])
    assert store.size <= room


def test_those_without_a_snapshot_go_before_others_are_written(store: Store) -> None:
    store.folder.mkdir()
    left = store.folder / f"{'1' * 12}.notes"
    left.touch()
    corpus = corpus_of(range(300))
    kept = Keeper(store, make_key(), corpus, make_label, pytest.fail)
    kept.finish(300, FakeCache())  # type: ignore[arg-type]
    assert kept.snapshot == store.entries()[0].id
    assert not left.exists()


def test_what_could_not_be_written_is_no_snapshot(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("keydiff_cli.snapshots.writer.write_file", full)
    warned: list[str] = []
    kept = Keeper(store, make_key(), corpus_of(range(300)), make_label, warned.append)
    kept.finish(300, FakeCache())  # type: ignore[arg-type]
    assert (kept.snapshot, len(warned)) == ("", 1)


def test_a_part_is_the_same_if_all_before_it_is() -> None:
    tokens = np.arange(20, dtype=np.int32)
    first, second = part_digests(tokens, [8, 20])
    assert list(part_digests(tokens[:8], [8])) == [first]
    tokens[2] = 77
    changed = list(part_digests(tokens, [8, 20]))
    assert changed[0] != first
    assert changed[1] != second
