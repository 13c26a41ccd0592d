"""What OCR is to do in a run, and where that is kept which it has found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from keydiff_cli.documents.ocr.kept import SUFFIX, Kept
from keydiff_cli.documents.ocr.recogniser import engine
from keydiff_cli.errors import MemoryCapError, setting
from keydiff_cli.system.sizes import format_size

NEEDED = 650_000_000  # bytes that reading pages takes at the most, with the process that asks
NAME = 12  # hexadecimal digits of the name of a file in the folder of what was read


def _untold(name: str, done: int, total: int) -> None:
    """Tell nobody."""


@dataclass
class Ocr:
    """Which pages are read by OCR, where what it has found is kept, and who is told.

    Attributes
    ----------
    mode
        Pages without text that can be read, ``auto``; ``all``; or none, ``off``.
    folder
        Where what was found is kept; None to keep it in memory alone.
    cap
        Bytes that the run may take; None for any number.
    threads
        Threads to compute with; None for as many as there are processors.
    tell
        Told the name of a document, how many of its pages were read, and how many there are to be.
    """

    mode: str = "auto"
    folder: Path | None = None
    cap: int | None = None
    threads: int | None = None
    tell: Callable[[str, int, int], None] = _untold
    _kept: dict[str, Kept] = field(default_factory=dict, init=False, repr=False)

    @property
    def active(self) -> bool:
        """Whether pages are read, as it is wanted and there is something to read them."""
        return self.mode != "off" and bool(engine())

    @property
    def advice(self) -> str:
        """How pages are read that were not."""
        if not engine():
            return 'pip install "keydiff-cli[ocr]" lets keydiff read them by OCR'
        if self.mode == "off":
            return f"give it with {setting('ocr', 'auto')} to read them"
        return "OCR has found none"

    def kept(self, sha256: str) -> Kept:
        """What is known of the pages of a document with such a hash."""
        if sha256 not in self._kept:
            name = hashlib.sha256(f"{engine()} {self.mode} {sha256}".encode()).hexdigest()[:NAME]
            path = self.folder / (name + SUFFIX) if self.folder else None
            self._kept[sha256] = Kept(path)
        return self._kept[sha256]

    def require_memory(self) -> None:
        """Make sure that reading pages may take the memory that it takes.

        Raises
        ------
        MemoryCapError
            If it may not.
        """
        if self.cap is not None and self.cap < NEEDED:
            raise MemoryCapError(
                f"a memory cap of {format_size(self.cap)} is too small to read scanned pages, "
                f"which takes {NEEDED // 10**6}MB; raise it, or leave them out with "
                f"{setting('ocr', 'off')}"
            )


OFF = Ocr("off")
