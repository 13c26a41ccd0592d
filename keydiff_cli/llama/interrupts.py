"""Ctrl-C while llama.cpp computes: held back until it returns, unless it never does."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from keydiff_cli.errors import ExitStatus
from keydiff_cli.terminal import end_at_once

_PATIENCE = 1.0  # seconds that llama.cpp has to return before another Ctrl-C ends the process


class _Watch:
    """Whether Ctrl-C has come, and a thread that sees it come.

    Python runs a handler in the main thread only, and when that comes back from llama.cpp. The
    thread may be late, so one watch counts one Ctrl-C (and those after it) only.
    """

    def __init__(self) -> None:
        self.noted = False  # by the handler
        self.first: float | None = None  # when the first one came, as the thread saw it
        self.over = False
        numbers, self._written = socket.socketpair()
        self._written.setblocking(False)
        threading.Thread(target=self._read, args=(numbers,), daemon=True).start()

    def fileno(self) -> int:
        return self._written.fileno()

    def end(self) -> None:
        """Count nothing more, not even what the thread has yet to read."""
        self.over = True
        self._written.close()

    def _read(self, numbers: socket.socket) -> None:
        with numbers:
            while number := numbers.recv(1):
                if self.over or number[0] != signal.SIGINT:
                    continue
                now = time.monotonic()
                if self.first is None:
                    self.first = now
                elif now - self.first > _PATIENCE:
                    end_at_once("error: interrupted", ExitStatus.INTERRUPTED)


_watch: _Watch | None = None  # the same one until a Ctrl-C has come


def interrupted() -> bool:
    """Whether Ctrl-C has come since it is held back."""
    if _watch is None or _watch.over:
        return False
    return _watch.noted or _watch.first is not None


@contextmanager
def hold_interrupt() -> Iterator[None]:
    """Hold Ctrl-C back until llama.cpp returns, which asking :func:`interrupted` makes soon.

    It would be raised inside a callback, which has nobody to pass it on to, and get lost. Another
    one, a second later or more, ends the process: llama.cpp may wait for a machine that is gone.
    """
    global _watch
    previous = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    already = previous is _note  # further out
    if not main or already or not callable(previous):
        yield
        return
    if _watch is None or _watch.noted:
        _watch = _Watch()
    signal.signal(signal.SIGINT, _note)
    descriptor = signal.set_wakeup_fd(_watch.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)
        signal.signal(signal.SIGINT, previous)
        if _watch.noted:
            _watch.end()
            raise KeyboardInterrupt  # also in place of an error that stopping caused


def _note(*_: Any) -> None:
    assert _watch is not None
    _watch.noted = True
