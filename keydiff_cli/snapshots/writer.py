"""Writing snapshots: whole or not at all, each in the place of the one before."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from keydiff_cli.snapshots.format import Array, write_file
from keydiff_cli.system.files import private_file

SUFFIX = ".snapshot"
ARCHIVE = ".archive"
NOTES = ".notes"
ID = 12  # hexadecimal digits of a name
LOCKS = 3  # of which files have one lock, as locks stay, so there are not more than so many


def write_snapshot(
    path: Path, part: Path, description: dict[str, Any], arrays: Iterable[tuple[str, Array]]
) -> None:
    """Write a snapshot as ``part``, then rename it, so that it is there whole or not at all.

    Raises
    ------
    OSError
        If it cannot be written; then no part of it is left.
    """
    with private_file(path, part) as file:
        write_file(file, description, arrays)


class Writer:
    """Writes the snapshots of one reading.

    Parameters
    ----------
    folder
        The folder of the snapshots.
    part
        The file that is written before it gets its name.
    trim
        Makes room where the folder has grown too large.
    superseded
        A snapshot whose place the first one takes; None if there is none.

    Attributes
    ----------
    archive : Path
        Where the archive of the reading can be written.
    """

    def __init__(
        self, folder: Path, part: Path, trim: Callable[[], None], superseded: Path | None = None
    ) -> None:
        self._folder = folder
        self._part = part
        self.archive = folder / f"{secrets.token_hex(ID // 2)}{ARCHIVE}"
        self._trim = trim
        self._written = superseded

    def write(
        self, name: str, description: dict[str, Any], arrays: Iterable[tuple[str, Array]]
    ) -> Path:
        """Write a snapshot with an id; the one before stays until it is safe on the disk.

        Raises
        ------
        OSError
            If it cannot be written; then no part of it is left.
        """
        path = self._folder / f"{name}{SUFFIX}"
        write_snapshot(path, self._part, description, arrays)
        if self._written is not None and self._written != path:
            with suppress(OSError):  # open elsewhere: it will be pruned one day
                self._written.unlink(missing_ok=True)
        self._written = path
        with suppress(OSError):
            self._trim()
        return path
