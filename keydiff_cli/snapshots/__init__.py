"""Snapshots: what was read, kept on disk, so that nobody reads a document twice."""

from __future__ import annotations

from keydiff_cli.snapshots.archive import Archive
from keydiff_cli.snapshots.archive_form import ArchiveForm
from keydiff_cli.snapshots.archivist import Archivist, check_archive, open_parts
from keydiff_cli.snapshots.contents import Label, describe, restore
from keydiff_cli.snapshots.entry import Entry
from keydiff_cli.snapshots.finding import Beginning, find_beginning
from keydiff_cli.snapshots.format import DamagedError, SnapshotFile
from keydiff_cli.snapshots.keeper import Keeper
from keydiff_cli.snapshots.key import SnapshotKey
from keydiff_cli.snapshots.store import Store, open_store, token_digest
from keydiff_cli.snapshots.unlike import what_changed
from keydiff_cli.snapshots.writer import write_snapshot

__all__ = [
    "Archive",
    "ArchiveForm",
    "Archivist",
    "Beginning",
    "DamagedError",
    "Entry",
    "Keeper",
    "Label",
    "SnapshotFile",
    "SnapshotKey",
    "Store",
    "check_archive",
    "describe",
    "find_beginning",
    "open_parts",
    "open_store",
    "restore",
    "token_digest",
    "what_changed",
    "write_snapshot",
]
