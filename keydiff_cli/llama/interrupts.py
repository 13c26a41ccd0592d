"""Ctrl-C while llama.cpp computes: held back until it returns, unless it never does."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from keydiff_cli.errors import ExitStatus
from keydiff_cli.terminal import end_at_once

_PATIENCE = 1.0  # seconds that llama.cpp has to return before another Ctrl-C ends the process
_noted = False
_held = False
_first: float | None = None  # when the first Ctrl-C of this time came, as the watcher saw it


def interrupted() -> bool:
    """Whether Ctrl-C has come since it is held back."""
    return _noted or _first is not None


@contextmanager
def hold_interrupt() -> Iterator[None]:
    """Hold Ctrl-C back until llama.cpp returns, which asking :func:`interrupted` makes soon.

    It would be raised inside a callback, which has nobody to pass it on to, and get lost. Another
    one, a second later or more, ends the process: llama.cpp may wait for a machine that is gone.
    """
    global _noted, _held, _first
    previous = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    already = previous is _note  # further out
    if not main or already or not callable(previous):
        yield
        return
    signal.signal(signal.SIGINT, _note)
    descriptor = signal.set_wakeup_fd(_watched(), warn_on_full_buffer=False)
    _held = True
    try:
        yield
    finally:
        _held = False
        signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)
        signal.signal(signal.SIGINT, previous)
        came, _noted, _first = _noted, False, None
        if came:
            raise KeyboardInterrupt  # also in place of an error that stopping caused


def _note(*_: Any) -> None:
    global _noted
    _noted = True


@cache
def _watched() -> int:
    """Where the numbers of signals are written as they come, for a thread that reads them.

    Python runs a handler in the main thread only, and when that comes back from llama.cpp.
    """
    read, written = socket.socketpair()
    written.setblocking(False)
    threading.Thread(target=_watch, args=(read,), daemon=True).start()
    return written.detach()


def _watch(numbers: socket.socket) -> None:
    global _first
    while number := numbers.recv(1):
        if not _held or number[0] != signal.SIGINT:
            continue
        now = time.monotonic()
        if _first is None:
            _first = now
        elif now - _first > _PATIENCE:
            end_at_once("error: interrupted", ExitStatus.INTERRUPTED)
