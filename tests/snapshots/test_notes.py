"""Notes beside snapshots: found again, for the same text only, and removed with them."""

from __future__ import annotations

import stat
from pathlib import Path

import numpy as np
import pytest
from snapshot_helpers import keep, make_key, tokens_to

from keydiff_cli.snapshots import Store
from keydiff_cli.snapshots.notes import NoteFile, NoteRecord, part_digests

FIRST = NoteRecord(0, 5, "a", "The harbour has nine quays.", ("It has ten.",))
SECOND = NoteRecord(5, 9, "b", "\u6e2f\u306f\n\u5927\u304d\u3044")


def note_file(store: Store | None, snapshot: str = "1" * 12, question: object = "?") -> NoteFile:
    return NoteFile(store, snapshot, make_key(), question)


def paths(store: Store) -> list[Path]:
    return sorted(store.folder.glob("*.notes"))


def test_notes_are_found_again(store: Store) -> None:
    keep(store, make_key(), tokens_to(300))
    assert note_file(store).read() == {}
    for record in (FIRST, SECOND):
        note_file(store).add([record])
    [path] = paths(store)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    found = {FIRST.key: FIRST, SECOND.key: SECOND}
    assert note_file(store).read() == found
    assert note_file(store, "2" * 12).read() == found, "those of a text that has grown since"
    assert note_file(store, question="!").read() == {}
    assert NoteFile(store, "1" * 12, make_key(budget=9), "?").read() == {}


def test_what_is_in_the_file_is_not_written_again(store: Store) -> None:
    keep(store, make_key(), tokens_to(300))
    first = note_file(store)
    first.add([FIRST])
    first.add([FIRST, SECOND])
    [path] = paths(store)
    again = note_file(store)
    again.read()
    again.add([FIRST, SECOND])
    assert len(path.read_text().splitlines()) == 3


def test_a_line_that_was_not_written_to_its_end_is_passed_over(store: Store) -> None:
    keep(store, make_key(), tokens_to(300))
    note_file(store).add([FIRST, SECOND])
    [path] = paths(store)
    data = path.read_bytes()
    path.write_bytes(data[:-9])
    assert note_file(store).read() == {FIRST.key: FIRST}
    note_file(store).add([SECOND])  # behind what is left of the other
    assert note_file(store).read() == {FIRST.key: FIRST, SECOND.key: SECOND}
    path.write_bytes(b"\xff\x00" + data)
    assert note_file(store).read() == {}


@pytest.mark.parametrize("kept", [None, "no snapshot"])
def test_without_a_snapshot_nothing_is_kept(store: Store, kept: str | None) -> None:
    keep(store, make_key(), tokens_to(300))
    file = note_file(store if kept else None, "" if kept else "1" * 12)
    file.add([FIRST])
    assert (file.read(), paths(store)) == ({}, [])


def test_they_go_with_their_snapshot(store: Store) -> None:
    entry, other = keep(store, make_key(), tokens_to(300)), keep(store, make_key(), tokens_to(301))
    for each in (entry, other):
        note_file(store, each.id).add([FIRST])
    assert store.size > entry.size + other.size
    store.remove(entry)
    assert [path.stem for path in paths(store)] == [other.id]


def test_a_part_is_the_same_if_all_before_it_is() -> None:
    tokens = np.arange(20, dtype=np.int32)
    first, second = part_digests(tokens, [8, 20])
    assert list(part_digests(tokens[:8], [8])) == [first]
    tokens[2] = 77
    changed = list(part_digests(tokens, [8, 20]))
    assert changed[0] != first
    assert changed[1] != second
