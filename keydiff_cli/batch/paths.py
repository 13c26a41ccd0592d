"""Documents by what a command line names: files, folders, and lists of paths."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from keydiff_cli.documents.opening import require_document
from keydiff_cli.errors import DocumentError, UsageError
from keydiff_cli.system.files import told_by
from keydiff_cli.system.walking import visible_files


def listed_paths(data: bytes, *, null: bool) -> list[str]:
    """The paths of a list: one in each line, or each ended by a NUL; empty ones are passed over."""
    parts = data.split(b"\0") if null else data.splitlines()
    return [os.fsdecode(part) for part in parts if part.strip()]


def find_documents(
    named: Sequence[str], tell: Callable[[str], None], leave_out: Sequence[Path] = ()
) -> list[str]:
    """The documents that are named, and those in folders that are named and in folders in these.

    What is in a folder comes sorted by its path. Hidden files and folders, links to folders, and
    files that are no documents are left out. A file that is named, or found, twice counts once.

    Parameters
    ----------
    tell
        Told in a line of each file that is left out because it is no document.
    leave_out
        Files that are passed over in folders.

    Raises
    ------
    UsageError
        If there are none.
    """
    others = {os.path.realpath(path) for path in leave_out}
    found: dict[str, str] = {}  # by their real paths
    for path in named:
        if not os.path.isdir(path):
            found.setdefault(os.path.realpath(path), path)
            continue
        for file in _files(path, tell):
            real = os.path.realpath(file)
            if real not in found and real not in others and _is_document(file, tell):
                found[real] = file
    if not found:
        raise UsageError("there are no documents in what was named")
    return list(found.values())


def _files(folder: str, tell: Callable[[str], None]) -> Iterator[str]:
    """The files in a folder and in those below it, without hidden ones, sorted."""

    def cannot(error: OSError) -> None:
        tell(f"{error.filename} is left out: {told_by(error)}")

    return visible_files(folder, cannot)


def _is_document(path: str, tell: Callable[[str], None]) -> bool:
    """Whether a file can be a document; it is told why not."""
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            return False  # a pipe, a socket or a device
        require_document(path)
    except DocumentError as error:
        tell(f"{path} is left out: {error}")
        return False
    return True
