"""Archiving while documents are read: what is written, and left by kills."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from archived_readings import QUESTION, Heard, Stop, archives, same, settings_for, state, write
from process_helpers import POSIX, finish, start

from keydiff_cli.reading.reader import Reader
from keydiff_cli.settings.config import Settings
from keydiff_cli.snapshots import ArchiveForm, Store, open_parts
from keydiff_cli.snapshots.archive import Archive

# Readings, one after another, that are killed at moments that are the same on every machine: in the
# middle of a write to the archive, or before a file is flushed to the disk, or before or after a
# snapshot gets its name. A snapshot is written after each block.
KILLED = """
import json, os, signal, sys
from keydiff_cli.reading.reader import Reader
from keydiff_cli.settings.config import Settings
from keydiff_cli.snapshots import archivist, pace
pace.SHARE = 1e9
left = 0

def reached():
    global left
    left -= 1
    return left == 0

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

class Counted:
    def __init__(self, file):
        self.file = file
    def __getattr__(self, name):
        return getattr(self.file, name)
    def write(self, data):
        if reached():
            self.file.write(data[: len(data) // 2])
            self.file.flush()
            kill()
        self.file.write(data)

def instead(function, before, after):
    def call(*arguments):
        chosen = reached()
        if chosen and before:
            kill()
        result = function(*arguments)
        if chosen and after:
            kill()
        return result
    return call

def install(moment):
    if moment == "write":
        new = archivist._new_file
        archivist._new_file = lambda path: Counted(new(path))
    elif moment == "sync":
        os.fsync = instead(os.fsync, True, False)
    else:
        os.replace = instead(os.replace, moment == "before", moment == "after")

def read(moment, number, changes):
    global left
    left = number
    install(moment)
    with Reader(Settings(**settings | changes)) as reader:
        reader.read([document])

settings, document, moments = json.loads(sys.argv[1])
statuses = []
for moment in moments:
    child = os.fork()
    if child == 0:
        try:
            read(*moment)
        finally:
            os._exit(1)
    statuses.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
print(json.dumps(statuses))
"""
_PIECE = 1 + 2 * 8  # writes: a number, then keys and values of 4 layers, each with its checksum


@pytest.fixture(scope="module")
def whole(
    tiny_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Reader, Settings]]:
    """A story that was read and archived without interruption."""
    folder = tmp_path_factory.mktemp("whole")
    settings = settings_for(tiny_path, folder)
    with Reader(settings) as reader:
        reader.read([write(folder)])
        yield reader, settings


def open_archive(settings: Settings) -> Archive:
    (entry,) = Store(Path(settings.cache_dir or ""), 10**9, pytest.fail).entries()
    return Archive(open_parts(entry.path.parent, entry.archive), ArchiveForm())


def test_what_was_not_evicted_is_archived_as_it_is_in_the_cache(
    whole: tuple[Reader, Settings],
) -> None:
    """Bit by bit: what every head has kept is among the archived rows."""
    reader, settings = whole
    cache = reader.cache
    assert cache is not None
    archive = open_archive(settings)
    assert archive.tokens == reader.report.tokens.document
    archived = list(archive.rows(np.arange(archive.tokens)))
    archive.close()
    image = cache.image(copy=True)
    heads = cache.rows.heads
    first = cache.tokens - archive.tokens
    compared = 0
    for number, (stored, held) in enumerate(zip(archived, image.rows, strict=True)):
        layer = number % len(heads)
        kept = held.reshape(len(held), heads[layer], -1)
        stored = stored.reshape(len(stored), heads[layer], -1)
        for own, origin in enumerate(image.origin[cache.rows.offsets[layer] :][: heads[layer]]):
            cells = np.flatnonzero(origin >= first)
            np.testing.assert_array_equal(kept[cells, own], stored[origin[cells] - first, own])
            compared += len(cells)
    assert compared == settings.budget * 2 * sum(heads)


@pytest.mark.skipif(not POSIX, reason="needs signals, and to fork")
def test_killed_at_any_moment_it_goes_on_and_gives_the_same_answer(
    whole: tuple[Reader, Settings], tiny_path: Path, tmp_path: Path
) -> None:
    document, settings = write(tmp_path), settings_for(tiny_path, tmp_path)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    unkept = {"cache": False}
    moments = [
        ("write", 1, {}), ("write", 3, {}), ("write", _PIECE, {}), ("write", 3 * _PIECE + 7, {}),
        ("write", _PIECE + 8, unkept), ("sync", 1, {}), ("sync", 2, {}), ("before", 1, {}),
        ("after", 1, {}), ("write", 3, {}),
    ]  # fmt: skip
    process = start(
        json.dumps([asdict(settings), str(document), moments]),
        command=(sys.executable, "-c", KILLED),
        variables={"TMPDIR": str(temporary)},
    )
    result = finish(process)
    assert (result.status, json.loads(result.out)) == (0, [-signal.SIGKILL] * len(moments))
    assert os.listdir(temporary) == []
    heard = Heard()
    with Reader(settings, heard) as reader:
        reader.read([document])
        assert heard.notes == ["read before: the first 256 tokens"]
        assert reader.report.tokens.document == whole[0].report.tokens.document
        same(state(whole[0]), state(reader))
        assert reader.ask(QUESTION) == whole[0].ask(QUESTION)
        assert reader.report.recall == replace(
            whole[0].report.recall, seconds=reader.report.recall.seconds
        )
    archive = open_archive(settings)
    other = open_archive(whole[1])
    tokens = np.arange(archive.tokens)
    for rows, expected in zip(archive.rows(tokens), other.rows(tokens), strict=True):
        np.testing.assert_array_equal(rows, expected)
    archive.close()
    other.close()
    assert len(archives(settings)) == 2  # what it had by the first snapshot, and the rest


def test_a_damaged_archive_of_what_is_whole_in_the_cache_is_made_anew(
    tiny_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reading that was stopped before anything was evicted."""
    document, settings = write(tmp_path), replace(settings_for(tiny_path, tmp_path), budget=512)
    with Reader(replace(settings, cache=False)) as reader:
        reader.read([document])
        answer = reader.ask(QUESTION)
    monkeypatch.setattr("keydiff_cli.snapshots.pace.SHARE", 1e9)  # a snapshot after each block
    with Reader(settings, Stop(6)) as reader, pytest.raises(KeyboardInterrupt):
        reader.read([document])
    (archive,) = archives(settings)
    archive.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    heard = Heard()
    with Reader(settings, heard) as reader:
        reader.read([document])
        assert heard.notes[0].startswith("read before: the first")
        assert reader.ask(QUESTION) == answer
        assert reader.report.recall.tokens == 64
    assert heard.warnings[0] == "the archive cannot be used: it ends early; it is made anew"
    assert archive.with_suffix(".damaged").exists()
