"""Snapshots: what was read, kept on disk, so that nobody reads a document twice."""

from __future__ import annotations

from keydiff_cli.snapshots.format import DamagedError, SnapshotFile
from keydiff_cli.snapshots.store import Entry, Store, Writer

__all__ = ["DamagedError", "Entry", "SnapshotFile", "Store", "Writer"]
