"""What goes from the folder of snapshots, and in which order."""

from __future__ import annotations

from collections.abc import Container
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import Timeout

from keydiff_cli.documents.ocr.kept import SUFFIX as OCR
from keydiff_cli.snapshots.format import DAMAGED
from keydiff_cli.snapshots.writer import ARCHIVE, NOTES, SUFFIX
from keydiff_cli.system.files import remove_unheld

if TYPE_CHECKING:
    from keydiff_cli.snapshots.entry import Entry
    from keydiff_cli.snapshots.store import Store

PART = ".part"
KINDS = (SUFFIX, ARCHIVE, NOTES, DAMAGED, PART, OCR)


def prune(store: Store, limit: int, before: float) -> list[Entry]:
    """Delete snapshots last used before a time, then the least recently used above a limit.

    The archive of a snapshot goes before it, and an archive that has no room takes those of
    snapshots used before it along. Notes count with their snapshot, and go with it. What a process
    reads or writes stays until it is done.

    Returns
    -------
    The snapshots that were deleted.
    """
    gone = []
    room = limit
    full = archives_full = False
    stored: set[str] = set()  # files of archives that have room
    room -= _prune_scans(store, limit, before)
    for entry in store.entries():
        full = full or entry.size > room
        if full or entry.used < before:
            entry.path.unlink(missing_ok=True)
            gone.append(entry)
            continue
        room -= entry.size
        files = {part.name: store.folder / part.name for part in entry.archive}
        added = {name: path for name, path in files.items() if name not in stored}
        size = sum(map(size_of, added.values()))
        archives_full = archives_full or size > room
        if archives_full:
            for path in added.values():
                remove_unheld(path)
        else:
            room -= size
            stored.update(added)
    sweep(store)
    return gone


def _prune_scans(store: Store, limit: int, before: float) -> int:
    """Delete what OCR has found, as snapshots are; return the bytes of what stays."""
    size = 0
    for path in sorted(store.paths(OCR), key=_used, reverse=True):
        if _used(path) < before or size + size_of(path) > limit:
            path.unlink(missing_ok=True)
        else:
            size += size_of(path)
    return size


def sweep(store: Store) -> None:
    """Delete damaged files, and what nobody writes or needs any more."""
    for path in store.paths(DAMAGED):
        path.unlink(missing_ok=True)
    sweep_parts(store)
    sweep_archives(store)
    sweep_notes(store)


def sweep_notes(store: Store) -> None:
    """Delete the notes whose snapshot is gone."""
    for path in store.paths(NOTES):
        if not path.with_suffix(SUFFIX).exists():
            path.unlink(missing_ok=True)


def sweep_archives(store: Store) -> None:
    """Delete the archives that no snapshot names, and nobody reads or writes any more."""
    archives = store.paths(ARCHIVE)
    named = _named(store) if archives else ()  # which opens every snapshot
    for path in archives:
        if path.name not in named:  # nor is named when whoever used it is done
            remove_unheld(path, partial(_unnamed, store, path.name))


def _unnamed(store: Store, name: str) -> bool:
    return name not in _named(store)


def _named(store: Store) -> Container[str]:
    """Names of the files that archives of snapshots consist of; all where one cannot be read."""
    entries = store.entries()
    if len(entries) < len(store.paths(SUFFIX)):
        return {path.name for path in store.paths(ARCHIVE)}
    return {part.name for entry in entries for part in entry.archive}


def sweep_parts(store: Store) -> None:
    """Delete the parts that nobody writes any more."""
    for path in store.paths(PART):
        with suppress(Timeout, OSError), store.lock(path.name).acquire(timeout=0):
            path.unlink(missing_ok=True)


def _used(path: Path) -> float:
    """When a file was used last, in seconds since 1970."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def size_of(path: Path) -> int:
    """Bytes of a file; 0 if another process has removed it."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
