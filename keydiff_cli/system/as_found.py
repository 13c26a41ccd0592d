"""The terminal as it was found: what changes it is undone when this process stops or ends.

Ctrl-Z undoes all changes before the process stops; they are made again when it goes on in the
foreground. SIGTERM and SIGHUP undo them before the process ends.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol


class Change(Protocol):
    """Something that changes the terminal: another mode, a hidden cursor, a line of progress."""

    def make(self) -> None:
        """Change the terminal, for the first time or again."""

    def undo(self) -> None:
        """Leave the terminal as it was."""


_changes: list[Change] = []  # the latest last
_away = False  # whether they are undone, or not made yet, as the terminal is another process's
_drawing = False  # whether signals wait until something is drawn to its end
_waiting: list[int] = []  # signals that do
_lock = threading.RLock()  # a thread may end the process while its main thread is stuck


@contextmanager
def changed(change: Change) -> Iterator[None]:
    """Change the terminal while the ``with`` block goes on."""
    begin(change)
    try:
        yield
    finally:
        end(change)


def begin(change: Change) -> None:
    """Change the terminal until :func:`end`; in the background, from when it is ours again."""
    global _away
    with _lock:
        come_back()
        _away = _away or not in_foreground()
        _changes.append(change)
        if not _away:
            change.make()


def end(change: Change) -> None:
    """Undo a change that was begun."""
    with _lock:
        _changes.remove(change)
        if not _away:
            change.undo()


def undo_all() -> None:
    """Undo all changes, the latest first, until :func:`come_back`."""
    global _away
    with _lock:
        if not _away and in_foreground():
            for change in reversed(_changes):
                with suppress(Exception):  # the terminal may be gone
                    change.undo()
        _away = True


def come_back() -> None:
    """Make the changes again that were undone, if the terminal is ours again."""
    global _away
    with _lock:
        if _away and in_foreground():
            _away = False
            for change in _changes:
                with suppress(Exception):
                    change.make()


@contextmanager
def drawn_whole() -> Iterator[None]:
    """Let what the ``with`` block draws be whole before a signal that comes meanwhile undoes it.

    For the main thread, which handles signals.
    """
    global _drawing
    before, _drawing = _drawing, True
    try:
        yield
    finally:
        _drawing = before
        while _waiting and not _drawing:
            signal.raise_signal(_waiting.pop(0))


def in_foreground() -> bool:
    """Whether the terminal is this process's to change, as far as there is one."""
    if sys.platform != "win32":
        for descriptor in (2, 0):
            with suppress(OSError):  # it is no terminal, or not the one that controls us
                return os.tcgetpgrp(descriptor) == os.getpgrp()
    return True


def handle_signals() -> None:
    """Undo the changes when a signal stops this process or ends it.

    Called by the main thread. Does nothing where there is no terminal; what is ignored stays so.
    """
    if sys.platform == "win32" or not any(map(os.isatty, range(3))):
        return
    handlers = {signal.SIGTSTP: _stop, signal.SIGCONT: _go_on}
    for number, handler in (handlers | dict.fromkeys(_ENDING, _end)).items():
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, handler)


_ENDING = () if sys.platform == "win32" else (signal.SIGTERM, signal.SIGHUP)


def ends_process(number: int) -> bool:
    """Whether a signal ends this process when its main thread comes to handle it."""
    return number in _ENDING and signal.getsignal(number) is _end


def end_by(number: int) -> None:
    """End the process as a signal would that its main thread does not come to handle."""
    undo_all()
    os._exit(128 + number)


def _stop(number: int, _: Any) -> None:
    if _drawing:
        _waiting.append(number)
        return
    undo_all()
    _by_default(number)  # stops here, until SIGCONT
    signal.signal(number, _stop)
    come_back()  # also where nobody could continue it, so that it has not stopped


def _go_on(*_: Any) -> None:
    come_back()


def _end(number: int, _: Any) -> None:
    if _drawing:
        _waiting.append(number)
        return
    undo_all()
    _by_default(number)


def _by_default(number: int) -> None:
    signal.signal(number, signal.SIG_DFL)
    signal.raise_signal(number)
