"""Documents of folders that the user has named: they are listed, and nothing is written there."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from keydiff_cli.errors import UsageError
from keydiff_cli.serve.files import KnownFile
from keydiff_cli.system.terminal import complain, printable
from keydiff_cli.system.walking import visible_files

PURPOSE = "documents"
_MOST = 10_000  # files that are listed


class Folders:
    """The files of some folders and of the folders in them.

    What is hidden, a link, or no ordinary file is left out, so that nothing outside of the folders
    can be reached. A file has the same id as long as it has the same path.

    Raises
    ------
    UsageError
        If one is no folder, or cannot be read.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = [Path(os.path.realpath(folder)) for folder in folders]
        self._told = False  # that there are too many files
        for folder in self._folders:
            if not folder.is_dir() or not os.access(folder, os.R_OK | os.X_OK):
                raise UsageError(f"--documents: {folder} is no folder that can be read")

    def list(self) -> list[KnownFile]:
        """All of them."""
        found = {file.id: file for file in islice(filter(None, map(_known, self._paths())), _MOST)}
        if len(found) == _MOST and not self._told:
            self._told = True
            complain(f"warning: of the folders no more than {_MOST} files are listed")
        return list(found.values())

    def find(self, file_id: str) -> KnownFile | None:
        """The one of an id; None if there is none, or there is a link in its place now."""
        return next((file for file in self.list() if file.id == file_id), None)

    def _paths(self) -> Iterator[Path]:
        return map(Path, chain.from_iterable(map(visible_files, self._folders)))


def _known(path: Path) -> KnownFile | None:
    try:
        state = path.lstat()
    except OSError:
        return None
    if not stat.S_ISREG(state.st_mode):
        return None
    file_id = f"file-{hashlib.sha256(os.fsencode(path)).hexdigest()[:24]}"
    name, created = printable(path.name), int(state.st_mtime)
    return KnownFile(file_id, path, name, state.st_size, created, PURPOSE)
