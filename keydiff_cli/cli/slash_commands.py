"""The commands of ``keydiff chat``, which begin with a slash."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from keydiff_cli.cli.chat_settings import (
    BY_COMMAND,
    changed,
    in_force,
    listed,
    parted,
    shown,
)
from keydiff_cli.cli.saved_chats import print_chats, saved_chats
from keydiff_cli.cli.typed_paths import expand
from keydiff_cli.errors import UsageError
from keydiff_cli.render.documents import shown_kind
from keydiff_cli.render.printing import print_line, print_table
from keydiff_cli.render.stats import print_stats
from keydiff_cli.settings.resolving import change
from keydiff_cli.system.clipboard import copy_sequence
from keydiff_cli.talk.chat import CALLED

if TYPE_CHECKING:
    from keydiff_cli.cli.repl import Repl
    from keydiff_cli.talk.chat import AnswerPieces


Takes = Callable[[str], bool]  # whether an argument is of some kind


def _any(_: str) -> bool:
    return True


def _none(_: str) -> bool:
    return False


def _missing(argument: str) -> bool:
    return not argument


def _no_value(argument: str) -> bool:
    return len(argument.split()) < 2


@dataclass(frozen=True)
class Command:
    """A command that begins with a slash.

    Attributes
    ----------
    argument
        What it takes, in capitals; empty if it takes nothing, in brackets what may be left out.
    help
        What it does, for ``/help``.
    run
        Does it, given the argument; returns the pieces of an answer if there is one.
    at_once
        With which arguments it only looks at what is there, so that it can be run while
        documents are read.
    """

    argument: str
    help: str
    run: Callable[[Repl, str], AnswerPieces | None]
    at_once: Takes = _none


def _help(repl: Repl, _: str) -> None:
    print_table(
        ("command", "what it does"),
        ((f"/{name} {known.argument}".strip(), known.help) for name, known in COMMANDS.items()),
        file=repl.out,
    )
    print("Alt-Enter begins a new line, Ctrl-X Ctrl-E opens the editor.", file=repl.out)
    print("Ctrl-C stops an answer, Ctrl-D leaves when it has ended.", file=repl.out)


def _add(repl: Repl, path: str) -> None:
    name = Path(expand(path)).name
    repl.chat.add(expand(path))
    reading = "; it is read while you type" if repl.chat.reading else ""
    repl.display.note(f"added {name}{reading}")


def _files(repl: Repl, _: str) -> None:
    documents = repl.chat.report.documents
    if not documents:
        raise UsageError("there is no document; /add one")
    rows = (
        (each.name, shown_kind(each), each.pages or "-", each.characters, each.tokens)
        for each in documents
    )
    print_table(("document", "kind", "pages", "characters", "tokens"), rows, file=repl.out)


def _stats(repl: Repl, _: str) -> None:
    print_stats(repl.chat.report, repl.out)


def _map(repl: Repl, _: str) -> None:
    from keydiff_cli.render.terminal_map import print_map

    print_map(repl.chat.map(), repl.out)


def _sets(name: str) -> Callable[[Repl, str], None]:
    """A command that changes a setting, or shows it where it is given no value."""

    def run(repl: Repl, text: str) -> None:
        if text:
            repl.chat.change(change(repl.chat.settings, name, text))
        else:
            _show(repl, name)

    return run


def _show(repl: Repl, name: str) -> None:
    value = in_force(repl.chat.settings, repl.chat.report, name)
    print_line(f"{CALLED.get(name, name)}: {value}", repl.out)


def _set(repl: Repl, text: str) -> None:
    if not text:
        print_table(("setting", "value"), listed(repl.chat.settings), file=repl.out)
        return
    name, value = parted(text)
    if not value:
        _show(repl, name)
        return
    if name in BY_COMMAND:
        _sets(name)(repl, value)
        return
    before, settings = vars(repl.chat.settings), changed(repl.chat.settings, name, value)
    repl.chat.show_by(settings)
    for name, value in vars(settings).items():
        if value != before[name]:
            repl.display.note(f"{name} is {shown(settings, name)} now")


def _cite(repl: Repl, text: str) -> None:
    _set(repl, f"cite {text}")


def _continue(repl: Repl, _: str) -> AnswerPieces:
    return repl.chat.go_on()


def _edit(repl: Repl, text: str) -> AnswerPieces | None:
    from keydiff_cli.cli.editor import edited

    if not sys.stdin.isatty():
        raise UsageError("/edit needs a terminal for the editor")
    line = edited(text).strip()
    if not line:
        repl.display.note("nothing is sent: the text is empty")
        return None
    repl.display.question(line)
    return repl.handle(line)


def _copy(repl: Repl, _: str) -> None:
    if not repl.chat.turns:
        raise UsageError("there is no answer to copy")
    if not sys.stdout.isatty():
        raise UsageError("/copy needs a terminal, which has the clipboard")
    sys.stdout.write(copy_sequence(repl.chat.turns[-1].answer))
    sys.stdout.flush()
    repl.display.note("the last answer is on the clipboard, if the terminal allows it")


def _sessions(repl: Repl, _: str) -> None:
    rows = saved_chats(repl.chat.sessions)
    if rows:
        print_chats(rows, repl.out)
    else:
        print_line("no chat is saved; /save NAME saves this one", repl.out)


def _retry(repl: Repl, _: str) -> AnswerPieces:
    return repl.chat.retry()


def _undo(repl: Repl, _: str) -> None:
    turn = repl.chat.undo()
    saved = f", in the saved chat '{repl.chat.name}' too" if repl.chat.name else ""
    repl.display.note(f"forgotten{saved}: {turn.question}")


def _clear(repl: Repl, _: str) -> None:
    name = repl.chat.name
    repl.chat.clear()
    saved = f"; the chat '{name}' stays as it was saved, /save NAME saves what follows"
    repl.display.note(f"the conversation is forgotten; the documents stay{saved if name else ''}")


def _save(repl: Repl, name: str) -> None:
    repl.chat.save(name)
    repl.display.note(f"saved; keydiff chat --resume {name} goes on from here")


def _load(repl: Repl, name: str) -> None:
    repl.chat.load(name)
    repl.tell_before()


def _export(repl: Repl, path: str) -> None:
    repl.chat.export(Path(expand(path)))
    repl.display.note(f"written to {path}")


def _quit(repl: Repl, _: str) -> None:
    repl.left = True


COMMANDS = {
    "help": Command("", "List the commands (/? too).", _help, _any),
    "add": Command("FILE", "Read one more document.", _add),
    "files": Command("", "List the documents.", _files, _any),
    "stats": Command("", "Show times, sizes and rates.", _stats, _any),
    "map": Command("", "Draw what the cache holds, and what the last question sees.", _map),
    "system": Command("[TEXT]", "Use another system prompt.", _sets("system"), _missing),
    "model": Command("[NAME]", "Use another model.", _sets("model"), _missing),
    "budget": Command("[N]", "Keep N tokens per head.", _sets("budget"), _missing),
    "policy": Command("[NAME]", "Choose which tokens to keep.", _sets("policy"), _missing),
    "set": Command(
        "[NAME [VALUE]]", "Change how questions are answered; alone, list it.", _set, _no_value
    ),
    "cite": Command("[on|off]", "Say what place each sentence rests on.", _cite, _missing),
    "continue": Command("", "Go on with an answer that stopped before its end.", _continue),
    "retry": Command("", "Answer the last question once more, by chance.", _retry),
    "undo": Command("", "Forget the last question and its answer.", _undo),
    "clear": Command("", "Forget the conversation.", _clear),
    "edit": Command("[TEXT]", "Write a question in your editor.", _edit),
    "copy": Command("", "Put the last answer on the clipboard.", _copy, _any),
    "sessions": Command("", "List the saved chats.", _sessions, _any),
    "save": Command("NAME", "Save the chat, and keep it saved.", _save, _any),
    "load": Command("NAME", "Go on with a saved chat.", _load),
    "export": Command("FILE.md", "Write the conversation as Markdown.", _export, _any),
    "quit": Command("", "Leave (/exit, /bye, exit, quit and :q too).", _quit),
}
_ALIASES = {"?": "help", "exit": "quit", "bye": "quit", "q": "quit"}
LEAVING = ("exit", "quit", ":q", ":quit", ".exit")  # lines that are no questions
HELPING = ("help", "?", ".help")  # nor are these


def at_once(line: str) -> bool:
    """Whether a line only looks at what is there, or is wrong: it needs no reading to wait for."""
    line = line.strip()
    if not line.startswith("/") or line.startswith("//"):
        return not line or line.lower() in HELPING
    try:
        command, argument = _parsed(line[1:])
    except UsageError:
        return True
    return command.at_once(argument)


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
    command, argument = _parsed(line)
    return command.run(repl, argument)


def _parsed(line: str) -> tuple[Command, str]:
    typed, _, argument = line.partition(" ")
    name = _ALIASES.get(typed.lower(), typed.lower())
    command = COMMANDS.get(name)
    if command is None:
        near = get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean /{near[0]}? " if near else ""
        raise UsageError(f"there is no command /{typed}; {hint}/help lists them")
    argument = argument.strip()
    optional = command.argument.startswith("[")
    if not optional and bool(argument) != bool(command.argument):
        raise UsageError(f"write: {f'/{name} {command.argument}'.strip()}")
    return command, argument
