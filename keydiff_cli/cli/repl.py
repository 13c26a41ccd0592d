"""The loop of ``keydiff chat``: questions and commands in, answers out."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, TextIO

from keydiff_cli.cli.background import Background
from keydiff_cli.cli.chat_settings import as_command
from keydiff_cli.cli.messages import tell_error
from keydiff_cli.cli.slash_commands import HELPING, LEAVING, at_once, run_command
from keydiff_cli.errors import KeydiffError
from keydiff_cli.render.display import Display
from keydiff_cli.render.fitting import fitted
from keydiff_cli.system.as_found import changed
from keydiff_cli.system.sizes import format_size
from keydiff_cli.system.terminal import complain
from keydiff_cli.talk.chat import AnswerPieces, Chat

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession


class Repl:
    """Questions and commands in, answers out.

    Parameters
    ----------
    chat
        The chat, with its documents read, or being read.
    display
        Shows what goes on, and the answers.
    out
        Where commands print to.

    Attributes
    ----------
    left : bool
        Whether the user has asked to leave.
    failed : KeydiffError or None
        What has ended reading, or making notes, while the user typed, the last time.
    """

    def __init__(self, chat: Chat, display: Display, out: TextIO) -> None:
        self.chat = chat
        self.display = display
        self.out = out
        self.left = False
        self.failed: KeydiffError | None = None

    def run(self) -> None:
        """Ask for lines until the user leaves; meanwhile documents are read on, and noted."""
        from keydiff_cli.cli.drawn_prompt import DrawnPrompt
        from keydiff_cli.cli.line_input import open_prompt

        prompt = open_prompt(self.chat.sessions, self._status)
        drawn = DrawnPrompt(prompt)
        print("Ask a question; /help lists the commands, Ctrl-D leaves.")
        while not self.left:
            background = Background(self.chat.step, lambda: prompt.app.invalidate())
            line: str | None
            try:
                with self.display.typing(), self._going_on(background), changed(drawn):
                    line = self._next_line(prompt, background)
            except KeyboardInterrupt:
                line = ""  # it is given up
            except EOFError:
                line = None
            if background.failed is not None:
                self.failed = background.failed
                tell_error(background.failed, as_command)
            if line is None:
                return
            self._take(line)

    def _next_line(self, prompt: PromptSession[str], background: Background) -> str:
        """The next line that is not answered at once, while reading goes on; none if that failed.

        It is to wait for the end of the step that reading is at, which may take seconds.
        """
        while background.failed is None:
            line = prompt.prompt("> ")
            if not at_once(line):
                return line
            self._take(line)
            self.display.say_all()
        return ""

    def _going_on(self, background: Background) -> AbstractContextManager[None]:
        return background.going_on() if self.chat.unfinished else nullcontext()

    def handle(self, line: str) -> AnswerPieces | None:
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
        if line.lower() in LEAVING:
            self.left = True
            return None
        if line.lower() in HELPING:
            return run_command(self, "help")
        if not line.startswith("/") or line.startswith("//"):
            return self.chat.say(line.removeprefix("/"))
        return run_command(self, line[1:])

    def tell_before(self) -> None:
        """Say how many questions came before, and show the last one with its answer."""
        turns = self.chat.turns
        if not turns:
            self.display.note("no question came before")
            return
        before = "1 question" if len(turns) == 1 else f"{len(turns)} questions"
        self.display.note(f"{before} came before; the last one:")
        self.display.question(turns[-1].question)
        self.display.text(f"\n{turns[-1].answer.strip()}\n")
        self.display.end_line()

    def _take(self, line: str) -> None:
        """Handle a line; what goes wrong is said, and the chat goes on.

        An answer stands between two blank lines; if it stopped before its end, how it goes on is
        said.
        """
        before = self.chat.turns
        try:
            answer = self.handle(line)
            if answer is not None:
                print()
                for _ in answer:
                    pass
                self.display.end_line()
                print()
                turns = self.chat.turns
                if turns != before and turns[-1].stop_reason == "length":
                    self.display.note("/continue goes on with the answer")
        except KeyboardInterrupt:
            self.display.reading_over()
            self.display.end_line()
            begun = self.chat.turns != before
            complain("stopped; /continue goes on with the answer" if begun else "stopped")
        except KeydiffError as error:
            self.display.reading_over()
            self.display.end_line()
            tell_error(error, as_command)
        else:
            self.display.end_line()

    def _status(self) -> str:
        """The bottom line, as much of it as fits."""
        if self.chat.reading:
            title, *parts = self.display.progress or ["reading"]
            room = shutil.get_terminal_size().columns - 1
            return " " + fitted(title, [f"| {part}" for part in parts], room, " ")
        report = self.chat.report
        tokens, cache = report.tokens, report.cache
        return _fitting(
            [
                *self.display.noting_progress,
                f"cache {tokens.kept}/{0 if cache is None else cache.budget}",
                f"conversation {self.chat.talked}/{self.chat.settings.conversation}",
                f"peak {format_size(report.memory_bytes.peak or 0)}",
                f"read {tokens.document} tokens",
                "-" if cache is None else cache.policy,
            ]
        )


def _fitting(parts: Sequence[str]) -> str:
    """The first of some parts of a line, as many as fit into the terminal."""
    columns = shutil.get_terminal_size().columns
    return " " + fitted("", parts, columns, " | ").lstrip()
