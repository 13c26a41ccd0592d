"""``keydiff chat``: a conversation about documents."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from keydiff_cli.cli.options import ANSWERING, Options
from keydiff_cli.cli.signatures import with_options
from keydiff_cli.errors import UsageError

if TYPE_CHECKING:
    from keydiff_cli.cli.repl import Repl
    from keydiff_cli.talk.chat import Chat


@with_options(
    *ANSWERING,
    "plain",
    "as_json",
    "quiet",
    "verbose",
    "offline",
)
def chat(
    files: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILES]...", help="Documents; /add adds more.", show_default=False),
    ] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="NAME", help="Go on with a saved chat.")
    ] = None,
    *,
    options: Options,
) -> None:
    """Talk about documents: question after question, each knows what was said before.

    From a pipe every line is a question, and its answer is one line; with --json one object.
    """
    if "-" in (files or ()):
        raise UsageError("standard input is where the questions come from; name the document")
    resolved = options.resolve()
    settings = resolved.settings

    from keydiff_cli.cli.chat_settings import as_command
    from keydiff_cli.cli.repl import Repl
    from keydiff_cli.llama import echo_log
    from keydiff_cli.render.display import Display
    from keydiff_cli.render.flags import as_flag
    from keydiff_cli.render.thoughts import thoughts_for
    from keydiff_cli.system.typing_mode import typing_ahead
    from keydiff_cli.talk.chat import Chat
    from keydiff_cli.talk.sessions import open_sessions

    echo_log(options.verbose)
    typing = sys.stdin.isatty() and sys.stdout.isatty() and not options.as_json
    session = claim = None
    if resume is not None:
        session, claim = open_sessions(settings).resume(resume)
        given = {name for name, source in resolved.sources.items() if source == "flag"}
        saved = {name: value for name, value in session.settings.items() if name not in given}
        settings = replace(settings, **saved)
    if typing:
        import prompt_toolkit  # noqa: F401  before the plan, so that its memory is part of it
    display = Display(
        quiet=options.quiet,
        answer=typing,
        files=lambda: repl.chat.files,
        plain=lambda: repl.chat.settings.plain,
        write=as_command if typing else as_flag,
    )
    display.thoughts = thoughts_for(think=settings.think, answer=typing, verbose=options.verbose)
    chat = Chat(settings, files or (), display, stepwise=typing)
    repl = Repl(chat, display, sys.stdout if typing else sys.stderr)
    try:
        if typing:
            with typing_ahead():
                chat.start(resume, session, claim)
                if resume is not None:
                    repl.tell_before()
                repl.run()
        else:
            chat.start(resume, session, claim)
            if resume is not None:
                repl.tell_before()
            lines = io.TextIOWrapper(sys.stdin.buffer, encoding="utf-8-sig", errors="replace")
            _answer_lines(chat, repl, lines, as_json=options.as_json)
    finally:
        display.reading_over()
        chat.close()
    if repl.failed is not None and not chat.read:
        raise typer.Exit(repl.failed.status)


def _answer_lines(chat: Chat, repl: Repl, lines: Iterable[str], *, as_json: bool) -> None:
    """One line of output for every question; what was answered of it, if it is stopped."""
    from keydiff_cli.system.terminal import drop

    for line in lines:
        try:
            answer = repl.handle(line)
        except BrokenPipeError:
            drop(sys.stderr)  # nobody reads what commands say
            continue
        if repl.left:
            return
        if answer is None:
            continue
        begun = False
        try:
            with closing(answer):
                for _ in answer:
                    begun = True
        except KeyboardInterrupt:
            if begun:
                _print_answer(chat, as_json=as_json)
            raise
        repl.display.end_line()  # of a thought, where one is shown
        _print_answer(chat, as_json=as_json)


def _print_answer(chat: Chat, *, as_json: bool) -> None:
    from keydiff_cli.render.printing import print_json
    from keydiff_cli.system.terminal import printable
    from keydiff_cli.text.citation_marks import marked

    turn, report = chat.turns[-1], chat.report
    if as_json:
        print_json({"question": turn.question, **report.as_json()}, indent=None)
        chat.forget_warnings()
    else:
        several = len(report.documents) > 1
        line = " ".join(marked(turn.answer, report.citations, several=several).split())
        print(printable(line) if sys.stdout.isatty() else line, flush=True)
