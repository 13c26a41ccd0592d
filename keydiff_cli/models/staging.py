"""The staging folder of one model: a file that fills up, and a journal of what is sure in it."""

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
    """A source cannot give the model; the next one may. The message is one clause."""


class Reporter:
    """Calls ``progress(done, total)``, never going back.

    Parameters
    ----------
    progress
        Told the bytes done and the bytes in all; None for nobody.
    total
        Bytes in all; a source that knows better sets the attribute.
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

    The bytes go to one file, so that the peak on disk is the model and what is in transit. The
    journal names where they come from and the length and SHA-256 of every finished part; what
    does not agree with it is dropped on the next try.

    Parameters
    ----------
    folder
        Holds the partial file, the journal, and whatever a source needs meanwhile.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder = folder.absolute()  # pip runs elsewhere
        self.path = folder / "partial"
        self.size = 0
        self._journal = folder / "journal.json"
        self._hash = hashlib.sha256()
        self._part = hashlib.sha256()
        self._parts: list[list[object]] = []
        self._finished = 0
        self._key = ""
        self._stream: BinaryIO | None = None

    @property
    def key(self) -> str:
        """What the journal says the bytes are; empty when there is none."""
        key = read_note(self._journal).get("key")
        return key if isinstance(key, str) and self.path.is_file() else ""

    @property
    def sha256(self) -> str:
        """SHA-256 of all bytes so far, in hexadecimal."""
        return self._hash.hexdigest()

    def require_room(self, total: int, transit: int) -> None:
        """Raise OSError (ENOSPC) unless `total` bytes and `transit` more fit on the disk."""
        self.folder.mkdir(parents=True, exist_ok=True)
        have = self.path.stat().st_size if self.path.is_file() else 0
        need = max(0, total - have) + transit
        free = shutil.disk_usage(self.folder).free
        if free < need:
            raise OSError(errno.ENOSPC, f"{format_size(need)} needed, {format_size(free)} free")

    def resume(self, key: str, report: Reporter, *, keep_tail: bool = False) -> int:
        """Take up what an earlier try left, if it is of the same `key`.

        Parameters
        ----------
        key
            What the bytes are: the same key means that the same bytes follow.
        report
            Told of the bytes found good.
        keep_tail
            Whether bytes after the last finished part are kept too (a range of one file), or
            dropped (half a part).

        Returns
        -------
        int
            How many finished parts there are. Nothing of another key is touched before the
            first `write`.
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
        """Append bytes. The first write after a start from nothing replaces the partial file."""
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
        """Record the bytes since the last finished part as sure, on disk before in the journal."""
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
        self._key = key
        self._hash = hashlib.sha256()
        self._part = hashlib.sha256()
        self._parts = []
        self.size = self._finished = 0
