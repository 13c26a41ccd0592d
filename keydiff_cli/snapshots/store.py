"""The folder of snapshots: found by what they are of, written whole or not at all, pruned."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatchcase
from pathlib import Path

from filelock import FileLock, Timeout

from keydiff_cli.errors import UsageError
from keydiff_cli.settings.config import Settings
from keydiff_cli.snapshots.archivist import parse_parts
from keydiff_cli.snapshots.entry import Entry
from keydiff_cli.snapshots.format import Array, DamagedError, SnapshotFile, set_aside
from keydiff_cli.snapshots.pruning import (
    KINDS,
    PART,
    prune,
    size_of,
    sweep,
    sweep_archives,
    sweep_notes,
    sweep_parts,
)
from keydiff_cli.snapshots.writer import ID, LOCKS, NOTES, SUFFIX, Writer
from keydiff_cli.system.files import make_private, told_by
from keydiff_cli.system.folders import snapshots_folder

_LOCK = ".lock"
_OURS = "[0-9a-f]" * ID
# What a description holds at the least, and its type.
_FIELDS: dict[str, type | tuple[type, ...]] = {
    "key": dict,
    "tokens": int,
    "kept": int,
    "complete": bool,
    "model": str,
    "documents": list,
    "question": (str, type(None)),
}


def token_digest(tokens: Array) -> str:
    """SHA-256 of tokens."""
    return hashlib.sha256(tokens.tobytes()).hexdigest()


def short_digest(value: object) -> str:
    """A name for plain data, the same for the same data."""
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:ID]


class Store:
    """Snapshots in a folder that nobody else can read.

    Parameters
    ----------
    folder
        Made when something is to be written.
    limit
        Bytes that all snapshots together may take: the least recently used ones go first.
    warn
        Told which files are set aside, and why.
    """

    def __init__(self, folder: Path, limit: int, warn: Callable[[str], None]) -> None:
        self.folder = folder
        self.limit = limit
        self._warn = warn
        self._warned: set[str] = set()

    # Finding --------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """All snapshots, the most recently used first."""
        entries = [entry for path in self.paths(SUFFIX) if (entry := self._entry(path))]
        return sorted(entries, key=lambda entry: entry.used, reverse=True)

    def get(self, name: str) -> Entry:
        """The snapshot whose id begins with ``name``.

        Raises
        ------
        UsageError
            If there is none, or more than one.
        """
        entries = [entry for entry in self.entries() if name and entry.id.startswith(name)]
        if len(entries) != 1:
            problem = "several snapshots begin" if entries else "no snapshot begins"
            raise UsageError(f"{problem} with '{name}'; see 'keydiff cache list'")
        return entries[0]

    def open(self, entry: Entry) -> SnapshotFile | None:
        """A snapshot whose checksum has been verified; None if it is damaged or gone."""
        try:
            file = SnapshotFile(entry.path)
            try:
                file.verify()
            except BaseException:
                file.close()
                raise
            with suppress(OSError):
                os.utime(entry.path)
        except FileNotFoundError:
            return None
        except DamagedError as error:
            self.set_aside(entry.path, error)
            return None
        except OSError as error:
            self._warn(f"the snapshot {entry.path} cannot be read: {told_by(error)}")
            return None
        return file

    def paths(self, suffix: str) -> list[Path]:
        """Files of ours; others may lie in the same folder."""
        try:
            names = sorted(os.listdir(self.folder))
        except FileNotFoundError:
            return []
        except OSError as error:
            self._complain(f"{self.folder} cannot be searched: {told_by(error)}")
            return []
        return [self.folder / name for name in names if fnmatchcase(name, f"{_OURS}{suffix}")]

    def _complain(self, text: str) -> None:
        """Warn, but only once of the same."""
        if text not in self._warned:
            self._warned.add(text)
            self._warn(text)

    def _entry(self, path: Path) -> Entry | None:
        try:
            with SnapshotFile(path) as file:
                description = file.description
            for name, kind in _FIELDS.items():
                if not isinstance(description[name], kind):
                    raise DamagedError(f"its description has no {name}")
            key = description["key"]
            names = [document["name"] for document in description["documents"]]
            if not all(isinstance(name, str) for name in (*names, key["policy"])):
                raise DamagedError("its description has no names")
            if not isinstance(key["budget"], int):
                raise DamagedError("its description has no budget")
            parse_parts(description.get("archive") or [])
            status = path.stat()
        except FileNotFoundError:
            return None
        except (DamagedError, KeyError, TypeError) as error:
            self.set_aside(path, error)
            return None
        except OSError as error:
            self._warn(f"the snapshot {path} cannot be read: {told_by(error)}")
            return None
        size = status.st_size + size_of(path.with_suffix(NOTES))
        return Entry(path.stem, path, size, status.st_mtime, description)

    def set_aside(self, path: Path, error: Exception) -> None:
        """Rename a file that is of no use, and say why."""
        reason = error if isinstance(error, DamagedError) else "its description cannot be read"
        self._warn(f"the snapshot {path} cannot be used: {reason}")
        set_aside(path)

    @property
    def size(self) -> int:
        """Bytes of all files on disk."""
        return sum(size_of(path) for kind in KINDS for path in self.paths(kind))

    # Writing --------------------------------------------------------------------------------

    @contextmanager
    def claim(self, reading: object, superseded: Path | None = None) -> Iterator[Writer | None]:
        """What writes the snapshots of one reading; None if another process does that already.

        Parameters
        ----------
        reading
            Plain data that says which reading it is.
        superseded
            A snapshot of a beginning of it, whose place the first one takes.

        Raises
        ------
        OSError
            If the folder cannot be written to.
        """
        make_private(self.folder)
        sweep_parts(self)
        sweep_archives(self)
        sweep_notes(self)
        name = short_digest(reading)
        lock = self.lock(name)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            yield None
            return
        try:
            part = self.folder / f"{name}{PART}"
            yield Writer(self.folder, part, self.trim, superseded)
        finally:
            lock.release()

    def lock(self, name: str) -> FileLock:
        """The lock of those files whose names begin alike; held while they are written.

        Who holds it may release it in another thread.
        """
        path = self.folder / f"{name[:LOCKS]}{_LOCK}"
        return FileLock(path, mode=0o600, thread_local=False)

    def remove(self, entry: Entry) -> None:
        """Delete a snapshot, and its archive unless another one needs that."""
        entry.path.unlink(missing_ok=True)
        sweep(self)

    def prune(self, limit: int | None = None, *, before: float = 0) -> list[Entry]:
        """Delete snapshots last used before a time, then the least recently used above a limit.

        The archive of a snapshot goes before it.

        Parameters
        ----------
        limit
            Bytes that may stay; None for the limit of the store.
        before
            Seconds since 1970.

        Returns
        -------
        The snapshots that were deleted.
        """
        return prune(self, self.limit if limit is None else limit, before)

    def trim(self) -> None:
        """Prune if the folder has grown above its limit."""
        if self.size > self.limit:
            self.prune()


def open_store(settings: Settings, warn: Callable[[str], None]) -> Store:
    """The snapshots of the user."""
    return Store(snapshots_folder(settings.cache_dir), settings.cache_size, warn)
