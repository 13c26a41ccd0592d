"""Documents that are zip files: members are read within bounds, and never unpacked to disk."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import IO

from keydiff_cli.documents.byte_stream import ByteStream
from keydiff_cli.documents.composed import ComposedDocument
from keydiff_cli.documents.xml_events import Event, xml_events
from keydiff_cli.errors import DocumentError
from keydiff_cli.system.sizes import format_size

MOST_MEMBER = 1 << 30  # bytes that a member may unpack to
MOST_IN_ALL = 4 << 30  # bytes that all that is read may unpack to
MOST_TIMES = 200  # its packed size that a member may unpack to
MOST_HELD = 64 << 20  # bytes of a member that is held as a whole
_ANY_TIMES = 32 << 20  # bytes up to which any ratio will do
_MOST_MEMBERS = 200_000
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


class Archive:
    """The members of a zip file by their names, which are never used as paths.

    Parameters
    ----------
    stream
        The file; stays open, and is not to be read otherwise.

    Attributes
    ----------
    opened
        What the stream gave as ``seekable_file``.

    Raises
    ------
    DocumentError
        Here and where a member is read: if the file is damaged, has a password, or unpacks to
        more than the bounds.
    """

    def __init__(self, stream: ByteStream) -> None:
        self.opened = stream.seekable_file()
        self._name = name = stream.name
        self._unpacked = 0
        try:
            self._zip = zipfile.ZipFile(self.opened[0])
            infos = self._zip.infolist()
        except Exception as error:
            raise self._damaged() from error
        if len(infos) > _MOST_MEMBERS:
            raise DocumentError(f"{name} has more than {_MOST_MEMBERS:,} files in it; unpack it")
        # Some programs write the backslashes of Windows.
        self._infos = {info.filename.replace("\\", "/").lstrip("/"): info for info in infos}

    @property
    def names(self) -> list[str]:
        """The names of the members, in the order of the file."""
        return list(self._infos)

    def __contains__(self, member: str) -> bool:
        return member in self._infos

    def size(self, member: str) -> int:
        """Bytes that a member unpacks to."""
        return self._infos[member].file_size

    def open(self, member: str) -> IO[bytes]:
        """Open a member, to be read as a stream."""
        info = self._infos.get(member)
        if info is None:
            raise DocumentError(f"{self._name} is damaged: {_shown(member)} is missing in it")
        if info.flag_bits & 1:
            raise DocumentError(f"{self._name} needs a password; save it without one first")
        self._unpacked += info.file_size
        allowed = max(_ANY_TIMES, MOST_TIMES * info.compress_size)
        for limit, bound in (
            (info.file_size > allowed, f"{MOST_TIMES} times its size"),
            (info.file_size > MOST_MEMBER, format_size(MOST_MEMBER)),
            (self._unpacked > MOST_IN_ALL, f"{format_size(MOST_IN_ALL)} in all"),
        ):
            if limit:
                raise DocumentError(
                    f"{self._name} is not read: {_shown(member)} in it unpacks to more than {bound}"
                )
        if info.compress_type not in _METHODS:
            raise self._damaged()
        try:
            return self._zip.open(info)
        except Exception as error:
            raise self._damaged() from error

    def read(self, member: str) -> bytes:
        """Read a member as a whole; DocumentError where it is too large to be held."""
        with self.open(member) as file:
            self._check_held(member)
            try:
                return file.read()
            except Exception as error:
                raise self._damaged() from error

    def events(self, member: str, *, streams: bool = False) -> Iterator[Event]:
        """Parse a member as XML; nothing where it is missing.

        Parameters
        ----------
        streams
            Whether nothing of it is held, so that it may be larger than ``MOST_HELD``.
        """
        if member in self:
            if not streams:
                self._check_held(member)
            with self.open(member) as file:
                yield from self.parse(file)

    def parse(self, file: IO[bytes]) -> Iterator[Event]:
        """Parse an open member as XML."""
        return xml_events(file, self._name)

    def _check_held(self, member: str) -> None:
        if self.size(member) > MOST_HELD:
            raise DocumentError(
                f"{self._name} is not read: {_shown(member)} in it has more than "
                f"{format_size(MOST_HELD)}"
            )

    def _damaged(self) -> DocumentError:
        return DocumentError(
            f"{self._name} is damaged or cut short: it begins like a zip file, and cannot be "
            "read as one; get it again"
        )


class ZippedDocument(ComposedDocument):
    """A document that is a zip file.

    Parameters
    ----------
    part
        The member that the document begins with; may be empty.
    """

    def __init__(self, stream: ByteStream, archive: Archive, part: str = "") -> None:
        super().__init__(stream, archive.opened)
        self._archive, self._part = archive, part
        self._share = 0.0  # of the document that has been read, where it has no pages

    def _done(self) -> int:
        return int(self._share * self._size)


def _shown(member: str) -> str:
    text = member if member.isprintable() else ascii(member)
    return text if len(text) <= 60 else text[:57] + "..."
