"""The files in a folder and in those below it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator


def visible_files(
    folder: str | os.PathLike[str], failed: Callable[[OSError], None] | None = None
) -> Iterator[str]:
    """The paths of what is in a folder and in those below it, but folders and hidden ones, sorted.

    Links to folders are not followed. ``failed`` is told of folders that cannot be read.
    """
    for path, folders, files in os.walk(folder, onerror=failed):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (os.path.join(path, name) for name in sorted(files) if not name.startswith("."))
