"""What the commands have in common that ask about many documents."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from keydiff_cli.errors import ExitStatus

if TYPE_CHECKING:
    from keydiff_cli.batch.engine import Engine
    from keydiff_cli.batch.pairs import Pairs
    from keydiff_cli.batch.tables import Table
    from keydiff_cli.render.display import BatchDisplay

MOST_WORKERS = 256
Out = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="The table: CSV if it ends in .csv, else a JSON object in each line. Gone on with "
        "if it is there. Default: stdout.",
        show_default=False,
    ),
]
QuietMany = Annotated[bool, typer.Option("--quiet", help="No progress and no status lines.")]


def write_rows(
    pairs: Pairs, engine: Engine, table: Table, out: Path | None, display: BatchDisplay
) -> None:
    """Ask what is not answered yet, and write the rows; say how many there are in the end.

    Raises
    ------
    typer.Exit
        If some have failed.
    """
    from keydiff_cli.rows import Rows
    from keydiff_cli.system.processes import orderly_end

    try:
        with orderly_end(), Rows(out, table.columns, table.key, sys.stdout) as rows:
            counts = pairs.ask(engine, rows, display)
    finally:
        display.reading_over()
    known = f", {counts.known} had theirs before" if counts.known else ""
    failed = f", {counts.failed} failed" if counts.failed else ""
    display.note(f"{counts.new} rows are new{known}{failed}")
    if counts.failed:
        raise typer.Exit(ExitStatus.ERROR)
