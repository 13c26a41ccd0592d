"""What OCR has found, kept for later runs, which would have to wait for it again."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from keydiff_cli.system.files import make_private

SUFFIX = ".ocr"
_END = {"all_there": True}


@dataclass(frozen=True)
class Found:
    """What OCR has found on a page.

    Attributes
    ----------
    text
        Its text; empty if there is none.
    score
        How sure it is of it, from 0 to 1.
    """

    text: str = ""
    score: float = 1.0


class Kept:
    """Pages of one document by their numbers, in memory and in a file that only the user can read.

    Each page is a line of the file, as is that there are no more. A damaged line counts for
    nothing. Of a disk that is full or not writable nothing is said, as it costs only time.

    Parameters
    ----------
    path
        The file; None to keep pages in memory alone.

    Attributes
    ----------
    failed
        Why pages could not be read, by their numbers; in memory alone.
    all_there
        Whether all pages were read that have to be.
    """

    def __init__(self, path: Path | None) -> None:
        self.failed: dict[int, str] = {}
        self.all_there = False
        self._path = path
        self._pages: dict[int, Found] = {}
        if path:
            self._load(path)

    def _load(self, path: Path) -> None:
        try:
            lines = path.read_bytes().split(b"\n")
            os.utime(path)
        except OSError:
            return
        for line in lines:
            with suppress(ValueError, TypeError, KeyError):
                told = json.loads(line)
                if told == _END:
                    self.all_there = True
                else:
                    found = Found(str(told["text"]), float(told["score"]))
                    self._pages[int(told["page"])] = found

    def page(self, number: int) -> Found | None:
        """Return what was found on a page; None if that is not known."""
        return self._pages.get(number)

    def add(self, number: int, found: Found) -> None:
        """Keep what was found on a page."""
        self._pages[number] = found
        self._write({"page": number} | asdict(found))

    def end(self) -> None:
        """Keep that there are no further pages to be read."""
        self.all_there = True
        self._write(_END)

    def _write(self, told: dict[str, Any]) -> None:
        if self._path is None:
            return
        with suppress(OSError):
            make_private(self._path.parent)
            number = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with open(number, "wb") as file:
                file.write(b"\n%s\n" % json.dumps(told).encode())  # also behind a line cut off
