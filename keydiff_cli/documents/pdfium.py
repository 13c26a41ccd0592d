"""PDFium as keydiff uses it: a process that is asked for pages, and may fail at any of them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from keydiff_cli.documents.worker import Worker, WorkerError

PATIENCE = 30.0  # seconds for one page
MAXIMUM_RESTARTS = 3  # times that the process may fail before it is given up
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
        self._worker: Worker | None = None
        self._failures = 0

    def about(self) -> About:
        """Open the document; without pages if PDFium cannot open it or is not there."""
        try:
            told = self._started().first
        except PdfiumError:
            return About()
        outline = tuple((title, page, level) for title, page, level in told["outline"])
        return About(told["pages"], told["xfa"], outline, tuple(told["attachments"]))

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
        worker = self._started()
        try:
            told = worker.ask(b"%d\n" % index)
        except WorkerError as error:
            self._worker = None
            self._failures += 1
            raise PdfiumError(str(error)) from error
        if "error" in told:
            raise PdfiumError(told["error"])
        told["files"] = tuple(told["files"])
        return PageAnswer(**told)

    def _started(self) -> Worker:
        """Return the process, which is started if it is not there."""
        if self._worker is None:
            if self._failures > MAXIMUM_RESTARTS or os.name != "posix":
                raise PdfiumError("PDFium was given up")
            try:
                self._worker = Worker(_WORKER, self._descriptor, PATIENCE, called="PDFium")
            except WorkerError as error:
                self._failures += 1
                raise PdfiumError("PDFium could not be started") from error
        return self._worker

    def close(self) -> None:
        """End the process."""
        worker, self._worker = self._worker, None
        if worker:
            worker.close()
