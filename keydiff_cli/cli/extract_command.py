"""``keydiff extract``: data from many documents, a row for each."""

from __future__ import annotations

from typing import Annotated

import typer

from keydiff_cli.cli.many import Out, QuietMany, write_rows
from keydiff_cli.cli.options import DEVICES, KEEPING, SAMPLING, Options
from keydiff_cli.cli.shape_options import SchemaOption, schema_of
from keydiff_cli.cli.signatures import with_options
from keydiff_cli.errors import UsageError

_QUESTION = "Fill in the fields from the document."
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
    out: Out = None,
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
    quiet: QuietMany = False,
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

    from keydiff_cli.batch.engine import Here
    from keydiff_cli.batch.messages import Orders
    from keydiff_cli.batch.pairs import Pairs
    from keydiff_cli.batch.tables import Data
    from keydiff_cli.llama import echo_log
    from keydiff_cli.render.display import BatchDisplay

    echo_log(options.verbose)
    table = Data(shape)
    pairs = Pairs(settings, files, [question or _QUESTION], table)
    write_rows(pairs, Here(Orders(settings, shape)), table, out, BatchDisplay(quiet=quiet))
