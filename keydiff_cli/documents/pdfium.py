"""PDFium as keydiff uses it: a process that is asked for pages, and may fail at any of them."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from keydiff_cli.documents.layout import drawn_across, page_text
from keydiff_cli.documents.worker import Worker, WorkerError

PATIENCE = 30.0  # seconds for one page
MAXIMUM_RESTARTS = 3  # times that the process may fail before it is given up
_BEGIN = 0.6  # share of the lines of running text that begin with a capital or a digit, at the most
_NO_CHARACTER = re.compile("[\\s\x02\ufffe-]")  # hyphens at the ends of lines are not told alike
_WORKER = Path(__file__).with_name("pdfium_worker.py")


Run = Sequence[int]
"""Where a piece of text stands: its left, bottom, right and top edge, in points."""


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
    heights : dict of int
        How high the first and the last lines of the text stand, in points, by their indices.
        Empty where it is not known, as on a page that is turned.
    runs : list of Run
        The pieces of text, in the order in which they are drawn; empty where not known, too.
    edges : (int, int)
        The lower and the upper edge of the page, in points.
    """

    text: str = ""
    label: str = ""
    fields: int = 0
    notes: int = 0
    files: Sequence[str] = ()
    silent: int = 0
    heights: Mapping[int, int] = field(default_factory=dict)
    runs: Sequence[Run] = ()
    edges: Sequence[int] = (0, 0)


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
        """Read a page; the process goes on to the next one meanwhile.

        Parameters
        ----------
        index : int
            Counted from 0.

        Raises
        ------
        PdfiumError
            If it cannot be read. The next page may be asked for all the same.
        """
        told = self._ask(index)
        told["heights"] = {int(line): height for line, height in told["heights"].items()}
        if text := self._columns(index, told):
            told["text"], told["heights"] = text, {}
        if self._worker and index + 1 < self._worker.first["pages"]:
            self._worker.begin(_line(index + 1))
        return PageAnswer(**told)

    def _columns(self, index: int, told: Mapping[str, Any]) -> str:
        """Read columns that are drawn across one after the other; empty where there are none.

        Empty, too, where that does not give the characters of the page, as where lines overlap or
        go beyond its edges, and where most cells begin as sentences do: these are a table's.
        """
        cells = drawn_across(told["runs"])
        if not cells:
            return ""
        boxes = [[cell.left - 1, -cell.bottom - 1, cell.right + 1, 1 - cell.top] for cell in cells]
        try:
            told_in = self._ask([index, boxes])["texts"]
        except PdfiumError:  # the page itself was read
            return ""
        texts = [" ".join(text.split()) for text in told_in]
        begin = sum(text[:1].isupper() or text[:1].isdigit() for text in texts)
        same = _characters("".join(texts)) == _characters(told["text"])
        if not same or begin > _BEGIN * len(texts):
            return ""
        return page_text(
            [replace(cell, text=text) for cell, text in zip(cells, texts, strict=True)]
        )

    def _ask(self, request: Any) -> dict[str, Any]:
        """Send a request, and return the answer."""
        worker = self._started()
        try:
            told = worker.ask(_line(request))
        except WorkerError as error:
            self._worker = None
            self._failures += 1
            raise PdfiumError(str(error)) from error
        if "error" in told:
            raise PdfiumError(told["error"])
        return told

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


def _line(request: Any) -> bytes:
    return json.dumps(request).encode() + b"\n"


def _characters(text: str) -> Counter[str]:
    """Count the characters of a text, in whatever order they are."""
    return Counter(_NO_CHARACTER.sub("", text))
