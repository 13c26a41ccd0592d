"""``keydiff text``: what the model would read of some documents."""

from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from keydiff_cli.cli.messages import tell_warning
from keydiff_cli.cli.options import Files, Options
from keydiff_cli.cli.running import documents_of
from keydiff_cli.cli.signatures import with_options

if TYPE_CHECKING:
    from keydiff_cli.documents import Document


@with_options("ocr", "cache", "quiet", "as_json")
def text(
    files: Files = None,
    stats: Annotated[
        bool, typer.Option("--stats", help="Then say on stderr what was read and what was not.")
    ] = False,
    *,
    options: Options,
) -> None:
    """Print what the model would read of documents, with the marks of their pages.

    It needs no model. JSON is an object for each page, one in a line.
    """
    paths = documents_of(files, "text")

    from keydiff_cli.reading.recognising import ocr_of
    from keydiff_cli.render.display import Display
    from keydiff_cli.render.documents import print_documents
    from keydiff_cli.render.printing import print_json
    from keydiff_cli.system.terminal import Sanitizer
    from keydiff_cli.text.introduction import text_parts
    from keydiff_cli.text.pages import page_texts
    from keydiff_cli.text.sources import Sources

    shown = Sanitizer() if sys.stdout.isatty() else str
    read: list[Document] = []
    ocr = ocr_of(options.resolve().settings, Display(quiet=options.quiet, answer=False))
    with closing(Sources(paths, sys.stdin.buffer, ocr)) as sources:
        for document in sources.documents():
            if options.as_json:
                for page in page_texts(document):
                    print_json(asdict(page), indent=None)
            else:
                for part in text_parts(document, first=not read):
                    sys.stdout.write(shown(part.text))
            read.append(document)
            sys.stdout.flush()
            for warning in document.warnings:
                tell_warning(warning)
    if sys.stdout.isatty() and not options.as_json:
        print()
    if stats:
        print_documents(read, sys.stderr)
