"""Files written whole or not at all, those that only the user can read, and those in use."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from keydiff_cli.errors import UsageError
from keydiff_cli.system.folders import user_cache_folder

if sys.platform != "win32":  # where no open file can be removed
    import fcntl


def require_writable(path: Path, option: str) -> None:
    """Make the folder of a file, and refuse the file before anything is done for it.

    Parameters
    ----------
    path
        The file that is to be written.
    option
        What names it, for the message, such as ``setting("out")``.

    Raises
    ------
    UsageError
        If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{option}: {path} cannot be written: {error.strerror}") from error
    there = Path(os.path.realpath(path))
    if there.exists() and not (there.is_file() and os.access(there, os.W_OK)):
        raise UsageError(f"{option}: {path} cannot be written")
    if not os.access(there.parent, os.W_OK):
        raise UsageError(f"{option}: nothing can be written in {there.parent}")


def told_by(error: BaseException) -> str:
    """What an error says: one of the operating system without its number and file."""
    return str((isinstance(error, OSError) and error.strerror) or error)


def identity_of(path: str | Path) -> tuple[object, ...]:
    """What tells a file, as it is now, from others; its path alone if it cannot be looked at."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return (path,)
    return path, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def nameless_file() -> BinaryIO:
    """A file to write and read that goes with the process, also when that is killed.

    Raises
    ------
    OSError
        If it cannot be made.
    """
    folder = user_cache_folder()  # what is in the folder for temporary files may be in memory
    folder.mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryFile(prefix="keydiff-", dir=folder)


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Let errors of writing to a file that is open say which one it is, as those of opening do.

    Raises
    ------
    OSError
        What was raised, with the name.
    """
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        raise


def make_private(folder: Path) -> None:
    """Make a folder that nobody else can read, unless it is there."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def private_file(path: Path, part: Path) -> AbstractContextManager[BinaryIO]:
    """A file to write, as ``part``; it is on the disk when it gets the name ``path``.

    Raises
    ------
    OSError
        If it cannot be written; then no part of it is left.
    """
    return _written(path, part, 0o600)


def whole_file(path: Path) -> AbstractContextManager[BinaryIO]:
    """As :func:`private_file`, for a file that others may read, too.

    Where ``path`` is a link, it stays a link, and the file that it leads to is written.

    Raises
    ------
    OSError
        If it cannot be written; then no part of it is left.
    """
    path = Path(os.path.realpath(path))
    return _written(path, path.with_name(f".{path.name}.part"), 0o666)


def hold_file(file: BinaryIO) -> bool:
    """Keep an open file from :func:`remove_unheld` until it is closed; any number of processes may.

    Returns
    -------
    Whether it still had a name by then.

    Raises
    ------
    OSError
        If the file system has no such locks.
    """
    if sys.platform != "win32":
        fcntl.flock(file, fcntl.LOCK_SH)
    return os.fstat(file.fileno()).st_nlink > 0


def remove_unheld(path: Path, unwanted: Callable[[], bool] = lambda: True) -> None:
    """Remove a file that no process holds, if it is unwanted when nobody can begin to hold it."""
    with suppress(OSError), path.open("rb") as file:
        if sys.platform != "win32":
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if unwanted():
            path.unlink()


@contextmanager
def _written(path: Path, part: Path, mode: int) -> Iterator[BinaryIO]:
    """A file that is ``part`` until it was written and is on the disk, and ``path`` then."""
    part.unlink(missing_ok=True)
    try:
        number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with named(path), open(number, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
