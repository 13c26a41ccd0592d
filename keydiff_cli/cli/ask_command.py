"""``keydiff ask``: answer a question about documents."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

import typer

from keydiff_cli.cli.larger_models import hint_at_larger
from keydiff_cli.cli.options import (
    ANSWERING,
    SHOWING,
    SUMMING,
    Files,
    Options,
)
from keydiff_cli.cli.running import show
from keydiff_cli.cli.shape_options import (
    ChoicesOption,
    SchemaOption,
    refuse_citing,
    shape_of,
)
from keydiff_cli.cli.signatures import with_options
from keydiff_cli.errors import AnswerError, UsageError
from keydiff_cli.settings.config import Settings
from keydiff_cli.system.terminal import complain

_TOGETHER = "one list of all documents; for a row of data from each: keydiff extract"
_QUICKER = "for an answer from passages at once, without reading: --quick"


class MinSupport(StrEnum):
    """How far the documents must support an answer."""

    YES = "yes"
    WEAK = "weak"


@with_options(
    *ANSWERING,
    "plain",
    *SHOWING,
    "offline",
)
def ask(
    files: Files = None,
    question: Annotated[
        str | None, typer.Argument(metavar="QUESTION", help="What to ask.", show_default=False)
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Answer from passages alone, without reading.", show_default=False
        ),
    ] = False,
    min_support: Annotated[
        MinSupport | None,
        typer.Option(
            help="End with exit code 6 if the documents support the answer less.",
            show_default=False,
        ),
    ] = None,
    schema: SchemaOption = None,
    choices: ChoicesOption = None,
    *,
    options: Options,
) -> None:
    """Answer a question about documents, however long they are."""
    sources, asked = _check_input(files or [], question)
    resolved = options.resolve()
    settings = resolved.settings
    if quick and settings.second_look == 0:
        raise UsageError("--quick answers from passages alone, and the second look is off")

    if quick and options.each:
        raise UsageError("--quick reads nothing, and --each asks every part: leave one of them out")
    shape = shape_of(schema, choices)
    if shape is not None:
        refuse_citing(resolved)
        if choices and options.each:
            raise UsageError(
                "--each asks every part for data by --schema, not for one of --choices"
            )
        if min_support:
            raise UsageError("--min-support is about answers in words: leave it out")
    if min_support:
        _require_measure(settings, asked)

    if schema and settings.each == "on" and len(sources) > 1 and not options.quiet:
        complain(_TOGETHER)

    from keydiff_cli import ask as asking

    report = show(
        lambda display: asking.ask(
            settings,
            sources,
            asked,
            sys.stdin.buffer,
            display,
            checksum=options.as_json,
            quick=quick,
            for_summary=[name for name in SUMMING if resolved.chosen(name)],
            shape=shape,
        ),
        options,
        answer=not options.as_json and shape is None,
        data=shape is not None,
        advice=_QUICKER if settings.second_look else "",
        files=sources,
        plain=settings.plain,
        think=settings.think,
    )
    shown = sys.stderr.isatty() and not (options.quiet or options.as_json)
    if shown and (line := hint_at_larger(resolved)):
        complain(line)
    if min_support is not None:
        _require_support(report.supported, min_support)


def _require_measure(settings: Settings, question: str) -> None:
    """Refuse --min-support, before anything is read, where it is clear that it will not be known.

    Of the file of a model it is not clear: it may be one that was measured.
    """
    from keydiff_cli.models import catalogue
    from keydiff_cli.text.absence import asks_for_facts

    if settings.absent == "off":
        raise UsageError("--min-support needs to know what is absent: leave --absent off out")
    entry = catalogue().get(settings.model)
    if entry is not None and entry.support is None:
        measured = ", ".join(name for name, each in catalogue().items() if each.support)
        raise UsageError(
            f"--min-support: how far documents support answers was not measured for {entry.name}; "
            f"use one of {measured}, or leave it out"
        )
    if not asks_for_facts(question):
        raise UsageError(
            "--min-support is about questions that documents answer or do not, and this is none: "
            "ask one that begins like 'Who' or 'When', or leave it out"
        )


def _require_support(supported: str | None, least: MinSupport) -> None:
    """Refuse an answer that the documents support less than was asked for."""
    if supported is None:
        raise AnswerError(
            "--min-support: how far the documents support the answer is not known for this model, "
            "or this kind of question; see docs/support.md"
        )
    if supported not in ("yes", least.value):
        raise AnswerError(f"the documents support the answer less than asked for: {supported}")


def _check_input(files: Sequence[str], question: str | None) -> tuple[Sequence[str], str]:
    """The documents, a pipe if no file is named, and the question."""
    if question is None or not question.strip():
        raise UsageError("no question; write: keydiff ask FILE 'question'")
    if os.path.exists(question):
        raise UsageError(_advise_on_order([*files, question]))
    asked = [word for word in files if not os.path.exists(word) and _is_question(word)]
    if (
        asked and not _asks(question) and os.path.splitext(question)[1].strip(".")
    ):  # a file with a slip in its name
        others = [word for word in files if word not in asked]
        raise UsageError(_question_last([*others, question], asked))
    if files:
        return files, question
    if not sys.stdin.isatty():
        return ["-"], question
    raise UsageError("no document; name a file, or pipe text: command | keydiff ask 'question'")


def _advise_on_order(words: Sequence[str]) -> str:
    """What is wrong with words of which the last is a file, and the command that is right.

    The words that are no files are the question, unless one of them is written like a file.
    """
    words = [word for word in words if word.strip()]
    files = [word for word in words if word == "-" or os.path.exists(word)]
    others = [word for word in words if word not in files]
    if others and all(map(_asks, others)):
        return _question_last(files, others)
    return _advise("no question, but a file as the last argument", [*words, "question"])


def _question_last(files: Sequence[str], question: Sequence[str]) -> str:
    return _advise("the question comes last, after the files", [*files, " ".join(question)])


def _advise(said: str, words: Sequence[str]) -> str:
    dashes = any(word.startswith("-") and word != "-" for word in words)
    return f"{said}; write: keydiff ask {'-- ' if dashes else ''}{' '.join(map(_quoted, words))}"


def _asks(word: str) -> bool:
    """Whether a word that is no file can be a question, and not a name with a slip in it."""
    named = "." in word or os.sep in word
    return not named or _is_question(word)


def _is_question(word: str) -> bool:
    return "?" in word or len(word.split()) > 1


def _quoted(word: str) -> str:
    """A word as shells take it, in quotes that it does not have, if it needs any."""
    if re.fullmatch(r"[\w./-]+\.\w+|-", word, re.ASCII):  # the name of a file, mostly
        return word
    if "'" in word and not set(word) & set('"$`\\!'):
        return f'"{word}"'
    return "'" + word.replace("'", "'\\''") + "'"
