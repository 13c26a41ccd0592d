"""Programs that this one starts: they end with it, and what they said is kept."""

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


def run(
    command: Sequence[str],
    *,
    folder: Path,
    output: BinaryIO,
    environment: Mapping[str, str] | None = None,
    tick: Callable[[], None] = lambda: None,
) -> int:
    """Run a program in a folder; return its exit status.

    Ctrl-C and SIGTERM end it, with all that it has started.

    Parameters
    ----------
    output
        Where its output and its errors go.
    tick
        Called every now and then while it runs.
    """
    group = {"start_new_session": True} if os.name == "posix" else {}
    with _orderly_end():
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            **group,  # type: ignore[call-overload]
        )
        try:
            while True:
                with suppress(subprocess.TimeoutExpired):
                    return int(process.wait(_POLL_SECONDS))
                tick()
        finally:
            _end(process)


@contextmanager
def _orderly_end() -> Iterator[None]:
    """Clean up before SIGTERM ends this process: the other one would go on."""
    main = threading.current_thread() is threading.main_thread()
    if not main or signal.getsignal(signal.SIGTERM) != signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)  # a second one would cut the clean-up short
        raise SystemExit(128 + number)

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


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
