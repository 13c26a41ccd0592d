"""The prompt of ``keydiff chat``, and the commands that begin with a slash."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from keydiff_cli import models
from keydiff_cli.errors import KeydiffError, UsageError
from keydiff_cli.render.display import Display, print_stats, print_table
from keydiff_cli.settings.checks import POLICY_NAMES
from keydiff_cli.settings.config import change
from keydiff_cli.system.files import make_private
from keydiff_cli.system.sizes import format_size
from keydiff_cli.system.terminal import complain
from keydiff_cli.talk.chat import Chat

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completion
    from prompt_toolkit.document import Document


Answering = Generator[str, None, None]
UNSURE = 0.85  # certainty below which reading again is offered; measured: docs/chat.md


@dataclass(frozen=True)
class Command:
    """A command: what it takes, and what it is for."""

    argument: str
    help: str
    run: Callable[[Repl, str], Iterator[str] | None]


class Repl:
    """Questions and commands in, answers out.

    Parameters
    ----------
    chat
        With its documents read.
    display
        Of what goes on.
    out
        Where commands print to.

    Attributes
    ----------
    left : bool
        Whether the user has asked to leave.
    """

    def __init__(self, chat: Chat, display: Display, out: TextIO) -> None:
        self.chat = chat
        self._display = display
        self._out = out
        self.left = False

    # At a prompt ------------------------------------------------------------------------------

    def run(self) -> None:
        """Ask for lines until the user leaves."""
        session = self._session()
        print("Ask a question; /help lists the commands, Ctrl-D leaves.")
        while not self.left:
            try:
                line = session.prompt("> ")
            except KeyboardInterrupt:
                continue  # the line is given up
            except EOFError:
                return
            self._take(line)

    def _take(self, line: str) -> None:
        """A line: what goes wrong is said, and the chat goes on."""
        try:
            for _ in self.handle(line) or ():
                pass
        except KeyboardInterrupt:
            self._display.read()
            self._display.end_line()
            complain("stopped")
        except KeydiffError as error:
            self._display.read()
            self._display.end_line()
            complain(f"error: {error}")
        else:
            self._display.end_line()

    def _session(self) -> PromptSession[str]:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import FileHistory, History, InMemoryHistory
        from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

        keys = KeyBindings()

        @keys.add("enter")
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.validate_and_handle()

        @keys.add("escape", "enter")
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text("\n")

        class Kept(FileHistory):
            """What was typed, as far as it can be written."""

            def store_string(self, string: str) -> None:
                with suppress(OSError, UnicodeError):
                    super().store_string(string)

        history: History = InMemoryHistory()
        path = self.chat.sessions.folder / "history"
        try:
            make_private(path.parent)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600))
            history = Kept(path)
        except OSError as error:
            complain(f"warning: {path}: {error.strerror}; what you type is not kept")
        return PromptSession(
            history=history,
            multiline=True,
            key_bindings=keys,
            completer=_completer(self.chat),
            complete_while_typing=False,
            bottom_toolbar=self._status,
            enable_open_in_editor=False,
        )

    def _status(self) -> str:
        """The bottom line, as much of it as fits."""
        report = self.chat.report
        tokens, cache = report.tokens, report.cache
        status = f" cache {tokens['kept']}/{cache.get('budget', 0)}"
        for part in (
            f"conversation {self.chat.talked}/{self.chat.settings.conversation}",
            f"peak {format_size(report.memory_bytes['peak'] or 0)}",
            f"read {tokens['document']} tokens",
            f"{cache.get('policy', '-')}",
        ):
            if len(status) + len(part) + 3 > shutil.get_terminal_size().columns:
                break
            status += f" | {part}"
        return status

    # Lines ------------------------------------------------------------------------------------

    def handle(self, line: str) -> Answering | None:
        """Run a command, or answer a question.

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
            return self._answer(self.chat.say(line.removeprefix("/")))
        name, _, argument = line[1:].partition(" ")
        command = COMMANDS.get(name)
        if command is None:
            raise UsageError(f"there is no command /{name}; /help lists them")
        argument = argument.strip()
        if bool(argument) != bool(command.argument):
            raise UsageError(f"write: {f'/{name} {command.argument}'.strip()}")
        answer = command.run(self, argument)
        return None if answer is None else self._answer(answer)

    def _answer(self, answer: Iterator[str]) -> Answering:
        yield from answer
        self._offer()

    def _offer(self) -> None:
        """Offer to read again where the model was unsure and the cache lacks something."""
        report = self.chat.report
        unsure = report.certainty < UNSURE
        if unsure and not self.chat.intact and not self.chat.focused:
            self._display.end_line()
            self._display.note(
                f"the model was unsure ({report.certainty:.2f}); "
                "/reread reads the documents again for this question"
            )

    def _help(self, _: str) -> None:
        print_table(
            ("command", "what it does"),
            ((f"/{name} {one.argument}".strip(), one.help) for name, one in COMMANDS.items()),
            file=self._out,
        )
        print("Alt-Enter begins a new line, Ctrl-C stops an answer.", file=self._out)

    def _files(self, _: str) -> None:
        documents = self.chat.report.documents
        if not documents:
            raise UsageError("there is no document; /add one")
        print_table(
            ("document", "kind", "pages", "characters", "tokens"),
            (
                (one["name"], one["kind"], one["pages"] or "-", one["characters"], one["tokens"])
                for one in documents
            ),
            file=self._out,
        )

    def _stats(self, _: str) -> None:
        print_stats(self.chat.report, self._out)

    def _set(self, name: str, text: str) -> None:
        self.chat.change(change(self.chat.settings, name, text))

    def _save(self, name: str) -> None:
        self.chat.save(name)
        self._display.note(f"saved; keydiff chat --resume {name} goes on from here")

    def _undo(self, _: str) -> None:
        turn = self.chat.undo()
        self._display.note(f"forgotten: {turn.question}")

    def _clear(self, _: str) -> None:
        self.chat.clear()
        self._display.note("the conversation is forgotten; the documents stay")

    def _export(self, path: str) -> None:
        self.chat.export(Path(expand(path)))
        self._display.note(f"written to {path}")

    def _quit(self, _: str) -> None:
        self.left = True


