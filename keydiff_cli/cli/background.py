"""Reading on, and making notes, while the user types: in a thread of its own, step by step."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from keydiff_cli.errors import ExitStatus, KeydiffError
from keydiff_cli.system.terminal import end_at_once


class Background:
    """Takes steps while something else is waited for.

    What is done meanwhile only looks at what is there, so nothing has to be locked.

    Parameters
    ----------
    step
        Takes a step; False if that was the last one.
    stepped
        Called after each step, in the thread that takes them.

    Attributes
    ----------
    enough : threading.Event
        Set as long as no more steps are wanted.
    failed : KeydiffError or None
        What the last step has raised, if it is told to the user.
    """

    def __init__(self, step: Callable[[], bool], stepped: Callable[[], None]) -> None:
        self._step = step
        self._stepped = stepped
        self.enough = threading.Event()
        self._interrupted = False
        self._error: BaseException | None = None

    @property
    def failed(self) -> KeydiffError | None:
        return self._error if isinstance(self._error, KeydiffError) else None

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """Take a step, and more until the ``with`` block ends, which waits for the last one's end.

        Raises
        ------
        BaseException
            What a step has raised, whatever else the block does, unless it is :attr:`failed`.
        KeyboardInterrupt
            If Ctrl-C came while the end of a step was waited for. A second Ctrl-C ends the process,
            as the step may wait for a machine that is gone.
        """
        self.enough.clear()
        self._interrupted, self._error = False, None
        thread = threading.Thread(target=self._run)
        before = signal.signal(signal.SIGINT, self.note_interrupt)  # no exception while it runs
        try:
            thread.start()
            yield
        finally:
            self.enough.set()
            thread.join()
            signal.signal(signal.SIGINT, before)
            if self._error is not None and self.failed is None:
                raise self._error
            if self._interrupted:
                raise KeyboardInterrupt

    def _run(self) -> None:
        try:
            while self._step() and not self.enough.is_set():
                self._stepped()
        except BaseException as error:
            self._error = error
        self._stepped()

    def note_interrupt(self, *_: Any) -> None:
        """Handle Ctrl-C, which waits for the end of the step; another one does not."""
        if self._interrupted and self.enough.is_set():
            end_at_once("error: interrupted", ExitStatus.INTERRUPTED)
        self._interrupted = True
