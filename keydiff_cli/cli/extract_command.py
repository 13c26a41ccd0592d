"""``keydiff extract``: data from many documents, a row for each."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from keydiff_cli.cli.options import DEVICES, KEEPING, SAMPLING, Options
from keydiff_cli.cli.shape_options import SchemaOption, schema_of
from keydiff_cli.cli.signatures import with_options
from keydiff_cli.errors import ExitStatus, UsageError

Paths = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILES", help="Documents: PDF, text, web, office, mail, ...", show_default=False
    ),
]


@with_options(
    *KEEPING,
    *SAMPLING,
    "system",
    "threads",
    *DEVICES,
    "ocr",
    "cache",
    "no_recall",
    "no_second_look",
    "verbose",
    "offline",
)
def extract(
    files: Paths = None,
    schema: SchemaOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="The table: CSV if it ends in .csv, else a JSON object in each line. Gone on with "
            "if it is there. Default: stdout.",
            show_default=False,
        ),
    ] = None,
    question: Annotated[
        str | None,
        typer.Option(
            "--question",
            "-q",
            metavar="TEXT",
            help="What to ask. Default: to fill in the fields from the document.",
            show_default=False,
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No progress and no status lines.")
    ] = False,
    *,
    options: Options,
) -> None:
    """Make a table of data from documents: one row each, by a JSON Schema."""
    if not files:
        raise UsageError("no document; write: keydiff extract FILES... --schema FILE")
    if "-" in files:
        raise UsageError("standard input has no name for its row; name files")
    if schema is None:
        raise UsageError("no schema; write: keydiff extract FILES... --schema FILE")
    settings = options.resolve().settings
    shape = schema_of(schema)

    from keydiff_cli.extract import QUESTION
    from keydiff_cli.extract import extract as run
    from keydiff_cli.llama import echo_log
    from keydiff_cli.render.display import Display

    echo_log(options.verbose)
    display = Display(quiet=quiet, answer=False)
    try:
        done = run(settings, files, shape, out, sys.stdout, display, question or QUESTION)
    finally:
        display.reading_over()
    known = f", {done.known} had theirs before" if done.known else ""
    failed = f", {done.failed} failed" if done.failed else ""
    display.note(f"{done.new} rows are new{known}{failed}")
    if done.failed:
        raise typer.Exit(ExitStatus.ERROR)
