"""``keydiff read``: read documents ahead of questions."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from keydiff_cli.cli.options import DEVICES, KEEPING, SHOWING, Files, Options
from keydiff_cli.cli.running import documents_of, show
from keydiff_cli.cli.signatures import with_options
from keydiff_cli.errors import UsageError


@with_options(*KEEPING, "system", "threads", *DEVICES, "ocr", *SHOWING, "offline")
def read(
    files: Files = None,
    noting: Annotated[
        bool, typer.Option("--notes", help="Note the key facts of each part, too.")
    ] = False,
    *,
    options: Options,
) -> None:
    """Read documents ahead and keep what was read, so that questions are answered at once."""
    sources = documents_of(files, "read")
    settings = options.resolve().settings
    if not settings.cache:
        raise UsageError("what is read could not be kept: the setting 'cache' is off")

    from keydiff_cli.ask import ask

    show(
        lambda display: ask(settings, sources, None, sys.stdin.buffer, display, notes=noting),
        options,
        answer=False,
    )
