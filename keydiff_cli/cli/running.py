"""What the commands have in common that read documents once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from keydiff_cli.errors import ExitStatus

if TYPE_CHECKING:
    from keydiff_cli.render.display import Display
    from keydiff_cli.report import Report


def show(
    run: Callable[[Display], Report],
    *,
    answer: bool,
    as_json: bool,
    stats: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Run with a display, and print the report as the user wants it."""
    from keydiff_cli.llama import echo_log
    from keydiff_cli.render.display import Display, print_json

    echo_log(verbose)
    display = Display(quiet=quiet, answer=answer)
    try:
        report = run(display)
    except BaseException:
        display.read()
        display.end_line()
        raise
    display.finished(report, stats=stats)
    if as_json:
        print_json(report.as_json())
    if report.stop_reason == "interrupted":
        raise typer.Exit(ExitStatus.INTERRUPTED)
