"""Where the bytes of a document come from: a regular file, a named pipe, standard input."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import cached_property
from typing import IO, TYPE_CHECKING, BinaryIO

from keydiff_cli.errors import DocumentError
from keydiff_cli.system.terminal import printable

if TYPE_CHECKING:
    from keydiff_cli.documents.encoding import Encoding

CHUNK = 64 * 1024  # bytes that are read at a time
SAMPLE = 256 * 1024  # bytes that are looked at to decide how a document is read
_MOST_ZEROS = 1 << 30  # bytes that are passed over to find the beginning of a log with a hole
_SPOOL_PREFIX = "keydiff-"


class ByteStream:
    """The bytes of a document, to be read in order; the first ones are known beforehand.

    The bytes of a regular file are those that it has when it is opened, whatever is appended later.

    Parameters
    ----------
    name : str
        The name for display.
    file : binary file
        The open file or pipe.
    owned : bool
        Whether ``close`` closes it; it does not close standard input.

    Attributes
    ----------
    name : str
        The name for display.
    head : bytes
        The first ``SAMPLE`` bytes, or all of them where there are fewer, behind as many zeros.
    size : int or None
        Bytes to come from a regular file; None for a pipe.

    Raises
    ------
    DocumentError
        If the file cannot be read.
    """

    def __init__(self, name: str, file: BinaryIO, owned: bool) -> None:
        self.name = name
        self._file: IO[bytes] = file
        self._owned = owned
        self._state = _regular_state(file)
        self.size = max(0, self._state[0] - _position(file)) if self._state else None
        self._left = self.size or sys.maxsize  # the files of /proc seem to be empty
        self._zeros = 0  # bytes before the head
        try:
            self.head = self._take(SAMPLE)
            self._pass_over_zeros()
        except BaseException:
            self.close()
            raise
        if self.size == 0 and self.head:
            self.size = self._state = None

    @cached_property
    def encoding(self) -> Encoding | None:
        """How the bytes are to be read as text, by the first ones; None if they are no text."""
        from keydiff_cli.documents.encoding import find_encoding  # loads tables of languages

        return find_encoding(self.head)

    def chunks(self) -> Iterator[bytes]:
        """Yield all bytes, the head included, at most ``CHUNK`` at a time.

        Raises
        ------
        DocumentError
            If the file cannot be read.
        """
        for _ in range(0, self._zeros, CHUNK):
            yield bytes(CHUNK)
        for start in range(0, len(self.head), CHUNK):
            yield self.head[start : start + CHUNK]
        while chunk := self._take(CHUNK):
            yield chunk

    def seekable_file(self) -> tuple[IO[bytes], str | None]:
        """Give a file that can seek, copying a pipe to an unlinked temporary file.

        Returns
        -------
        file : file object
            At its start. Closed by ``close``.
        sha256 : str or None
            The hash of the bytes in hexadecimal where they were copied, else None.

        Raises
        ------
        DocumentError
            If there is no room for the copy, or the file cannot be read or changed meanwhile.
        """
        if self._owned and self._state:
            self._file.seek(0)
            return self._file, None
        digest = hashlib.sha256()
        try:
            spool = tempfile.TemporaryFile(prefix=_SPOOL_PREFIX)  # noqa: SIM115
        except OSError as error:
            raise self._no_copy(error) from error
        try:
            for chunk in self.chunks():
                digest.update(chunk)
                spool.write(chunk)
            spool.seek(0)
            self.check_unchanged()
        except OSError as error:
            spool.close()
            raise self._no_copy(error) from error
        except BaseException:
            spool.close()
            raise
        self.close()
        self._file, self._owned, self._state = spool, True, None
        return spool, digest.hexdigest()

    @property
    def packed_sha256(self) -> str | None:
        """The hash of the file's own bytes where these are unpacked ones, read to the end."""
        return None

    def hash_file(self) -> str:
        """Hash a regular file from its start, in one pass.

        Returns
        -------
        str
            The SHA-256 in hexadecimal.

        Raises
        ------
        DocumentError
            If the file cannot be read.
        """
        digest = hashlib.sha256()
        try:
            self._file.seek(0)
        except OSError as error:
            raise self.trouble(error) from error
        while chunk := self._fill(CHUNK):
            digest.update(chunk)
        return digest.hexdigest()

    def has_grown(self) -> bool:
        """Tell whether bytes were appended to a regular file since it was opened.

        To be asked when the file has been read to the end that it had when it was opened.

        Raises
        ------
        DocumentError
            If the file changed in another way.
        """
        state = _regular_state(self._file)
        if self._state is None or state == self._state:
            return False
        if state is None or state[0] <= self._state[0] or self._left:
            raise self._changed()
        return True

    def check_unchanged(self) -> None:
        """Raise DocumentError if a regular file is not what it was when it was opened."""
        if self._state and _regular_state(self._file) != self._state:
            raise self._changed()

    def trouble(self, error: OSError) -> DocumentError:
        """Turn an error of the operating system into one for the user."""
        if isinstance(error, IsADirectoryError):
            return DocumentError(f"{self.name} is a folder; give a file in it")
        return DocumentError(f"{self.name} cannot be read: {reason_of(error)}")

    def close(self) -> None:
        """Close the file, unless it is standard input."""
        if self._owned:
            self._file.close()

    def _no_copy(self, error: OSError) -> DocumentError:
        """Return the error for a pipe of which no copy can be kept."""
        # tempfile.tempdir is None where there is no folder that can be used.
        folder = tempfile.tempdir or "the temporary folder"
        return DocumentError(
            f"{self.name}: cannot keep a copy of it in {folder} ({printable(reason_of(error))}); "
            "make room there or set TMPDIR"
        )

    def _changed(self) -> DocumentError:
        """Return the error for a file that is not what it was when it was opened."""
        return DocumentError(
            f"{self.name} changed while it was being read; try again, or read a copy of it"
        )

    def _pass_over_zeros(self) -> None:
        """Read on to the first bytes that are not all 0, if there are any."""
        while self.head.count(0) == SAMPLE and self._zeros < _MOST_ZEROS:
            if not (following := self._take(SAMPLE)):
                return
            self._zeros, self.head = self._zeros + SAMPLE, following

    def _take(self, size: int) -> bytes:
        """Read on, but not past the end that a regular file had when it was opened."""
        data = self._fill(min(size, self._left))
        self._left -= len(data)
        return data

    def _fill(self, size: int) -> bytes:
        """Read ``size`` bytes, fewer only at the end, however few a single read gives."""
        parts: list[bytes] = []
        while size > 0:
            try:
                part = self._file.read(size)
            except BlockingIOError:
                part = None
            except OSError as error:
                raise self.trouble(error) from error
            except ValueError as error:  # closed, or not open for reading
                raise DocumentError(f"{self.name} cannot be read: {error}") from error
            if part is None:  # a pipe that gives nothing instead of waiting
                time.sleep(0.01)
                continue
            if not part:
                break
            parts.append(part)
            size -= len(part)
        return b"".join(parts)


def reason_of(error: OSError) -> str:
    """Return what the operating system says about an error, or else its type."""
    return error.strerror or type(error).__name__


def _regular_state(file: IO[bytes]) -> tuple[int, int] | None:
    """Return size in bytes and time of change in nanoseconds; None if it is no regular file."""
    try:
        state = os.fstat(file.fileno())
    except (OSError, ValueError, AttributeError):
        return None
    if not stat.S_ISREG(state.st_mode):
        return None
    return state.st_size, state.st_mtime_ns


def _position(file: IO[bytes]) -> int:
    """Return where in the file reading begins, in bytes; 0 where that cannot be told."""
    try:
        return file.tell()
    except (OSError, ValueError, AttributeError):
        return 0
