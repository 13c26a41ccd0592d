"""``keydiff chat`` as a person sees it: a screen, and a keyboard. For POSIX only."""

from __future__ import annotations

import re
import time

import pexpect
import pyte
from process_helpers import COMMAND


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
    """

    def __init__(self, columns: int, words: tuple[object, ...], values: dict[str, str]) -> None:
        self.screen = pyte.Screen(columns, 40)
        self._stream = pyte.ByteStream(self.screen)
        self.process = pexpect.spawn(
            COMMAND[0],
            [*COMMAND[1:], *map(str, words)],
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

    def resize(self, columns: int) -> None:
        self.screen.resize(40, columns)
        self.process.setwinsize(40, columns)

    def end(self) -> int:
        """Wait until the command has ended; its status."""
        self.process.expect(pexpect.EOF)
        self.process.close()
        status: int = self.process.exitstatus
        return status
