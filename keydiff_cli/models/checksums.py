"""SHA-256 of files, and small JSON notes that remember one while its file stays unchanged."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from keydiff_cli.errors import ModelError
from keydiff_cli.models.variants import parts_of
from keydiff_cli.system.files import told_by

CHUNK = 1 << 20
"""Bytes read or written at a time."""


def feed(
    stream: IO[bytes],
    *sinks: Callable[[bytes], object],
    limit: int | None = None,
) -> int:
    """Hand what is left of a stream to every sink.

    Parameters
    ----------
    stream
        An open file, read from where it stands.
    sinks
        Functions that take bytes; each gets all of them, at most ``CHUNK`` at a time.
    limit
        The most bytes that are read; None for all that are left.

    Returns
    -------
    int
        How many bytes were handed on.
    """
    done = 0
    while data := stream.read(CHUNK if limit is None else min(CHUNK, limit - done)):
        for sink in sinks:
            sink(data)
        done += len(data)
    return done


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        feed(stream, digest.update)
    return digest.hexdigest()


def read_note(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file; an empty object when the file is missing or damaged."""
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def write_note(path: Path, note: dict[str, Any]) -> None:
    """Write a JSON object into a file at once: a reader sees the old object or the new one.

    The folder is made if it is missing.

    Raises
    ------
    OSError
        If the file cannot be written; then the old one is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            json.dump(note, stream)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def stamp(path: Path) -> dict[str, Any]:
    """Return what changes when a file does: its size in bytes, modification time and inode.

    Raises
    ------
    OSError
        If the file cannot be looked at.
    """
    status = path.stat()
    return {"size": status.st_size, "mtime_ns": status.st_mtime_ns, "inode": status.st_ino}


def checksum(path: Path, folder: Path) -> str:
    """Return the SHA-256 of a model, remembered until a file of it changes.

    Parameters
    ----------
    path
        Its file. That of a split model is the SHA-256 of those of its parts in hexadecimal, one
        after the other.
    folder
        Folder for the remembered checksums, with a small JSON file for each. If it is damaged
        or cannot be written, files are hashed each time.

    Returns
    -------
    str
        The SHA-256 in hexadecimal.

    Raises
    ------
    ModelError
        When the file cannot be read.
    """
    digests = [_checksum(part, folder) for part in parts_of(path)]
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


def _checksum(path: Path, folder: Path) -> str:
    try:
        path = path.resolve(strict=True)
        before = stamp(path)
        name = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
        expected = {"path": str(path), **before}
        note = read_note(folder / f"{name}.json")
        remembered = note.pop("sha256", None)
        if note == expected and isinstance(remembered, str) and len(remembered) == 64:
            return remembered
        result = sha256_of(path)
        unchanged = stamp(path) == before
    except OSError as error:
        raise ModelError(f"cannot read {path}: {told_by(error)}") from error
    if unchanged:
        with suppress(OSError):
            write_note(folder / f"{name}.json", {**expected, "sha256": result})
    return result
