"""What the commands have in common that read documents once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import typer

from keydiff_cli.cli.options import Options
from keydiff_cli.errors import ExitStatus, UsageError

if TYPE_CHECKING:
    from keydiff_cli.render.display import Display
    from keydiff_cli.report import Report


def documents_of(files: Sequence[str] | None, command: str) -> Sequence[str]:
    """The documents of a command that has no question, a pipe if no file is named.

    Raises
    ------
    UsageError
        If there are none.
    """
    if not files and sys.stdin.isatty():
        raise UsageError(f"no document; name a file, or pipe text: command | keydiff {command}")
    return files or ["-"]


def show(
    run: Callable[[Display], Report],
    options: Options,
    *,
    answer: bool,
    data: bool = False,
    advice: str = "",
    files: Sequence[str] = (),
    plain: bool = False,
    think: bool = False,
) -> Report:
    """Run with a display, print the report as the options say, and give it.

    Parameters
    ----------
    run
        What is to be done; it tells the display how it goes on.
    options
        What the user wants to see.
    answer
        Whether the answer is printed as it comes.
    data
        Whether it is data, which is printed in the end.
    advice
        What to say if the user interrupts it while documents are read.
    files
        The paths of the documents.
    plain
        Whether the Markdown of the answer is left as it is.
    think
        Whether what the model thinks aloud is printed with the answer.

    Raises
    ------
    typer.Exit
        If the user has interrupted it, after what there is was printed.
    """
    from keydiff_cli.llama import echo_log
    from keydiff_cli.render.display import Display
    from keydiff_cli.render.printing import print_data, print_json
    from keydiff_cli.render.thoughts import thoughts_for

    echo_log(options.verbose)
    display = Display(quiet=options.quiet, answer=answer, files=lambda: files, plain=lambda: plain)
    display.thoughts = thoughts_for(think=think, answer=answer, verbose=options.verbose)
    try:
        report = run(display)
    except BaseException:
        display.reading_over()
        display.end_line()
        raise
    display.finished(report, stats=options.stats)
    if options.as_json:
        print_json(report.as_json())
    elif data and report.stop_reason == "eos":
        print_data(report.data)
    if report.stop_reason == "interrupted":
        if advice and not report.quick and not _is_read(report):
            display.note(advice)
        raise typer.Exit(ExitStatus.INTERRUPTED)
    return report


def _is_read(report: Report) -> bool:
    """Whether documents were read to their end."""
    return bool(report.documents) and all(document.sha256 for document in report.documents)
