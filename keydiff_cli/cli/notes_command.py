"""``keydiff notes``: the key facts of each part of some documents."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from keydiff_cli.cli.options import DEVICES, KEEPING, SHOWING, Files, Options
from keydiff_cli.cli.running import documents_of, show
from keydiff_cli.cli.signatures import with_options


@with_options(*KEEPING, "system", "threads", *DEVICES, "ocr", "cache", *SHOWING, "offline")
def notes(
    files: Files = None,
    form: Annotated[
        Literal["text", "md"], typer.Option("--format", help="How the notes are written.")
    ] = "text",
    *,
    options: Options,
) -> None:
    """Note the key facts of each part of documents, with its place, each figure checked."""
    sources = documents_of(files, "notes")
    settings = options.resolve().settings

    from keydiff_cli.notes import take_notes
    from keydiff_cli.render.notes import NoteWriter

    writer = NoteWriter(form, named=len(sources) > 1)
    show(
        lambda display: take_notes(
            settings,
            sources,
            sys.stdin.buffer,
            display,
            None if options.as_json else lambda note: display.text(writer(note)),
        ),
        options,
        answer=not options.as_json,
    )
