"""Writing a segment of an archive while reading goes on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from queue import Queue
from threading import Thread
from typing import BinaryIO

from keydiff_cli.cache import Bytes
from keydiff_cli.planning.footprint import ARCHIVE_WAITING
from keydiff_cli.snapshots.archive import write_piece, write_start


class ArchiveWriter:
    """Writes a segment in a thread of its own, piece by piece.

    Parameters
    ----------
    file
        Where to; it may be read while nothing waits.
    widths
        Bytes of a row of keys of each layer, then of a row of values of each layer.
    """

    def __init__(self, file: BinaryIO, widths: Sequence[int]) -> None:
        self._file = file
        self._widths = list(widths)
        self._pieces: Queue[Sequence[Bytes] | None] = Queue(ARCHIVE_WAITING)
        self._error: BaseException | None = None
        self._thread = Thread(target=self._write, name="archive", daemon=True)
        self._thread.start()

    def add(self, rows: Sequence[Bytes]) -> None:
        """Give the rows of the next tokens, and wait while as many pieces wait as were planned for.

        Raises
        ------
        OSError
            If what came before could not be written; or what else was raised then.
        """
        self._pieces.put(rows)
        self._raise()

    def flush(self) -> None:
        """Wait until everything is in the file.

        Raises
        ------
        OSError
            If it could not be written; or what else was raised then.
        """
        self._pieces.join()
        self._raise()

    def close(self) -> None:
        """End the thread."""
        if self._thread.is_alive():
            self._pieces.put(None)
            self._thread.join()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _write(self) -> None:
        """The thread: write what waits, and after an error drop it."""
        started = False
        while (rows := self._pieces.get()) is not None:
            try:
                if self._error is None:
                    if not started:
                        write_start(self._file, self._widths)
                        started = True
                    self._file.seek(0, os.SEEK_END)  # it may have been read in meanwhile
                    write_piece(self._file, rows)
                    self._file.flush()
            except BaseException as error:  # told to whoever adds or flushes
                self._error = error
            finally:
                self._pieces.task_done()
        self._pieces.task_done()
