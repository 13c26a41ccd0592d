"""The loop of ``keydiff chat``: questions and commands in, answers out."""

from __future__ import annotations

import shutil
from typing import TextIO

from keydiff_cli.cli.messages import tell_error
from keydiff_cli.cli.slash_commands import run_command
from keydiff_cli.errors import KeydiffError
from keydiff_cli.render.display import Display
from keydiff_cli.system.sizes import format_size
from keydiff_cli.system.terminal import complain
from keydiff_cli.talk.chat import Answering, Chat


class Repl:
    """Questions and commands in, answers out.

    Parameters
    ----------
    chat
        The chat, with its documents read.
    display
        Shows what goes on, and the answers.
    out
        Where commands print to.

    Attributes
    ----------
    left : bool
        Whether the user has asked to leave.
    """

    def __init__(self, chat: Chat, display: Display, out: TextIO) -> None:
        self.chat = chat
        self.display = display
        self.out = out
        self.left = False

    def run(self) -> None:
        """Ask for lines until the user leaves."""
        from keydiff_cli.cli.line_input import open_prompt

        prompt = open_prompt(self.chat.sessions, self._status)
        print("Ask a question; /help lists the commands, Ctrl-D leaves.")
        while not self.left:
            try:
                line = prompt.prompt("> ")
            except KeyboardInterrupt:
                continue  # the line is given up
            except EOFError:
                return
            self._take(line)

    def handle(self, line: str) -> Answering | None:
        """Run the command of a line, or answer the question that it is.

        Returns
        -------
        The answer, piece by piece; None if there is none to be expected.

        Raises
        ------
        KeydiffError
            Whatever stands in the way.
        """
        line = line.strip()
        if not line:
            return None
        if not line.startswith("/") or line.startswith("//"):
            return self.chat.say(line.removeprefix("/"))
        return run_command(self, line[1:])

    def _take(self, line: str) -> None:
        """Handle a line; what goes wrong is said, and the chat goes on."""
        try:
            for _ in self.handle(line) or ():
                pass
        except KeyboardInterrupt:
            self.display.reading_over()
            self.display.end_line()
            complain("stopped")
        except KeydiffError as error:
            self.display.reading_over()
            self.display.end_line()
            tell_error(error)
        else:
            self.display.end_line()

    def _status(self) -> str:
        """The bottom line, as much of it as fits."""
        report = self.chat.report
        tokens, cache = report.tokens, report.cache
        status = f" cache {tokens.kept}/{0 if cache is None else cache.budget}"
        for part in (
            f"conversation {self.chat.talked}/{self.chat.settings.conversation}",
            f"peak {format_size(report.memory_bytes.peak or 0)}",
            f"read {tokens.document} tokens",
            "-" if cache is None else cache.policy,
        ):
            if len(status) + len(part) + 3 > shutil.get_terminal_size().columns:
                break
            status += f" | {part}"
        return status
