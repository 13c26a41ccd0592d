"""A snapshot in the folder, as its file and its description tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keydiff_cli.snapshots.archive_form import ArchiveForm
from keydiff_cli.snapshots.archivist import SegmentPart, parse_parts
from keydiff_cli.snapshots.pruning import size_of
from keydiff_cli.snapshots.writer import NOTES


@dataclass(frozen=True)
class Entry:
    """A snapshot in the folder.

    Attributes
    ----------
    id
        What the user calls it.
    size
        Bytes on disk, with its notes.
    used
        When it was last read or written: seconds since 1970.
    description
        What it says of itself.
    """

    id: str
    path: Path
    size: int
    used: float
    description: dict[str, Any]

    @property
    def intact(self) -> bool:
        """Whether nothing of what was read was evicted, nor is anything else remembered of it."""
        return self.description.get("intact") is True

    @property
    def archive(self) -> list[SegmentPart]:
        """What its archive consists of; nothing if there is none.

        Raises
        ------
        DamagedError
            If that is not said as it should be.
        """
        return parse_parts(self.description.get("archive") or [])

    @property
    def archived(self) -> bool:
        """Whether it has an archive, all of which is there."""
        parts = self.archive
        return bool(parts) and all((self.path.parent / part.name).exists() for part in parts)

    def archived_as(self, form: ArchiveForm) -> bool:
        """Whether it has an archive of this form; one that says none is of the cache's type."""
        kind = self.description.get("archive_kind", "full")
        stored = self.description.get("archive_type", form.cached)
        return self.archived and (kind, stored) == (form.kind, form.type)

    @property
    def notes(self) -> int:
        """How many notes lie beside it."""
        try:
            return self.path.with_suffix(NOTES).read_bytes().count(b"\n")  # before each of them
        except OSError:
            return 0

    @property
    def archive_size(self) -> int:
        """Bytes of its archive on disk, shared with other snapshots or not."""
        return sum(size_of(self.path.parent / part.name) for part in self.archive)
