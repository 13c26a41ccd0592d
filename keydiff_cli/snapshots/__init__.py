"""Snapshots: what was read, kept on disk, so that nobody reads a document twice."""

from __future__ import annotations

from keydiff_cli.snapshots.format import DamagedError, SnapshotFile
from keydiff_cli.snapshots.keeper import Beginning, Keeper, find_beginning, skip
from keydiff_cli.snapshots.store import Entry, Store, Writer, open_store, token_digest

__all__ = [
    "Beginning",
    "DamagedError",
    "Entry",
    "Keeper",
    "SnapshotFile",
    "Store",
    "Writer",
    "find_beginning",
    "open_store",
    "skip",
    "token_digest",
]
