"""What gzip, bzip2, xz or zstd packed, unpacked as it streams by, within bounds."""

from __future__ import annotations

import bz2
import hashlib
import io
import lzma
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, BinaryIO, Protocol, cast

from keydiff_cli.documents.byte_stream import CHUNK, ByteStream
from keydiff_cli.errors import DocumentError
from keydiff_cli.system.sizes import format_size
from keydiff_cli.system.terminal import printable

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST_BYTES = 4 << 30  # that a document may unpack to
# No document packs so well, but files do that were made to fill memory, disk and time.
MOST_TIMES = 500
_ANY_TIMES = 32 << 20  # bytes up to which any ratio will do
_XZ_MEMORY = 128 << 20  # bytes; xz -9 makes files that need 65 MiB


class _Decompressor(Protocol):
    """What the decompressors of the standard library have in common."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


@dataclass(frozen=True)
class Packing:
    """A format of packed data.

    Attributes
    ----------
    name : str
        What the user knows it by.
    magic : tuple of bytes
        With one of these a file of the format begins.
    start : callable
        Makes what unpacks one of the parts that such a file consists of, mostly one.
    """

    name: str
    magic: tuple[bytes, ...]
    start: Callable[[], _Decompressor]


class _Gzip:
    """Gives zlib's decompressor the interface of the others."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        out = self._inner.decompress(self._inner.unconsumed_tail + data, max_length)
        self.needs_input = not self._inner.unconsumed_tail and len(out) < max_length
        return out


def _xz() -> _Decompressor:
    return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)


def _zstd() -> _Decompressor:
    """By default it refuses what needs more than 128 MiB."""
    if sys.version_info >= (3, 14):
        from compression.zstd import ZstdDecompressor
    else:
        from backports.zstd import ZstdDecompressor
    return ZstdDecompressor()


_BZIP2 = tuple(  # the size of its blocks, and how the first one begins, or the end
    b"BZh%d" % size + begin for size in range(1, 10) for begin in (b"1AY&SY", b"\x17rE8P\x90")
)
_PACKINGS = [
    Packing("gzip", (b"\x1f\x8b\x08",), _Gzip),
    Packing("bzip2", _BZIP2, bz2.BZ2Decompressor),
    Packing("xz", (b"\xfd7zXZ\0",), _xz),
    Packing("zstd", (b"\x28\xb5\x2f\xfd",), _zstd),
]


def packing(head: bytes) -> Packing | None:
    """Tell how a file that begins so is packed; None if it is not."""
    return next((how for how in _PACKINGS if head.startswith(how.magic)), None)


class Unpacked(ByteStream):
    """The bytes that a packed document unpacks to, as those of a pipe.

    Parameters
    ----------
    packed : ByteStream
        The packed bytes; closed with this stream.
    how : Packing
        How they are packed.

    Raises
    ------
    DocumentError
        Here and where it is read: if the packed bytes are damaged, cut off, or unpack to more than
        ``MOST_BYTES`` or ``MOST_TIMES`` their number.
    """

    def __init__(self, packed: ByteStream, how: Packing) -> None:
        self._packed: ByteStream | None = packed
        self._unpacker = _Unpacker(packed, how)
        super().__init__(packed.name, cast(BinaryIO, self._unpacker), owned=True)

    @property
    def packed_sha256(self) -> str:
        """The hash of all bytes of the file, once all of them have been read."""
        return self._unpacker.sha256

    def seekable_file(self) -> tuple[IO[bytes], str | None]:
        """Copy the unpacked bytes to an unlinked temporary file, as those of a pipe.

        Returns
        -------
        file : file object
            At its start. Closed by ``close``.
        sha256 : str
            The hash of the packed bytes in hexadecimal.

        Raises
        ------
        DocumentError
            For the reasons that the class and ``ByteStream.seekable_file`` name.
        """
        file, _ = super().seekable_file()
        self._packed = None  # closed
        return file, self.packed_sha256

    def has_grown(self) -> bool:
        """Tell that it has not; DocumentError if the packed file changed in any way."""
        self.check_unchanged()
        return False

    def check_unchanged(self) -> None:
        """Raise DocumentError if a packed file is not what it was when it was opened."""
        if self._packed:
            self._packed.check_unchanged()


class _Unpacker(io.RawIOBase):
    """A file to read unpacked bytes from, at most ``CHUNK`` at a time."""

    def __init__(self, packed: ByteStream, how: Packing) -> None:
        self._packed, self._how = packed, how
        self._chunks = packed.chunks()
        self._digest = hashlib.sha256()
        self._part: _Decompressor | None = None
        self._waiting = b""  # packed bytes that have not been given to the decompressor
        self._given = self._made = 0

    @property
    def sha256(self) -> str:
        return self._packed.packed_sha256 or self._digest.hexdigest()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        data = self._next(min(len(view), CHUNK))
        view[: len(data)] = data
        return len(data)

    def _next(self, size: int) -> bytes:
        """Unpack at most ``size`` bytes; none only at the end."""
        while part := self._part or self._next_part():
            if part.needs_input and not self._waiting and not self._fetch():
                said = "end too early; get the whole file"
                raise self._refuse(f"is cut off: its {self._how.name} data {said}")
            if data := self._unpack(part, size):
                return data
        return b""

    def _next_part(self) -> _Decompressor | None:
        """Begin with the next part, behind the zeros that may fill up a file, if there is one."""
        while not (rest := self._waiting.lstrip(b"\0")):
            if not self._fetch():
                return None
        self._waiting = rest
        self._part = self._how.start()
        return self._part

    def _fetch(self) -> bool:
        """Get the next packed bytes, if there are more."""
        self._waiting = next(self._chunks, b"")
        self._given += len(self._waiting)
        self._digest.update(self._waiting)
        return bool(self._waiting)

    def _unpack(self, part: _Decompressor, size: int) -> bytes:
        data, self._waiting = self._waiting, b""
        try:
            made = part.decompress(data, size)
        except (MemoryError, DocumentError):
            raise
        except Exception as error:  # each format has an error of its own
            said = f"cannot be unpacked ({printable(str(error))}); get it again"
            raise self._refuse(f"is damaged: its {self._how.name} data {said}") from error
        self._made += len(made)
        if self._made > MOST_BYTES:
            most = format_size(MOST_BYTES)
            raise self._refuse(f"unpacks to more than {most}; unpack it, and give a part of it")
        if self._made > max(_ANY_TIMES, MOST_TIMES * self._given):
            said = (
                f"unpacks to more than {MOST_TIMES} times its size; unpack it first if you trust it"
            )
            raise self._refuse(said)
        if part.eof:
            self._part, self._waiting = None, part.unused_data
        return made

    def _refuse(self, said: str) -> DocumentError:
        return DocumentError(f"{self._packed.name} {said}")

    def close(self) -> None:
        self._packed.close()
        super().close()
