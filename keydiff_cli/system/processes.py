"""Programs that keydiff starts: they end with it, and what they say is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_POLL_SECONDS = 0.2
_TERMINATE_SECONDS = 5.0
_ENDING = [signal.SIGINT, signal.SIGTERM]
if sys.platform != "win32":
    _ENDING.append(signal.SIGHUP)


def run(
    command: Sequence[str],
    *,
    folder: Path,
    output: BinaryIO,
    environment: Mapping[str, str] | None = None,
    tick: Callable[[], None] = lambda: None,
    whole: bool = False,
) -> int:
    """Run a program in a folder; return its exit status.

    Ctrl-C, and a signal that asks this process to end, end it with all that it has started.

    Parameters
    ----------
    output
        Where its output and its errors go.
    tick
        Called every now and then while it runs.
    whole
        Let it come to its end before a signal ends this process: what it does must not be left
        half done.
    """
    group = {"start_new_session": True} if os.name == "posix" else {}
    with _deferred() if whole else orderly_end():
        process: subprocess.Popen[bytes] | None = None
        try:
            with _deferred():  # between its start and the name that it is ended by
                process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=None if environment is None else dict(environment),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    **group,  # type: ignore[call-overload]
                )
            while True:
                with suppress(subprocess.TimeoutExpired):
                    return int(process.wait(_POLL_SECONDS))
                tick()
        finally:
            if process is not None:
                _end(process)


@contextmanager
def orderly_end() -> Iterator[None]:
    """Clean up before a signal ends this process: programs and files would stay behind."""
    if any(signal.getsignal(number) is _end_orderly for number in _ENDING):
        yield  # already, further out
        return
    with _handled(_ENDING, _end_orderly):
        yield


def _end_orderly(number: int, _: object) -> None:
    for ending in _ENDING:
        signal.signal(ending, signal.SIG_IGN)  # a second signal would cut the clean-up short
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)


@contextmanager
def _deferred() -> Iterator[None]:
    """Let signals that would end this process wait until afterwards."""
    came: list[int] = []
    with _handled(_ENDING, lambda number, _: came.append(number)):
        yield
    for number in came[:1]:
        signal.raise_signal(number)


@contextmanager
def _handled(
    signals: Sequence[signal.Signals], handler: Callable[[int, object], None]
) -> Iterator[None]:
    """Handle those signals that are not ignored, in the main thread."""
    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.getsignal(number) for number in signals}
    taken = [number for number, old in before.items() if old != signal.SIG_IGN]
    for number in taken:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, before[number])


def _end(process: subprocess.Popen[bytes]) -> None:
    """Make sure that a process is gone."""
    if process.poll() is not None:
        return
    _signal(process, signal.SIGTERM)
    try:
        process.wait(_TERMINATE_SECONDS)
    except subprocess.TimeoutExpired:
        _signal(process, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
        process.wait()


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    if sys.platform == "win32":
        process.terminate()
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
