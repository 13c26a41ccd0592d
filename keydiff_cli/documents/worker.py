"""A program that runs beside this one and answers requests, and may fail at any of them."""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

LONGEST_ANSWER = 64 << 20  # bytes
TOO_LARGE = "too large or too intricate"  # what an answer, or a document, cannot be
_LOOK = 1.0  # seconds; no longer wait counts, as this process may have been stopped (Ctrl-Z)
_SERVING = Path(__file__).with_name("serving.py")


class WorkerError(Exception):
    """The program gave no answer, and was ended; the message says why in a few words."""


class Worker:
    """A module that serves requests in a process of its own, as ``serving.py`` says.

    Parameters
    ----------
    module
        Its file.
    arguments
        What it is given, behind the number of the open file.
    descriptor
        A file that it has open, too.
    patience
        Seconds that it may take for an answer.
    called
        What it is called where it crashed.
    starting
        Seconds that it may take to start; None for those of an answer.

    Raises
    ------
    WorkerError
        If it cannot be started.
    """

    def __init__(
        self,
        module: Path,
        descriptor: int,
        patience: float,
        arguments: Sequence[str] = (),
        *,
        called: str = "it",
        starting: float | None = None,
    ) -> None:
        self._called = called
        self._patience = patience if starting is None else starting
        self._left = patience  # seconds for the answer that is waited for
        self._begun: bytes | None = None  # a request that was sent and is yet to be asked for
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", str(_SERVING), str(module), str(descriptor), *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                pass_fds=(descriptor,),
            )
        except OSError as error:
            raise WorkerError(f"{called} could not be started") from error
        self.first = self.ask(b"")
        self._patience = patience

    def begin(self, request: bytes) -> None:
        """Send a request that is to be asked for next: it is worked on meanwhile."""
        if self._begun is None:
            with contextlib.suppress(OSError, ValueError):  # it has ended, as ``ask`` will find
                self._send(request)
            self._begun = request

    def ask(self, request: bytes) -> dict[str, Any]:
        """Send a request, unless it was begun, and wait for the answer.

        Raises
        ------
        WorkerError
            If none comes in time, or it failed at another one that was begun; the process is ended
            then.
        """
        begun, self._begun = self._begun, None
        try:
            if begun not in (None, request):
                self._answer()
            if begun != request:
                self._send(request)
            return self._answer()
        except (OSError, ValueError) as error:
            self.close()
            raise WorkerError(f"{self._called} crashed") from error
        except BaseException:
            self.close()
            raise

    def _send(self, request: bytes) -> None:
        if self._process.stdin is None:
            raise OSError
        self._process.stdin.write(request)
        self._process.stdin.flush()

    def _answer(self) -> dict[str, Any]:
        if self._process.stdout is None:
            raise OSError
        self._left = self._patience
        source = self._process.stdout.fileno()
        size = int.from_bytes(self._take(source, 4), "big")
        if size > LONGEST_ANSWER:
            raise WorkerError(TOO_LARGE)
        answer: dict[str, Any] = json.loads(self._take(source, size))
        return answer

    def _take(self, source: int, size: int) -> bytes:
        """Read so many bytes from a pipe."""
        data = bytearray()
        while len(data) < size:
            since = monotonic()
            ready, _, _ = select.select([source], [], [], max(0, min(self._left, _LOOK)))
            self._left -= min(monotonic() - since, _LOOK)
            if not ready and self._left <= 0:
                raise WorkerError(f"it took more than {self._patience:.0f} s")
            if not ready:
                continue
            chunk = os.read(source, min(size - len(data), 1 << 20))
            if not chunk:
                raise OSError
            data += chunk
        return bytes(data)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(OSError):  # a request that it did not take
                    pipe.close()
