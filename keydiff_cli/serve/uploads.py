"""Documents that were sent, on disk: each whole and for good, or not there.

A document is a folder of its id, which has the document under its own name and what is known of it.
It is made beside its place and gets its name when all of it is on the disk.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from keydiff_cli.errors import UsageError
from keydiff_cli.serve.files import KnownFile
from keydiff_cli.serve.refusals import Refusal
from keydiff_cli.system.files import make_private, told_by
from keydiff_cli.system.sizes import format_size
from keydiff_cli.system.terminal import printable

_ID = re.compile(r"file-[0-9a-f]{24}")
_PART, _GONE = ".part-", ".gone-"
_ABOUT = ".about.json"  # no document has a name that begins with a dot
_LONGEST_NAME = 180  # bytes


class Uploads:
    """The documents that were sent.

    Parameters
    ----------
    folder
        Made if it is not there; no other server may have it meanwhile.
    each, all_together
        Bytes that a document, and all of them, may have at most.

    Raises
    ------
    UsageError
        If it cannot be used, or another server has it.
    """

    def __init__(self, folder: Path, *, each: int, all_together: int) -> None:
        self._folder = folder
        self._each, self._all = each, all_together
        try:
            make_private(folder)
            self._lock = FileLock(folder / ".lock", mode=0o600, thread_local=False)
            self._lock.acquire(timeout=0)
            for path in folder.iterdir():
                if path.name.startswith((_PART, _GONE)):  # of a server that was killed
                    shutil.rmtree(path, ignore_errors=True)
        except Timeout:
            raise UsageError(
                f"another server has {folder}; give this one another folder: KEYDIFF_CACHE_DIR"
            ) from None
        except OSError as error:
            raise UsageError(f"{folder} cannot be used: {told_by(error)}") from None
        self._known = {file.id: file for file in self._found()}
        self._coming = 0  # bytes of those that are being sent

    def close(self) -> None:
        """Leave the folder to another server."""
        self._lock.release()

    def list(self) -> list[KnownFile]:
        """All of them."""
        return list(self._known.values())

    def find(self, file_id: str) -> KnownFile | None:
        """The one of an id; None if there is none."""
        return self._known.get(file_id)

    def begin(self, name: str) -> Upload:
        """Where a document is to be written to.

        Raises
        ------
        OSError
            If nothing can be written.
        """
        file_id = f"file-{secrets.token_hex(12)}"
        folder = self._folder / f"{_PART}{file_id}"
        folder.mkdir(mode=0o700)
        name = _file_name(name)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        file = open(os.open(folder / name, flags, 0o600), "wb")  # noqa: SIM115
        return Upload(file_id, name, folder, file)

    def add(self, upload: Upload, data: bytes) -> None:
        """Write more of a document.

        Raises
        ------
        Refusal
            If it, or all of them, would be too large.
        OSError
            If it cannot be written.
        """
        upload.size += len(data)
        self._coming += len(data)
        if upload.size > self._each:
            raise Refusal(413, f"a file may have {format_size(self._each)}", code="too_large")
        if self._coming + sum(file.bytes for file in self._known.values()) > self._all:
            problem = f"all files together may have {format_size(self._all)}; delete some"
            raise Refusal(507, problem, code="no_room")
        upload.digest.update(data)
        upload.file.write(data)

    def finish(self, upload: Upload, purpose: str) -> KnownFile:
        """Let a document that was written be there, also after a crash.

        Raises
        ------
        OSError
            If it cannot be written to its end.
        """
        upload.file.flush()
        os.fsync(upload.file.fileno())
        upload.file.close()
        path = self._folder / upload.id
        created = int(time.time())
        file = KnownFile(upload.id, path / upload.name, upload.name, upload.size, created, purpose)
        about = {"purpose": purpose, "created": created, "sha256": upload.digest.hexdigest()}
        number = os.open(upload.folder / _ABOUT, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(number, "w", encoding="utf-8") as out:
            json.dump(about, out)
            out.flush()
            os.fsync(out.fileno())
        _sync(upload.folder)
        upload.folder.rename(path)
        _sync(self._folder)
        self._known[file.id] = file
        self._coming -= upload.size
        upload.whole = True
        return file

    def give_up(self, upload: Upload) -> None:
        """Leave nothing of a document that did not come to its end."""
        if not upload.whole:
            self._coming -= upload.size
            upload.file.close()
            shutil.rmtree(upload.folder, ignore_errors=True)

    def delete(self, file_id: str) -> bool:
        """Delete a document; whether there was one.

        Raises
        ------
        OSError
            If it cannot be deleted.
        """
        if file_id not in self._known:
            return False
        gone = self._folder / f"{_GONE}{file_id}"
        (self._folder / file_id).rename(gone)
        del self._known[file_id]
        _sync(self._folder)
        shutil.rmtree(gone, ignore_errors=True)  # the next server tries again
        return True

    def _found(self) -> Iterator[KnownFile]:
        for folder in self._folder.iterdir():
            if _ID.fullmatch(folder.name) and (file := _found_in(folder)):
                yield file


@dataclass
class Upload:
    """A document that is being sent.

    Attributes
    ----------
    id, name
        As of :class:`~keydiff_cli.serve.files.KnownFile`.
    folder
        Where it is until it is whole.
    file
        What is written.
    size
        Bytes so far.
    whole
        Whether it is there for good.
    """

    id: str
    name: str
    folder: Path
    file: BinaryIO
    size: int = 0
    whole: bool = False

    def __post_init__(self) -> None:
        self.digest = hashlib.sha256()


def _found_in(folder: Path) -> KnownFile | None:
    """The document of a folder; None if it is not one of ours."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        about = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
        [path] = [path for path in folder.iterdir() if path.name != _ABOUT]
        created, purpose = int(about["created"]), str(about["purpose"])
        return KnownFile(folder.name, path, path.name, path.stat().st_size, created, purpose)
    return None


def _file_name(given: str) -> str:
    """A name that a client gave, as one of a file here: no folders, nothing hidden."""
    name = printable(re.split(r"[/\\]", given)[-1].replace("\0", "")).strip().lstrip(".")
    while len(name.encode()) > _LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[:-1]}.{ending}" if dot and len(ending) < 16 and stem else name[:-1]
    return name or "document"


def _sync(folder: Path) -> None:
    """Let the names in a folder be on the disk."""
    if sys.platform == "win32":  # where a folder cannot be opened
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
