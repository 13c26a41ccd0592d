"""The commands of ``keydiff chat``, which begin with a slash."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from keydiff_cli.errors import UsageError
from keydiff_cli.render.printing import print_table
from keydiff_cli.render.stats import print_stats
from keydiff_cli.settings.config import change

if TYPE_CHECKING:
    from keydiff_cli.cli.repl import Repl
    from keydiff_cli.talk.chat import AnswerPieces


@dataclass(frozen=True)
class Command:
    """A command that begins with a slash.

    Attributes
    ----------
    argument
        What it takes, in capitals; empty if it takes nothing.
    help
        What it does, for ``/help``.
    run
        Does it, given the argument; returns the pieces of an answer if there is one.
    """

    argument: str
    help: str
    run: Callable[[Repl, str], AnswerPieces | None]


def _help(repl: Repl, _: str) -> None:
    print_table(
        ("command", "what it does"),
        ((f"/{name} {known.argument}".strip(), known.help) for name, known in COMMANDS.items()),
        file=repl.out,
    )
    print("Alt-Enter begins a new line, Ctrl-C stops an answer.", file=repl.out)


def _add(repl: Repl, path: str) -> None:
    repl.chat.add(expand(path))


def _files(repl: Repl, _: str) -> None:
    documents = repl.chat.report.documents
    if not documents:
        raise UsageError("there is no document; /add one")
    print_table(
        ("document", "kind", "pages", "characters", "tokens"),
        (
            (
                document.name,
                document.kind,
                document.pages or "-",
                document.characters,
                document.tokens,
            )
            for document in documents
        ),
        file=repl.out,
    )


def _stats(repl: Repl, _: str) -> None:
    print_stats(repl.chat.report, repl.out)


def _sets(name: str) -> Callable[[Repl, str], None]:
    """A command that changes a setting."""

    def run(repl: Repl, text: str) -> None:
        repl.chat.change(change(repl.chat.settings, name, text))

    return run


def _cite(repl: Repl, text: str) -> None:
    if text not in ("on", "off"):
        raise UsageError("write: /cite on, or /cite off")
    repl.chat.show_by(replace(repl.chat.settings, cite=text == "on"))


def _retry(repl: Repl, _: str) -> AnswerPieces:
    return repl.chat.retry()


def _undo(repl: Repl, _: str) -> None:
    turn = repl.chat.undo()
    repl.display.note(f"forgotten: {turn.question}")


def _clear(repl: Repl, _: str) -> None:
    repl.chat.clear()
    repl.display.note("the conversation is forgotten; the documents stay")


def _save(repl: Repl, name: str) -> None:
    repl.chat.save(name)
    repl.display.note(f"saved; keydiff chat --resume {name} goes on from here")


def _load(repl: Repl, name: str) -> None:
    repl.chat.load(name)


def _export(repl: Repl, path: str) -> None:
    repl.chat.export(Path(expand(path)))
    repl.display.note(f"written to {path}")


def _quit(repl: Repl, _: str) -> None:
    repl.left = True


COMMANDS = {
    "help": Command("", "List the commands.", _help),
    "add": Command("FILE", "Read one more document.", _add),
    "files": Command("", "List the documents.", _files),
    "stats": Command("", "Show times, sizes and rates.", _stats),
    "system": Command("TEXT", "Use another system prompt.", _sets("system")),
    "model": Command("NAME", "Use another model.", _sets("model")),
    "budget": Command("N", "Keep N tokens per head.", _sets("budget")),
    "policy": Command("NAME", "Choose which tokens to keep.", _sets("policy")),
    "cite": Command("on|off", "Say what place each sentence rests on.", _cite),
    "retry": Command("", "Answer the last question once more, by chance.", _retry),
    "undo": Command("", "Forget the last question and its answer.", _undo),
    "clear": Command("", "Forget the conversation.", _clear),
    "save": Command("NAME", "Save the chat, and keep it saved.", _save),
    "load": Command("NAME", "Go on with a saved chat.", _load),
    "export": Command("FILE.md", "Write the conversation as Markdown.", _export),
    "quit": Command("", "Leave.", _quit),
}


def run_command(repl: Repl, line: str) -> AnswerPieces | None:
    """Run the command of a line, which is given without its slash.

    Returns
    -------
    The pieces of an answer; None if the command answers no question.

    Raises
    ------
    UsageError
        If there is no such command, or its argument is missing or too much.
    """
    name, _, argument = line.partition(" ")
    command = COMMANDS.get(name)
    if command is None:
        raise UsageError(f"there is no command /{name}; /help lists them")
    argument = argument.strip()
    if bool(argument) != bool(command.argument):
        raise UsageError(f"write: {f'/{name} {command.argument}'.strip()}")
    return command.run(repl, argument)


def expand(path: str) -> str:
    """A path as it is typed, with the home folder for a ``~`` in front.

    Raises
    ------
    UsageError
        If it cannot be a path.
    """
    try:
        return os.path.expanduser(path)
    except ValueError as error:  # a null byte
        raise UsageError(f"'{path}' is no path: {error}") from None
