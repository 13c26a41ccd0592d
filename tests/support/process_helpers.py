"""The command as a process of its own: its environment, its streams, and what it left."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "keydiff_cli"]
POSIX = os.name == "posix"
TIMEOUT = 120  # seconds


@dataclass(frozen=True)
class Result:
    """What a finished command left.

    Attributes
    ----------
    status
        The exit status.
    out, err
        What it printed on stdout and stderr.
    alone
        Whether it was a process of its own, whose memory is that of the command.
    """

    status: int
    out: str
    err: str
    alone: bool = True

    @property
    def errors(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("keydiff: error: ")]

    @property
    def warnings(self) -> list[str]:
        start = "keydiff: warning: "
        return [x.removeprefix(start) for x in self.err.splitlines() if x.startswith(start)]


def environment(models: Path | None = None, **more: str) -> dict[str, str]:
    """The environment without the user's settings; fetching a model is off."""
    ours = ("KEYDIFF_", "PYTHONUNBUFFERED")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    kept |= {"KEYDIFF_CONFIG": os.devnull, "KEYDIFF_OFFLINE": "1", "COLUMNS": "120"}
    kept["KEYDIFF_MODELS_DIR"] = str(models or Path(__file__).parent / "no-models-here")
    kept["PYTHONUTF8"] = "1"
    kept["KEYDIFF_CACHE"] = "0"  # unless a test is about it
    return kept | more


def run_process(
    *words: object,
    stdin: bytes = b"",
    models: Path | None = None,
    command: Iterable[str] = COMMAND,
    cwd: Path | None = None,
    **more: str,
) -> Result:
    """Run the command as a process, to its end; ``more`` are environment variables."""
    done = subprocess.run(
        [*command, *map(str, words)],
        input=stdin,
        capture_output=True,
        env=environment(models, **more),
        timeout=TIMEOUT,
        cwd=cwd,
        check=False,
    )
    return result_of(done.returncode, done.stdout, done.stderr)


def start(
    *words: object,
    models: Path | None = None,
    variables: dict[str, str] | None = None,
    command: Iterable[str] = COMMAND,
    **streams: Any,
) -> subprocess.Popen[bytes]:
    """Start the command; its output is piped, its input empty unless ``streams`` says otherwise."""
    usual = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(
        [*command, *map(str, words)],
        env=environment(models, **(variables or {})),
        **(usual | streams),
    )


def finish(process: subprocess.Popen[bytes], read: bytes = b"") -> Result:
    """Wait for a started command, of whose output ``read`` was read already."""
    try:
        out, err = process.communicate(timeout=TIMEOUT)
    finally:
        process.kill()
    return result_of(process.returncode, read + (out or b""), err or b"")


def on_terminal(
    *words: object, terminal: str, models: Path | None = None, cwd: Path | None = None
) -> tuple[int, str, str]:
    """Run the command with one stream on a pseudo-terminal.

    Parameters
    ----------
    terminal
        ``stdin``, ``stdout`` or ``stderr``.

    Returns
    -------
    The status, what came on the terminal, and what came on the other outputs.
    """
    ours, its = os.openpty()
    streams = {terminal: its, "cwd": cwd}
    process = start(*words, models=models, variables={"TERM": "xterm-256color"}, **streams)
    os.close(its)
    shown = read_terminal(ours) if terminal != "stdin" else ""
    other = finish(process)
    if terminal == "stdin":
        os.close(ours)
    return other.status, shown, other.out + other.err


def read_terminal(ours: int) -> str:
    """What came on a pseudo-terminal until its other end was closed; closes this one."""
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:  # how Linux says that the other end is closed
            break
        if not part:
            break
        shown += part
    os.close(ours)
    return shown.decode()


def result_of(status: int, out: bytes, err: bytes, *, alone: bool = True) -> Result:
    """The result of a command that has ended; a traceback is never one."""
    result = Result(status, _text(out), _text(err), alone)
    assert "Traceback" not in result.err, result.err
    return result


def _text(data: bytes) -> str:
    return data.decode().replace("\r\n", "\n")
