"""What goes on before an answer begins, in a few words, and stopping it there."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from keydiff_cli.report import Events, Progress
from keydiff_cli.system.terminal import complain

_EVERY = 1.0  # seconds between two things told


class Watching(Events):
    """Tells what goes on, and raises KeyboardInterrupt where that is to stop.

    Parameters
    ----------
    tell
        Called with a few words, once a second at most.

    Attributes
    ----------
    stop : threading.Event
        Set when what goes on is to stop; it is cleared then.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._told = 0.0
        self.stop = threading.Event()

    def warning(self, text: str) -> None:
        complain(f"warning: {text}")  # answers have it, too

    def fetching(self, done: int, total: int) -> None:
        self._say(f"fetching the model: {done} of {total} bytes")

    def recognising(self, name: str, done: int, total: int) -> None:
        self._say(f"OCR of {name}: {done} of {total} pages", stopping=True)

    def reading(self, progress: Progress) -> None:
        self._say(f"reading: {progress.tokens} tokens")

    def noting(self, done: int, total: int) -> None:
        self._say(f"noting: {done} of {total} parts")

    def asking(self, done: int, total: int) -> None:
        self._say(f"asking: {done} of {total} parts")

    def _say(self, what: str, *, stopping: bool = False) -> None:
        if stopping and self.stop.is_set():
            self.stop.clear()
            raise KeyboardInterrupt
        if (now := time.monotonic()) - self._told >= _EVERY:
            self._told = now
            self._tell(what)
