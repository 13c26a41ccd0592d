"""The staging folder of a model: a file that fills up, and a journal of what is sure in it."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from keydiff_cli.models.checksums import feed, read_note, write_note
from keydiff_cli.system.sizes import format_size


class SourceError(Exception):
    """A source cannot give the model, though the next one may. The message is one clause."""


class Reporter:
    """Calls ``progress(done, total)`` with numbers of bytes that never go back.

    Parameters
    ----------
    progress
        Called with the bytes that are done and the bytes in all; None for no call.
    total
        Bytes in all; a source that knows the number better sets the attribute.
    """

    def __init__(self, progress: Callable[[int, int], None] | None, total: int) -> None:
        self.total = total
        self._progress = progress
        self._done = -1

    def __call__(self, done: int) -> None:
        done = min(done, self.total)
        if self._progress is not None and done > self._done:
            self._done = done
            self._progress(done, self.total)


class Staging:
    """A partial download that survives an interruption.

    All bytes go to one file, so that no more room is needed on the disk than for the model and
    what is in transit. The journal names the source of the bytes, and the length and SHA-256 of
    every finished part. Bytes that do not agree with the journal are dropped on the next try.

    Parameters
    ----------
    folder
        Holds the partial file, the journal, and what a source needs meanwhile; made when needed.

    Attributes
    ----------
    path
        The partial file.
    size
        Bytes so far.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder = folder.absolute()  # pip runs in another folder
        self.path = folder / "partial"
        self.size = 0
        self._journal = folder / "journal.json"
        self._hash = hashlib.sha256()  # of all bytes
        self._part = hashlib.sha256()  # of the bytes since the last finished part
        self._parts: list[list[object]] = []  # size and SHA-256 of each finished part
        self._finished = 0  # bytes of the finished parts
        self._key = ""
        self._stream: BinaryIO | None = None

    @property
    def key(self) -> str:
        """What the journal has as the source of the bytes; empty when there are no bytes."""
        key = read_note(self._journal).get("key")
        return key if isinstance(key, str) and self.path.is_file() else ""

    @property
    def sha256(self) -> str:
        """SHA-256 of all bytes so far, in hexadecimal."""
        return self._hash.hexdigest()

    def require_room(self, total: int, transit: int) -> None:
        """Find out whether a model fits on the disk; bytes fetched already count as its own.

        Parameters
        ----------
        total
            Bytes of the model.
        transit
            Bytes that are needed beside it for a time.

        Raises
        ------
        OSError
            With ``ENOSPC``, if they do not fit; or if the folder cannot be made.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        fetched = self.path.stat().st_size if self.path.is_file() else 0
        needed = max(0, total - fetched) + transit
        free = shutil.disk_usage(self.folder).free
        if free < needed:
            raise OSError(errno.ENOSPC, f"{format_size(needed)} needed, {format_size(free)} free")

    def resume(self, key: str, report: Reporter, *, keep_tail: bool = False) -> int:
        """Take up what an earlier try left, if its bytes have the same `key`.

        Bytes of another key are not touched before the first `write`.

        Parameters
        ----------
        key
            Identifies the bytes: the same key means that the same bytes follow.
        report
            Called with the number of bytes that are taken up.
        keep_tail
            Whether bytes after the last finished part are kept, as those of a single file are,
            or dropped, as half a part.

        Returns
        -------
        int
            How many finished parts there are.
        """
        self.close()
        self._reset(key)
        if self.key != key:
            return 0
        recorded = read_note(self._journal).get("parts")
        stream = self._stream = self.path.open("r+b")
        for part in recorded if isinstance(recorded, list) else []:
            whole = self._hash.copy()
            digest = hashlib.sha256()
            try:
                size, expected = int(part[0]), part[1]
            except (TypeError, ValueError, LookupError):
                break
            count = feed(stream, whole.update, digest.update, limit=size)
            if count != size or digest.hexdigest() != expected:
                break
            self._hash = whole
            self.size += size
            self._parts.append([size, expected])
            report(self.size)
        self._finished = self.size
        stream.seek(self.size)
        if keep_tail:
            self.size += feed(stream, self._hash.update, self._part.update)
            report(self.size)
        stream.seek(self.size)
        stream.truncate()
        return len(self._parts)

    def restart(self) -> None:
        """Drop every byte; the next `write` is the first."""
        self.close()
        self._reset(self._key)

    def write(self, data: bytes) -> None:
        """Append bytes; the first write after a start from nothing replaces the partial file."""
        if self._stream is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._journal.unlink(missing_ok=True)
            self._stream = self.path.open("wb")
            write_note(self._journal, {"key": self._key, "parts": []})
        self._stream.write(data)
        self._hash.update(data)
        self._part.update(data)
        self.size += len(data)

    def finish_part(self) -> None:
        """Record the bytes since the last finished part as sure, when they are on the disk."""
        self.flush()
        self._parts.append([self.size - self._finished, self._part.hexdigest()])
        self._finished = self.size
        self._part = hashlib.sha256()
        write_note(self._journal, {"key": self._key, "parts": self._parts})

    def flush(self) -> None:
        """Bring every byte to the disk."""
        if self._stream is not None:
            self._stream.flush()
            os.fsync(self._stream.fileno())

    def close(self) -> None:
        """Close the partial file; what is in it stays for the next try."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def discard(self) -> None:
        """Remove the staging folder with all that is in it."""
        self.restart()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _reset(self, key: str) -> None:
        """Begin to count and hash from nothing; no file is touched."""
        self._key = key
        self._hash = hashlib.sha256()
        self._part = hashlib.sha256()
        self._parts = []
        self.size = self._finished = 0
