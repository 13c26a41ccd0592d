"""The file of a snapshot: a description, arrays, and a checksum over all of it.

::

    8 bytes   magic
    u32       version of this layout
    u32       length of the description
              the description: JSON, UTF-8; ``arrays`` lists name, dtype and shape of each array
              the arrays, one after another, little-endian, in C order
    32 bytes  SHA-256 of everything before
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

MAGIC = b"keydiff\n"
DAMAGED = ".damaged"  # what the name of a file ends in that was set aside
VERSION = 1
_START = struct.Struct("<8sII")
_DIGEST = hashlib.sha256().digest_size
_PIECE = 2**20  # bytes read at a time
_LONGEST = 2**26  # bytes of a description

Array = NDArray[Any]


def set_aside(path: Path) -> None:
    """Rename a file that is of no use, so that nobody takes it for what it was."""
    with suppress(OSError):
        path.replace(path.with_suffix(DAMAGED))


class DamagedError(ValueError):
    """A file is no snapshot of this version, or not as it was written."""


def write_file(
    file: BinaryIO, description: dict[str, Any], arrays: Iterable[tuple[str, Array]]
) -> None:
    """Write a snapshot; the arrays are not copied."""
    named = [(name, np.ascontiguousarray(array)) for name, array in arrays]
    kinds = [[name, array.dtype.str, list(array.shape)] for name, array in named]
    text = json.dumps({**description, "arrays": kinds}).encode()
    digest = hashlib.sha256()
    parts: list[bytes | memoryview] = [_START.pack(MAGIC, VERSION, len(text)), text]
    for part in (*parts, *(_memory(array) for _, array in named)):
        digest.update(part)
        file.write(part)
    file.write(digest.digest())


def _memory(array: Array) -> memoryview:
    return array.reshape(-1).view(np.uint8).data


class SnapshotFile:
    """An open snapshot. Nothing of its arrays is read before :meth:`verify` has passed.

    Parameters
    ----------
    path
        The path of the file.

    Attributes
    ----------
    description : dict
        What was written with it.

    Raises
    ------
    DamagedError
        If it is not a snapshot of this version.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        try:
            self.description = self._read_description()
            self._places = self._find_arrays()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> SnapshotFile:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _read_description(self) -> dict[str, Any]:
        start = self._file.read(_START.size)
        if len(start) < _START.size:
            raise DamagedError("it ends early")
        magic, version, length = _START.unpack(start)
        if magic != MAGIC:
            raise DamagedError("it is no snapshot")
        if version != VERSION:
            raise DamagedError(f"it is of version {version} instead of {VERSION}")
        if length > _LONGEST:
            raise DamagedError("its description is too long")
        try:
            description = json.loads(self._file.read(length))
        except (ValueError, RecursionError):
            raise DamagedError("its description cannot be read") from None
        if not isinstance(description, dict):
            raise DamagedError("its description cannot be read")
        return description

    def _find_arrays(self) -> dict[str, tuple[int, np.dtype[Any], tuple[int, ...]]]:
        places = {}
        offset = self._file.tell()
        try:
            for name, kind, shape in self.description.pop("arrays"):
                dtype, sizes = np.dtype(kind), tuple(int(size) for size in shape)
                if dtype.hasobject or dtype.itemsize == 0 or min(sizes, default=0) < 0:
                    raise ValueError
                places[str(name)] = (offset, dtype, sizes)
                offset += dtype.itemsize * int(np.prod(sizes, dtype=object))
        except (KeyError, OverflowError, SyntaxError, TypeError, ValueError):
            raise DamagedError("its description cannot be read") from None
        self._end = offset
        if self._file.seek(0, 2) != offset + _DIGEST:
            raise DamagedError("it is too short or too long")
        return places

    def verify(self) -> None:
        """Check the file against its checksum.

        Raises
        ------
        DamagedError
            If they differ.
        """
        digest = hashlib.sha256()
        self._file.seek(0)
        left = self._end
        while left:
            piece = self._file.read(min(left, _PIECE))
            if not piece:
                raise DamagedError("it ends early")
            digest.update(piece)
            left -= len(piece)
        if self._file.read() != digest.digest():
            raise DamagedError("its checksum does not match")

    def array(self, name: str) -> Array:
        """Read an array.

        Raises
        ------
        DamagedError
            If there is none of that name, or the file has shrunk.
        """
        if name not in self._places:
            raise DamagedError(f"it has no {name}")
        offset, dtype, shape = self._places[name]
        array = np.empty(shape, dtype)
        self._file.seek(offset)
        if self._file.readinto(_memory(array)) != array.nbytes:
            raise DamagedError("it ends early")
        return array

    def widths(self, prefix: str) -> list[int]:
        """Columns of the arrays that :meth:`arrays` reads."""
        return [
            shape[1]
            for name, (_, _, shape) in self._places.items()
            if name.startswith(prefix) and len(shape) == 2
        ]

    def arrays(self, prefix: str) -> Iterator[Array]:
        """Read arrays one after another: those whose names are ``prefix`` and a number."""
        number = 0
        while (name := f"{prefix}{number}") in self._places:
            yield self.array(name)
            number += 1
