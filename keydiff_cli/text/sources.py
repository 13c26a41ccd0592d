"""The documents that a reading is about: checked before anything else, opened in their turn."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import PurePath
from typing import BinaryIO

from keydiff_cli.documents import Document, open_document
from keydiff_cli.documents.ocr.ocr import OFF, Ocr
from keydiff_cli.errors import UsageError
from keydiff_cli.system.terminal import printable


class Sources:
    """Documents, of which what is wrong is found out before time is spent on anything else.

    Standard input, which can be opened only once, and the first document stay open from the check
    on. The others are closed and opened again in their turn, so that one at a time takes memory;
    named pipes are opened in their turn only.

    Parameters
    ----------
    paths
        The documents' paths; ``-`` is standard input.
    stdin
        Standard input.
    ocr
        Which of their pages are read by OCR. That is done in the check, so that it is over before
        a model takes memory.

    Raises
    ------
    DocumentError
        If a file is missing, not a document or without text.
    UsageError
        If standard input is named twice.
    MemoryCapError
        If OCR takes more memory than it may.
    """

    def __init__(self, paths: Sequence[str], stdin: BinaryIO, ocr: Ocr = OFF) -> None:
        if paths.count("-") > 1:
            raise UsageError("standard input (-) can be read only once")
        self.paths = list(paths)
        self._names = names_apart(self.paths)
        self._stdin = stdin
        self._ocr = ocr
        self._open: dict[int, Document] = {}
        with ExitStack() as stack:
            stack.callback(self.close)
            self._check()
            stack.pop_all()

    def _check(self) -> None:
        for number, path in enumerate(self.paths):
            if path != "-" and is_pipe(path):
                continue
            document = self._opened(number)
            self._open[number] = document
            document.recognise()
            document.require_text()
            if path != "-" and number > 0:
                self._open.pop(number).close()

    def _opened(self, number: int) -> Document:
        name = self._names[number]
        return open_document(self.paths[number], self._stdin, name=name, ocr=self._ocr)

    @property
    def once(self) -> bool:
        """Whether some of them can be read only once."""
        return any(path == "-" or is_pipe(path) for path in self.paths)

    def documents(self) -> Iterator[Document]:
        """Each document, open; it is closed before the next one is given. To be called once.

        Raises
        ------
        DocumentError
            If it is no document any more.
        """
        for number in range(len(self.paths)):
            document = self._open.get(number) or self._opened(number)
            self._open[number] = document
            try:
                yield document
            finally:
                self._open.pop(number, document).close()

    def close(self) -> None:
        """Close what is still open, and what is being read."""
        while self._open:
            self._open.popitem()[1].close()


def is_pipe(path: str) -> bool:
    """Whether a path can be read only once."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except (OSError, ValueError):
        return False  # opening it says what is wrong


def names_apart(paths: Sequence[str]) -> list[str | None]:
    """Names for documents that would have the same one: as many folders as tell them apart.

    Returns
    -------
    A name for each path; None where the last part of the path is name enough, or nothing tells it
    from another one.
    """
    parts = [_parts(path) for path in paths]
    return [_name_apart(own, [other for other in parts if other != own]) for own in parts]


def _parts(path: str) -> tuple[str, ...]:
    """Folders and name of a path from the root on; nothing for standard input."""
    if path == "-":
        return ()
    try:
        return PurePath(os.path.abspath(path)).parts
    except OSError:  # the current folder is gone; opening the path says what is wrong
        return PurePath(path).parts


def _name_apart(own: tuple[str, ...], others: Sequence[tuple[str, ...]]) -> str | None:
    rivals = [other for other in others if own and other[-1:] == own[-1:]]
    if not rivals:
        return None
    count = 1
    while any(other[-count:] == own[-count:] for other in rivals):
        count += 1
    return printable(os.path.join(*own[-count:]))
