"""``keydiff batch``: questions about many documents, a row for each pair."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from keydiff_cli.cli.many import Out, QuietMany, write_rows
from keydiff_cli.cli.options import DEVICES, KEEPING, LOOKING, SAMPLING, SUMMING, Options
from keydiff_cli.cli.shape_options import ChoicesOption, SchemaOption, refuse_citing, shape_of
from keydiff_cli.cli.signatures import with_options
from keydiff_cli.errors import UsageError
from keydiff_cli.system.files import told_by

_WRITE = "write: keydiff batch FILES|FOLDERS -q QUESTION --out FILE"

Places = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILES|FOLDERS",
        help="Documents, and folders of documents; - takes paths from standard input, one a line.",
        show_default=False,
    ),
]
Questions = Annotated[
    list[str] | None,
    typer.Option(
        "--question",
        "-q",
        metavar="TEXT",
        help="What to ask of each document; may be given several times.",
        show_default=False,
    ),
]


@with_options(
    *KEEPING,
    *SAMPLING,
    "system",
    "think",
    "threads",
    *DEVICES,
    "ocr",
    "cache",
    *LOOKING,
    *SUMMING,
    "verbose",
    "offline",
)
def batch(
    files: Places = None,
    question: Questions = None,
    questions: Annotated[
        Path | None,
        typer.Option(
            "--questions",
            metavar="FILE",
            help="More questions, one a line.",
            show_default=False,
        ),
    ] = None,
    schema: SchemaOption = None,
    choices: ChoicesOption = None,
    out: Out = None,
    null: Annotated[
        bool,
        typer.Option("--null", "-0", help="Paths on standard input end with NUL, not a line."),
    ] = False,
    unordered: Annotated[
        bool,
        typer.Option("--unordered", help="Write rows as they are there, in any order."),
    ] = False,
    quiet: QuietMany = False,
    *,
    options: Options,
) -> None:
    """Ask questions about many documents: a row for each document and question."""
    if not files:
        raise UsageError(f"no document; {_WRITE}")
    asked = [*(question or ()), *_lines(questions)]
    if not any(each.strip() for each in asked):
        raise UsageError(f"no question; {_WRITE}")
    resolved = options.resolve()
    settings = resolved.settings
    shape = shape_of(schema, choices)
    if shape is not None:
        refuse_citing(resolved)

    from keydiff_cli.batch.engine import Here
    from keydiff_cli.batch.messages import Orders
    from keydiff_cli.batch.pairs import Pairs
    from keydiff_cli.batch.paths import find_documents
    from keydiff_cli.batch.tables import Answers
    from keydiff_cli.llama import echo_log
    from keydiff_cli.render.display import BatchDisplay

    echo_log(options.verbose)
    display = BatchDisplay(quiet=quiet)
    table = Answers(shape)
    documents = find_documents(_places(files, null=null), display.note, [out] if out else [])
    pairs = Pairs(settings, documents, asked, table, ordered=not unordered)
    write_rows(pairs, Here(Orders(settings, shape, options.verbose)), table, out, display)


def _lines(path: Path | None) -> Sequence[str]:
    """The questions in a file."""
    if path is None:
        return ()
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise UsageError(f"--questions: {path} cannot be read: {told_by(error)}") from None
    except ValueError:
        raise UsageError(f"--questions: {path} is no text in UTF-8") from None
    return [line.strip() for line in lines if line.strip()]


def _places(files: Sequence[str], *, null: bool) -> list[str]:
    """What was named, and what standard input has in place of ``-``."""
    from keydiff_cli.batch.paths import listed_paths

    if null and "-" not in files:
        raise UsageError("--null is about paths on standard input: name it, too, as -")
    places: list[str] = []
    for file in dict.fromkeys(files):
        places += listed_paths(sys.stdin.buffer.read(), null=null) if file == "-" else [file]
    return places
