"""OCR as keydiff uses it: a process that is asked for pages, and may fail at any of them."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from keydiff_cli.documents.layout import Line, page_text
from keydiff_cli.documents.ocr.kept import Found
from keydiff_cli.documents.worker import Worker, WorkerError

PATIENCE = 300.0  # seconds for one page, on a machine that is slow and busy
MAXIMUM_FAILURES = 3  # after which the process is not started again
MAXIMUM_THREADS = 8
_PACKAGES = ("rapidocr", "onnxruntime")
_WORKER = Path(__file__).with_name("ocr_worker.py")


class RecogniserError(Exception):
    """A page cannot be read; the message says why in a few words."""


def engine() -> str:
    """What reads pages, with its version; empty if it is not installed."""
    if os.name != "posix" or any(find_spec(name) is None for name in _PACKAGES):
        return ""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"rapidocr-{version('rapidocr')}"
    except PackageNotFoundError:
        return ""


class Recogniser:
    """A PDF read by OCR in another process, which is started when the first page is asked for.

    Parameters
    ----------
    descriptor
        An open file, which stays open as long as this.
    threads
        Threads to compute with; None for as many as there are processors.
    """

    def __init__(self, descriptor: int, threads: int | None = None) -> None:
        self._descriptor = descriptor
        self._threads = threads or min(_processors(), MAXIMUM_THREADS)
        self._worker: Worker | None = None
        self._failures = 0

    def is_picture(self, number: int) -> bool:
        """Look whether pictures cover most of a page, which takes little time and memory.

        Raises
        ------
        RecogniserError
            As :meth:`page`.
        """
        return bool(self._ask(b"%d 1\n" % (number - 1))["picture"])

    def page(self, number: int) -> Found:
        """Read a page, which is counted from 1.

        Raises
        ------
        RecogniserError
            If it cannot be read. The next page may be asked for all the same.
        """
        told = self._ask(b"%d 0\n" % (number - 1))
        return Found(page_text([Line(*line) for line in told["lines"]]), told["score"])

    def _ask(self, request: bytes) -> dict[str, Any]:
        if self._failures >= MAXIMUM_FAILURES:
            raise RecogniserError("OCR was given up")
        try:
            if self._worker is None:
                threads = str(self._threads)
                self._worker = Worker(_WORKER, self._descriptor, PATIENCE, [threads])
            told = self._worker.ask(request)
        except WorkerError as error:
            self._worker = None
            self._failures += 1
            raise RecogniserError(str(error)) from error
        if "error" in told:
            raise RecogniserError(told["error"])
        return told

    def close(self) -> None:
        """End the process."""
        worker, self._worker = self._worker, None
        if worker:
            worker.close()


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
