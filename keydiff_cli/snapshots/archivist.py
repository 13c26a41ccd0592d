"""The archive of one reading: what earlier ones have written, and what this one adds."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import astuple, dataclass
from errno import ENOENT
from pathlib import Path
from typing import Any, BinaryIO

from keydiff_cli.cache import Bytes
from keydiff_cli.snapshots.archive import Archive, Segment
from keydiff_cli.snapshots.archive_form import ArchiveForm
from keydiff_cli.snapshots.archive_writer import ArchiveWriter
from keydiff_cli.snapshots.format import DamagedError, set_aside
from keydiff_cli.system.files import hold_file, nameless_file, told_by
from keydiff_cli.system.sizes import format_size

MOST_SEGMENTS = 16  # each of which is an open file


@dataclass(frozen=True)
class SegmentPart:
    """The tokens from ``start`` to ``stop`` (exclusive) that a file of the store begins with."""

    name: str
    start: int
    stop: int

    def open(self, folder: Path) -> Segment:
        """Open it; nobody removes it while it is open.

        Raises
        ------
        DamagedError
            If it is damaged; it is set aside then.
        OSError
            If it cannot be read.
        """
        path = folder / self.name
        file = path.open("rb")
        try:
            if not hold_file(file):
                raise FileNotFoundError(ENOENT, os.strerror(ENOENT))
            return Segment(file, self.start, self.stop)
        except BaseException as error:
            file.close()
            if isinstance(error, DamagedError):
                set_aside(path)
            raise


def parse_parts(description: Any) -> list[SegmentPart]:
    """The parts of an archive that a snapshot names.

    Raises
    ------
    DamagedError
        If it does not name them as it should.
    """
    try:
        parts = [SegmentPart(name, int(start), int(stop)) for name, start, stop in description]
        if any(Path(part.name).name != part.name for part in parts):
            raise ValueError
    except (TypeError, ValueError):
        raise DamagedError("its archive is not named as it should be") from None
    return parts


def open_parts(folder: Path, parts: Sequence[SegmentPart]) -> list[Segment]:
    """Open the parts of an archive.

    Raises
    ------
    DamagedError, OSError
        As :meth:`SegmentPart.open`.
    """
    with ExitStack() as stack:
        segments = []
        for part in parts:
            segment = part.open(folder)
            stack.callback(segment.close)
            segments.append(segment)
        stack.pop_all()
    return segments


def check_archive(segments: Sequence[Segment], form: ArchiveForm, widths: Sequence[int]) -> None:
    """Make sure that segments follow each other, and store rows of these widths in this form.

    Raises
    ------
    DamagedError
        If they do not; they are set aside then.
    """
    try:
        if Archive(segments, form).widths != list(widths):
            raise DamagedError("it is of another model, or form")
    except DamagedError:
        for segment in segments:
            segment.set_aside()
        raise


class Archivist:
    """Archives what is read, behind what was archived before.

    Parameters
    ----------
    earlier
        The parts of the archive that the reading goes on from, all of them open.
    path
        A new file for what is added; None for one that goes with the process.
    form
        How all of it is stored.
    widths
        Bytes of a row of each array in that form.
    warn
        Told once if the archive cannot be written; then nothing more is.
    limit
        Bytes that what is added may take.

    Attributes
    ----------
    form : ArchiveForm
        How it is stored.
    problem : str
        Why it cannot be written; empty if it can.
    """

    def __init__(
        self,
        earlier: Sequence[tuple[SegmentPart, Segment]],
        path: Path | None,
        form: ArchiveForm,
        widths: Sequence[int],
        warn: Callable[[str], None],
        limit: int,
    ) -> None:
        self._limit = limit
        self._named = False  # whether a snapshot may name the file
        self._earlier = list(earlier)
        self._path = path
        self.form = form
        self._widths = widths
        self._warn = warn
        self._start = self._stop = earlier[-1][0].stop if earlier else 0
        self._file: BinaryIO | None = None
        self._writer: ArchiveWriter | None = None
        self.problem = ""

    def add(self, rows: Sequence[Bytes]) -> None:
        """Archive the rows of the next tokens, which must not change any more.

        Keys of each layer, then values, as they are cached: uint8 ``[tokens, bytes]``.
        """
        if self.problem:
            return
        try:
            writer = self._writer or self._begin()
            size = (self._stop - self._start + len(rows[0])) * sum(self._widths)
            if size > self._limit:
                raise OSError(None, f"{format_size(size)} are more than cache_size allows")
            writer.add(self.form.pack(rows))
            self._stop += len(rows[0])
        except (DamagedError, MemoryError, OSError) as error:
            self._fail(error)

    def _begin(self) -> ArchiveWriter:
        """What writes the file for what is added.

        Where there are many segments, as of a text that grows and grows, all but the first go into
        it, which is the one of the first reading.
        """
        self._file = _new_file(self._path)
        self._writer = ArchiveWriter(self._file, self._widths)
        if len(self._earlier) >= MOST_SEGMENTS:
            merged = self._earlier[1:]
            for _, segment in merged:
                for rows in segment.pieces():
                    self._writer.add(rows)
            self._start = merged[0][0].start
            del self._earlier[1:]
            for _, segment in merged:
                segment.close()
        return self._writer

    def description(self) -> list[list[object]] | None:
        """What the archive consists of, as plain data; None if it cannot be written, or kept."""
        if not self._written() or self._path is None:
            self._named = False  # the snapshot that is written takes the place of one that did
            return None
        if self._file is not None:
            os.fsync(self._file.fileno())
            self._named = True
        return [list(astuple(part)) for part in self._parts()]

    def archive(self) -> Archive | None:
        """The archive as it is now; None if it cannot be written, or is empty.

        Raises
        ------
        DamagedError
            If what was archived before does not go with what was added.
        """
        segments = [segment for _, segment in self._earlier]
        if not self._written():
            return None
        if self._file is not None:
            segments.append(Segment(self._file, self._start, self._stop))
        return Archive(segments, self.form) if segments else None

    def _parts(self) -> list[SegmentPart]:
        parts = [part for part, _ in self._earlier]
        if self._path is not None and self._stop > self._start:
            parts.append(SegmentPart(self._path.name, self._start, self._stop))
        return parts

    def _written(self) -> bool:
        """Whether everything is in the file, once that is known."""
        if self._writer is not None and not self.problem:
            try:
                self._writer.flush()
            except (MemoryError, OSError) as error:
                self._fail(error)
        return not self.problem

    def _fail(self, error: DamagedError | MemoryError | OSError) -> None:
        self.problem = told_by(error) or "out of memory"
        self._warn(f"what is read cannot be archived: {self.problem}; answers rest on what is kept")

    def close(self) -> None:
        """Write no more, close the files, and remove the one that no snapshot names."""
        if self._writer is not None:
            self._writer.close()
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            if self._path is not None and not self._named:
                with suppress(OSError):
                    self._path.unlink(missing_ok=True)
        for _, segment in self._earlier:
            segment.close()


def _new_file(path: Path | None) -> BinaryIO:
    """A file to write and read that nobody else may read, nor removes while it is open."""
    if path is None:
        return nameless_file()
    while not hold_file(file := _private_file(path)):
        file.close()  # somebody took it for a file that a dead process has left
    return file


def _private_file(path: Path) -> BinaryIO:
    return open(path, "x+b", opener=lambda name, flags: os.open(name, flags, 0o600))
