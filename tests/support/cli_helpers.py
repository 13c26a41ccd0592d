"""Running the command line in this process, its streams apart, as tests of what it says do."""

from __future__ import annotations

import io
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TextIO

from process_helpers import COMMAND, POSIX, Result, environment, result_of, run_process

__all__ = [
    "ANSI_NAME", "CAT", "COMMAND", "POSIX", "SMALL", "Result", "environment", "fails", "run",
    "story",
]  # fmt: skip

SMALL = "smollm2-135m"
CAT = "The cat of the harbour master is black. Its name is Pepper.\n"
ANSI_NAME = "a\x1b[31mred\x9b1m\u202e.txt"
# Variables that are looked at once only, while Python starts or llama.cpp is loaded.
_FOR_A_NEW_PROCESS = {"LLAMA_CPP_LIB_PATH", "PYTHONPATH"}


def run(
    *words: object,
    stdin: bytes = b"",
    models: Path | None = None,
    cwd: Path | None = None,
    **more: str,
) -> Result:
    """Run the command line in this process, to its end; ``more`` are environment variables.

    Its standard streams are a pipe and two files. What only a process of its own shows needs
    ``run_process``: what closes or breaks its streams, signals, its memory. Variables that only
    a new process looks at get one.
    """
    if _FOR_A_NEW_PROCESS & more.keys():
        return run_process(*words, stdin=stdin, models=models, cwd=cwd, **more)
    from keydiff_cli.cli import app
    from keydiff_cli.llama import echo_log

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, ExitStack() as stack:
        stack.enter_context(_variables(environment(models, **more)))
        stack.enter_context(_folder(cwd))
        stack.enter_context(_hooks())
        stack.enter_context(_streams(stdin, out, err))
        stack.callback(echo_log, False)
        status = 0
        try:
            app([str(word) for word in words], prog_name="keydiff")
        except SystemExit as end:
            status = _status(end.code)
        finally:
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
        out.seek(0)
        err.seek(0)
        return result_of(status, out.read(), err.read(), alone=False)


def _status(code: object) -> int:
    """The status that a process ends with, as Python gives it."""
    if code is None or isinstance(code, int):
        return code or 0
    print(code, file=sys.stderr)
    return 1


@contextmanager
def _streams(data: bytes, out: BinaryIO, err: BinaryIO) -> Iterator[None]:
    """Standard streams with descriptors of their own, which the command may close or redirect."""
    before = sys.stdin, sys.stdout, sys.stderr
    with _pipe(data) as piped:
        sys.stdin = io.TextIOWrapper(piped, encoding="utf-8")
        sys.stdout, sys.stderr = map(_writer, (out, err))
        files = sys.stdin, sys.stdout, sys.stderr
        try:
            yield
        finally:
            sys.stdin, sys.stdout, sys.stderr = before
            for file in files:
                file.close()


def _writer(file: BinaryIO) -> TextIO:
    """Text that is written to a file, as __main__.py has it."""
    number = os.dup(file.fileno())
    return open(number, "w", encoding="utf-8", errors="backslashreplace")


@contextmanager
def _pipe(data: bytes) -> Iterator[BinaryIO]:
    """The end to read from of a pipe that somebody else writes to."""
    reader, writer = os.pipe()

    def write() -> None:
        with suppress(BrokenPipeError), open(writer, "wb") as file:
            file.write(data)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        with open(reader, "rb") as file:
            yield file
    finally:
        thread.join()


@contextmanager
def _variables(wanted: dict[str, str]) -> Iterator[None]:
    """Exactly these environment variables; what the command itself sets is there for good."""
    changed = {
        name: os.environ.get(name)
        for name in wanted.keys() | os.environ.keys()
        if wanted.get(name) != os.environ.get(name)
    }
    _set({name: wanted.get(name) for name in changed})
    try:
        yield
    finally:
        _set(changed)


def _set(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


@contextmanager
def _folder(path: Path | None) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(path or before)
    try:
        yield
    finally:
        os.chdir(before)


@contextmanager
def _hooks() -> Iterator[None]:
    """What Typer and the command may leave changed in a process that ends."""
    hook, handler = sys.excepthook, signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        sys.excepthook = hook
        signal.signal(signal.SIGINT, handler)


def fails(result: Result, status: int) -> str:
    """Require one line of error and nothing else; return its text."""
    assert result.status == status, result
    assert result.out == ""
    (line,) = result.err.splitlines()
    assert line.startswith("keydiff: error: ")
    return line.removeprefix("keydiff: error: ")


def story(lines: int = 13, tail: str = "") -> str:
    """A text of about 22 tokens a line."""
    first = "The harbour was founded in 1821. The secret password of the harbour is BLUE HERON.\n"
    return first + "".join(
        f"The storehouse on quay {n} was painted in the spring and the men rested in its shade.\n"
        for n in range(1, lines)
    ) + tail  # fmt: skip