COMMANDS = {
    "help": Command("", "List the commands.", Repl._help),
    "add": Command("FILE", "Read one more document.", lambda repl, x: repl.chat.add(expand(x))),
    "files": Command("", "List the documents.", Repl._files),
    "stats": Command("", "Show times, sizes and rates.", Repl._stats),
    "system": Command("TEXT", "Use another system prompt.", lambda r, x: r._set("system", x)),
    "model": Command("NAME", "Use another model.", lambda r, x: r._set("model", x)),
    "budget": Command("N", "Keep N tokens per head.", lambda r, x: r._set("budget", x)),
    "policy": Command("NAME", "Choose which tokens to keep.", lambda r, x: r._set("policy", x)),
    "reread": Command(
        "", "Read the documents for the last question, and answer it.", lambda r, _: r.chat.reread()
    ),
    "retry": Command(
        "", "Answer the last question once more, by chance.", lambda r, _: r.chat.retry()
    ),
    "undo": Command("", "Forget the last question and its answer.", Repl._undo),
    "clear": Command("", "Forget the conversation.", Repl._clear),
    "save": Command("NAME", "Save the chat, and keep it saved.", Repl._save),
    "load": Command("NAME", "Go on with a saved chat.", lambda r, x: r.chat.load(x)),
    "export": Command("FILE.md", "Write the conversation as Markdown.", Repl._export),
    "quit": Command("", "Leave.", Repl._quit),
}


def expand(path: str) -> str:
    """A path as it is typed, ``~`` for the home folder.

    Raises
    ------
    UsageError
        If it is none.
    """
    try:
        return os.path.expanduser(path)
    except ValueError as error:  # a null byte
        raise UsageError(f"'{path}' is no path: {error}") from None


def _completer(chat: Chat) -> Any:
    from prompt_toolkit.completion import Completer, Completion, PathCompleter
    from prompt_toolkit.document import Document

    class CommandCompleter(Completer):
        """Names of commands, and what they take."""

        def get_completions(
            self, document: Document, complete_event: CompleteEvent
        ) -> Iterable[Completion]:
            text = document.text_before_cursor
            if not text.startswith("/") or "\n" in text:
                return
            name, space, argument = text[1:].partition(" ")
            if not space:
                known = [command for command in COMMANDS if command.startswith(name)]
                yield from (Completion(one, start_position=-len(name)) for one in known)
            elif name in ("add", "export"):
                inner = Document(argument, len(argument))
                yield from PathCompleter(expanduser=True).get_completions(inner, complete_event)
            else:
                known = [one for one in self._arguments(name) if one.startswith(argument)]
                yield from (Completion(one, start_position=-len(argument)) for one in known)

        def _arguments(self, command: str) -> Iterable[str]:
            if command == "policy":
                return POLICY_NAMES
            if command == "model":
                return models.catalogue()
            with suppress(KeydiffError):
                return chat.sessions.names() if command == "load" else ()
            return ()

    return CommandCompleter()
