"""``keydiff chat`` as a person sees it: a screen, and a keyboard. For POSIX only."""

from __future__ import annotations

import re
import sys
import termios
import time
from pathlib import Path

import pexpect
import pyte
from process_helpers import COMMAND

_JOB_SHELL = Path(__file__).with_name("job_shell.py")


class Terminal:
    """The command on a pseudo-terminal.

    Parameters
    ----------
    columns
        How wide the screen is.
    words
        The command line.
    values
        Its environment.
    as_job
        Run it as the job of a shell, ``job_shell.py``, as which Ctrl-Z stops it.
    """

    def __init__(
        self,
        columns: int,
        words: tuple[object, ...],
        values: dict[str, str],
        *,
        as_job: bool = False,
    ) -> None:
        self.screen = pyte.Screen(columns, 40)
        self._stream = pyte.ByteStream(self.screen)
        command = [sys.executable, str(_JOB_SHELL), *COMMAND] if as_job else COMMAND
        self.process = pexpect.spawn(
            command[0],
            [*command[1:], *map(str, words)],
            env={**values, "TERM": "xterm-256color"},
            dimensions=(40, columns),
            timeout=60,
        )
        self.process.delaybeforesend = None
        self._ended = False  # whether it has closed the terminal, and nothing comes any more

    def type(self, text: str) -> None:
        self.process.send(text)

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def wait(self, pattern: str, seconds: float = 60) -> str:
        """Wait until the screen shows something; return what the screen shows."""
        end = time.monotonic() + seconds
        while not re.search(pattern, self.text, re.MULTILINE):
            waiting = not self._ended and time.monotonic() < end
            assert waiting, f"{pattern!r} never came:\n{self.text}"
            self._take()
        return self.text

    def _take(self) -> None:
        try:
            data = self.process.read_nonblocking(65536, timeout=0.2)
        except pexpect.TIMEOUT:
            return
        except pexpect.EOF:
            self._ended = True
            return
        first, *rest = data.split(b"\x1b[6n")  # where is the cursor?
        self._stream.feed(first)
        for part in rest:
            cursor = self.screen.cursor
            self.process.send(f"\x1b[{cursor.y + 1};{cursor.x + 1}R")
            self._stream.feed(part)

    @property
    def as_found(self) -> bool:
        """Whether the cursor is shown, and what is typed is shown and comes line by line."""
        wanted = termios.ECHO | termios.ICANON | termios.ISIG
        return not self.screen.cursor.hidden and self._modes & wanted == wanted

    @property
    def _modes(self) -> int:
        """The modes of the terminal, which its other end knows, too; the last ones if it ended."""
        if not self.process.closed:
            self._last_modes: int = termios.tcgetattr(self.process.child_fd)[3]
        return self._last_modes

    def wait_until_changed(self) -> None:
        """Wait until what is typed is not shown."""
        end = time.monotonic() + 60
        while self._modes & termios.ECHO:
            assert not self._ended and time.monotonic() < end, self.text
            self._take()

    @property
    def job(self) -> int:
        """The process number of the command that runs as a job."""
        return int(re.findall(r"\[job (\d+)\]", self.wait(r"^\[job \d+\]$"))[0])

    def resize(self, columns: int) -> None:
        self.screen.resize(40, columns)
        self.process.setwinsize(40, columns)

    def end(self) -> int:
        """Wait until the command has ended; its status."""
        end = time.monotonic() + 60
        while not self._ended:
            assert time.monotonic() < end, f"it never ended:\n{self.text}"
            self._take()
        self._last_modes = self._modes
        self.process.close()
        status: int = self.process.exitstatus
        return status
