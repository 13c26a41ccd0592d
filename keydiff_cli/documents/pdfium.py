"""PDFium as keydiff uses it: a process that is asked for pages, and may fail at any of them."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

PATIENCE = 30.0  # seconds for one page
MAXIMUM_RESTARTS = 3  # times that the process may fail before it is given up
LONGEST_ANSWER = 64 << 20  # bytes
_WORKER = Path(__file__).with_name("pdfium_worker.py")


class PdfiumError(Exception):
    """PDFium cannot read a page, or nothing at all; the message says why in a few words."""


@dataclass(frozen=True)
class About:
    """What PDFium knows of a document.

    Attributes
    ----------
    pages : int
        0 where PDFium cannot open it.
    xfa : bool
        Whether it has a form in XFA.
    outline : list of (str, int, int)
        Title, page counted from 1 (0 for none) and level counted from 1 of each entry.
    attachments : list of str
        Names of the files that it carries.
    """

    pages: int = 0
    xfa: bool = False
    outline: tuple[tuple[str, int, int], ...] = ()
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True)
class PageAnswer:
    """What PDFium knows of a page.

    Attributes
    ----------
    text : str
        Lines end with CR and LF, and a hyphen at the end of a line is U+FFFE with no line end. A
        glyph of which nothing is known is U+FFFD. Visible annotations are part of it.
    label : str
        As the page is numbered in print; empty where the document does not say.
    fields : int
        How many form fields are on it.
    notes : int
        How many of its annotations have something written in them.
    files : list of str
        Names of the files that are attached to places on the page.
    silent : int
        How many annotations could not be read.
    """

    text: str = ""
    label: str = ""
    fields: int = 0
    notes: int = 0
    files: tuple[str, ...] = ()
    silent: int = 0


class Pdfium:
    """A PDF read by PDFium in another process, which is started when it is needed.

    Parameters
    ----------
    descriptor : int
        An open file, which stays open as long as this.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._process: subprocess.Popen[bytes] | None = None
        self._failures = 0

    def about(self) -> About:
        """Open the document; without pages if PDFium cannot open it or is not there."""
        try:
            told = self._start()
            outline = tuple((title, page, level) for title, page, level in told["outline"])
            return About(told["pages"], told["xfa"], outline, tuple(told["attachments"]))
        except PdfiumError:
            return About()

    def page(self, index: int) -> PageAnswer:
        """Read a page.

        Parameters
        ----------
        index : int
            Counted from 0.

        Raises
        ------
        PdfiumError
            If it cannot be read. The next page may be asked for all the same.
        """
        try:
            if self._process is None:
                self._start()
            told = self._ask(b"%d\n" % index)
        except PdfiumError:
            self._failures += 1
            self.close()
            raise
        if "error" in told:
            raise PdfiumError(told["error"])
        told["files"] = tuple(told["files"])
        return PageAnswer(**told)

    def _start(self) -> dict[str, Any]:
        """Start the process, and return its first answer."""
        if self._failures > MAXIMUM_RESTARTS or os.name != "posix":
            raise PdfiumError("PDFium was given up")
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_WORKER), str(self._descriptor)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(self._descriptor,),
            )
            return self._ask(b"")
        except (OSError, PdfiumError) as error:
            self._failures += 1
            self.close()
            raise PdfiumError("PDFium could not be started") from error

    def _ask(self, request: bytes) -> dict[str, Any]:
        """Send a request, and wait for the answer."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise PdfiumError("PDFium is not running")
        until = monotonic() + PATIENCE
        try:
            process.stdin.write(request)
            process.stdin.flush()
            source = process.stdout.fileno()
            size = int.from_bytes(_take(source, 4, until), "big")
            if size > LONGEST_ANSWER:
                raise PdfiumError("too large or too intricate")
            answer: dict[str, Any] = json.loads(_take(source, size, until))
        except (OSError, ValueError) as error:
            raise PdfiumError("PDFium crashed") from error
        return answer

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with contextlib.suppress(OSError):  # a request that it did not take
                    pipe.close()


def _take(source: int, size: int, until: float) -> bytes:
    """Read so many bytes from a pipe; PdfiumError if it ends or the time is over."""
    data = bytearray()
    while len(data) < size:
        ready, _, _ = select.select([source], [], [], max(0, until - monotonic()))
        if not ready:
            raise PdfiumError(f"it took more than {PATIENCE:.0f} s")
        chunk = os.read(source, min(size - len(data), 1 << 20))
        if not chunk:
            raise PdfiumError("PDFium crashed")
        data += chunk
    return bytes(data)
