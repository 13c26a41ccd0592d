"""Archives: the rows of every token that was read, on disk, so that what was evicted comes back.

An archive is a list of segments, files that are never changed once they are written: a reading that
goes on from a snapshot writes a segment of its own behind those of the snapshot. A segment is::

    8 bytes   magic
    u32       version of this layout
    u32       length of the description
              the description: JSON, UTF-8
              pieces, one after another:
                u32   tokens
                      keys of each layer, then values of each layer: rows [tokens, bytes], each
                      array followed by its CRC-32 (u32)

An archive of keys has no values. The description holds ``widths``, the bytes of a row of each
array: with those of the cache they tell how the rows are stored (:class:`ArchiveForm`).
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from keydiff_cli.cache import Bytes
from keydiff_cli.snapshots.archive_form import ArchiveForm
from keydiff_cli.snapshots.format import DamagedError, set_aside

MAGIC = b"keydiffA"
VERSION = 1
_START = struct.Struct("<8sII")
_NUMBER = struct.Struct("<I")
_LONGEST = 2**20  # bytes of a description


def write_start(file: BinaryIO, widths: Sequence[int]) -> None:
    """Begin a segment.

    Parameters
    ----------
    widths
        Bytes of a row of keys of each layer, then of a row of values of each layer.
    """
    text = json.dumps({"widths": list(widths)}).encode()
    file.write(_START.pack(MAGIC, VERSION, len(text)) + text)


def write_piece(file: BinaryIO, rows: Sequence[Bytes]) -> None:
    """Add the rows of consecutive tokens: keys of each layer, then values: ``[tokens, bytes]``."""
    file.write(_NUMBER.pack(len(rows[0])))
    for part in rows:
        data = np.ascontiguousarray(part).reshape(-1).data
        file.write(data)
        file.write(_NUMBER.pack(zlib.crc32(data)))


class Segment:
    """What an archive has of an open segment; there may be more in the file.

    Parameters
    ----------
    file
        The file, wherever its position is.
    start
        The first token.
    stop
        The token after the last one.

    Attributes
    ----------
    widths : list of int
        Bytes of a row of keys of each layer, then of a row of values of each layer.
    starts, stops : list of int
        The first token of each piece, and the one after its last.

    Raises
    ------
    DamagedError
        If it is no segment, or has fewer tokens.
    OSError
        If it cannot be read.
    """

    def __init__(self, file: BinaryIO, start: int, stop: int) -> None:
        self._file = file
        self.start, self.stop = start, stop
        self.widths, offset = self._read_start()
        self.starts: list[int] = []
        self.stops: list[int] = []
        self._offsets: list[int] = []
        self._find_pieces(offset)

    def close(self) -> None:
        """Close its file."""
        self._file.close()

    def set_aside(self) -> None:
        """Rename its file, if it has a name."""
        if isinstance(self._file.name, str):
            set_aside(Path(self._file.name))

    def _bytes(self, offset: int, count: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(count)

    def _read_start(self) -> tuple[list[int], int]:
        """The widths, and where the pieces begin."""
        start = self._bytes(0, _START.size)
        if len(start) < _START.size:
            raise DamagedError("it ends early")
        magic, version, length = _START.unpack(start)
        if magic != MAGIC or version != VERSION or length > _LONGEST:
            raise DamagedError(f"it is no archive of version {VERSION}")
        try:
            description = json.loads(self._bytes(_START.size, length))
            widths = [int(width) for width in description["widths"]]
        except (KeyError, TypeError, ValueError):
            raise DamagedError("its description cannot be read") from None
        if min(widths, default=0) <= 0:
            raise DamagedError("its description makes no sense")
        return widths, _START.size + length

    def _find_pieces(self, offset: int) -> None:
        token, row, checksums = self.start, sum(self.widths), _NUMBER.size * len(self.widths)
        end = self._file.seek(0, os.SEEK_END)
        while token < self.stop:
            number = self._bytes(offset, _NUMBER.size)
            count = _NUMBER.unpack(number)[0] if len(number) == _NUMBER.size else 0
            offset += _NUMBER.size
            if count == 0 or offset + count * row + checksums > end:
                raise DamagedError("it ends early")
            self.starts.append(token)
            self._offsets.append(offset)
            token += count
            self.stops.append(token)
            offset += count * row + checksums
        if token != self.stop:
            raise DamagedError("its pieces are of other tokens")

    def pieces(self) -> Iterator[list[Bytes]]:
        """All arrays of each piece: uint8 ``[tokens, bytes]``.

        Raises
        ------
        DamagedError, OSError
            As :meth:`read`.
        """
        for piece in range(len(self.starts)):
            yield [self.read(piece, number) for number in range(len(self.widths))]

    def read(self, piece: int, number: int) -> Bytes:
        """Read an array of a piece, its checksum verified: uint8 ``[tokens, bytes]``.

        Parameters
        ----------
        number
            Which one, in the order of ``widths``.

        Raises
        ------
        DamagedError
            If it is not as it was written.
        OSError
            If it cannot be read.
        """
        count, width = self.stops[piece] - self.starts[piece], self.widths[number]
        before = sum(self.widths[:number]) * count + _NUMBER.size * number
        data = self._bytes(self._offsets[piece] + before, count * width + _NUMBER.size)
        rows, checksum = data[: -_NUMBER.size], data[-_NUMBER.size :]
        if len(rows) != count * width or checksum != _NUMBER.pack(zlib.crc32(rows)):
            raise DamagedError("its checksum does not match")
        return np.frombuffer(rows, np.uint8).reshape(count, width)


class Archive:
    """The rows of all tokens of some documents, read piece by piece; to be closed.

    Parameters
    ----------
    segments
        In order; the first of them begins with token 0.
    form
        How all of them store rows.

    Attributes
    ----------
    tokens : int
        How many tokens it has.
    widths : list of int
        Bytes of a row of keys of each layer, then of a row of values of each layer, as stored.
    whole : bool
        Whether it has values, too, so that rows can be put back.
    kv_type : str
        Type of the stored numbers.

    Raises
    ------
    DamagedError
        If they do not follow each other.
    """

    def __init__(self, segments: Sequence[Segment], form: ArchiveForm) -> None:
        self._form = form
        self.whole, self.kv_type = form.whole, form.type
        self._segments = list(segments)
        starts = [0, *(segment.stop for segment in segments)]
        if starts[:-1] != [segment.start for segment in segments]:
            raise DamagedError("its segments do not follow each other")
        if len({tuple(segment.widths) for segment in segments}) != 1:
            raise DamagedError("its segments are of different models, or forms")
        self.tokens = starts[-1]
        self.widths = segments[0].widths
        self._pieces = [
            (segment, piece) for segment in self._segments for piece in range(len(segment.starts))
        ]
        self._starts = [segment.starts[piece] for segment, piece in self._pieces]

    def close(self) -> None:
        """Close its files."""
        for segment in self._segments:
            segment.close()

    def set_aside(self) -> None:
        """Rename its files, so that nobody takes them for what they were."""
        for segment in self._segments:
            segment.set_aside()

    def keys(self, layer: int) -> Iterator[Bytes]:
        """The stored keys of a layer from the first token on, in pieces: uint8 ``[tokens, bytes]``.

        Raises
        ------
        DamagedError, OSError
            As :meth:`Segment.read`.
        """
        for segment, piece in self._pieces:
            yield segment.read(piece, layer)

    def rows(self, tokens: NDArray[np.int64]) -> Iterator[Bytes]:
        """The rows of tokens, as they are cached: uint8 ``[tokens, bytes]``.

        Keys of each layer, then values of each layer, where they are stored.

        Parameters
        ----------
        tokens
            In ascending order: int64 ``[tokens]``.

        Raises
        ------
        DamagedError, OSError
            As :meth:`Segment.read`.
        """
        pieces = [bisect_right(self._starts, int(token)) - 1 for token in tokens]
        wanted = sorted(set(pieces))
        bounds = np.searchsorted(pieces, [*wanted, len(self._pieces)])
        for number, width in enumerate(self.widths):
            rows = np.empty((len(tokens), width), np.uint8)
            for place, index in enumerate(wanted):
                segment, piece = self._pieces[index]
                own = slice(int(bounds[place]), int(bounds[place + 1]))
                rows[own] = segment.read(piece, number)[tokens[own] - self._starts[index]]
            yield self._form.unpack(rows)
