"""Signals while llama.cpp computes: Ctrl-C is held back until it returns, unless it never does.

Another thread than the main one is stopped by an event in place of Ctrl-C.
"""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from keydiff_cli.errors import ExitStatus
from keydiff_cli.system.as_found import end_by, ends_process
from keydiff_cli.system.terminal import end_at_once

_PATIENCE = 1.0  # seconds that llama.cpp has to return before another Ctrl-C ends the process
_MARK = 0  # a byte that is the number of no signal


class _Hold:
    """One time that Ctrl-C is held back, and whether it has come."""

    def __init__(self, *, stopping: bool = True) -> None:
        self.stopping = stopping  # whether llama.cpp is told of it
        # The handler of the signal runs only when llama.cpp has returned.
        self.noted = False  # whether the handler has run
        self.seen: float | None = None  # when the thread that watches saw the first Ctrl-C

    def note(self, *_: Any) -> None:
        """Handle the signal."""
        self.noted = True


class _Watch:
    """A thread that sees Ctrl-C come while the main thread, which handles it, is in llama.cpp."""

    def __init__(self) -> None:
        self.hold: _Hold | None = None
        self._last = _Hold()
        self._caught_up = threading.Event()
        self._written: socket.socket | None = None

    @contextmanager
    def over(self, hold: _Hold) -> Iterator[None]:
        """Watch over a hold, whose handler is in place."""
        if self._written is None:
            numbers, self._written = socket.socketpair()
            self._written.setblocking(False)
            threading.Thread(target=self._run, args=(numbers,), daemon=True).start()
        if self._last.noted:  # its numbers may be unread
            self._caught_up.clear()
            self._written.send(bytes([_MARK]))
            self._caught_up.wait(_PATIENCE)
        self._last = hold
        before = signal.set_wakeup_fd(self._written.fileno(), warn_on_full_buffer=False)
        self.hold = hold
        try:
            yield
        finally:
            self.hold = None
            signal.set_wakeup_fd(before, warn_on_full_buffer=False)

    def _run(self, numbers: socket.socket) -> None:
        """Read the numbers of signals that Python writes as they come, a byte each."""
        while number := numbers.recv(1):
            hold, now = self.hold, time.monotonic()
            if number[0] == _MARK:
                self._caught_up.set()
            elif hold is None:
                continue
            elif number[0] != signal.SIGINT:
                _end_later(number[0])
            elif hold.seen is None:
                hold.seen = now
            elif now - hold.seen > _PATIENCE:
                end_at_once("error: interrupted", ExitStatus.INTERRUPTED)


def _end_later(number: int) -> None:
    """See to it that a signal which ends the process does so, whether llama.cpp returns or not."""
    if ends_process(number):
        ending = threading.Timer(_PATIENCE, end_by, (number,))
        ending.daemon = True
        ending.start()


_watch = _Watch()


class _Thread(threading.local):
    """What stops this thread, if it is not the main one."""

    stop: threading.Event | None = None
    held = False  # whether it is held back
    stopping = False  # whether llama.cpp is told of it meanwhile


_thread = _Thread()


@contextmanager
def stopped_by(stop: threading.Event) -> Iterator[None]:
    """Let an event stop what this thread, which is not the main one, computes meanwhile.

    It does what Ctrl-C does in the main thread: llama.cpp stops, and KeyboardInterrupt is raised
    at the end of :func:`hold_interrupt`, once for each time that the event is set; the event is
    cleared then.
    """
    _thread.stop = stop
    try:
        yield
    finally:
        _thread.stop = None


def interrupted() -> bool:
    """Tell whether what goes on is to stop, because Ctrl-C has come since it is held back."""
    if _thread.stop is not None:
        return _thread.stopping and _thread.stop.is_set()
    hold = _watch.hold
    return hold is not None and hold.stopping and (hold.noted or hold.seen is not None)


@contextmanager
def hold_interrupt(*, stopping: bool = True) -> Iterator[None]:
    """Hold Ctrl-C back until llama.cpp returns, which it does soon if it asks :func:`interrupted`.

    Without this, KeyboardInterrupt would be raised inside a callback, which cannot pass it on, and
    get lost. Another Ctrl-C, a second later or more, ends the process, as llama.cpp may wait for a
    machine that is gone.

    Parameters
    ----------
    stopping
        Whether Ctrl-C stops what goes on in the ``with`` block; else that is finished first, and an
        error in it is raised whether Ctrl-C has come or not.

    Raises
    ------
    KeyboardInterrupt
        At the end of the outermost ``with`` block, if Ctrl-C has come.
    """
    if _thread.stop is not None:
        with _hold_event(_thread.stop, stopping=stopping):
            yield
        return
    previous = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    if not main or not callable(previous) or _watch.hold is not None:
        # Python handles signals in the main thread only; and an outer block holds Ctrl-C already.
        yield
        return
    hold, failed = _Hold(stopping=stopping), False
    signal.signal(signal.SIGINT, hold.note)
    try:
        with _watch.over(hold):
            yield
    except BaseException:
        failed = True
        raise
    finally:
        signal.signal(signal.SIGINT, previous)
        if hold.noted and (stopping or not failed):
            raise KeyboardInterrupt  # also in place of an error that stopping caused


@contextmanager
def _hold_event(stop: threading.Event, *, stopping: bool) -> Iterator[None]:
    """As :func:`hold_interrupt`, for the event that stops this thread."""
    if _thread.held:  # by an outer block
        yield
        return
    _thread.held, _thread.stopping, failed = True, stopping, False
    try:
        yield
    except BaseException:
        failed = True
        raise
    finally:
        _thread.held = _thread.stopping = False
        if stop.is_set() and (stopping or not failed):
            stop.clear()
            raise KeyboardInterrupt
