"""Tables and JSON on a stream: plain, safe for a terminal, and whole on a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import TextIO

from keydiff_cli.system.terminal import escape_json, printable
from keydiff_cli.system.wrapping import columns_of, wrapped


def print_table(
    columns: Iterable[str], rows: Iterable[Iterable[object]], *, file: TextIO | None = None
) -> None:
    """Print a plain table; on a pipe it is as wide as its content, so that nothing is cut.

    It goes to stdout unless another ``file`` is given.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    file = file or sys.stdout
    terminal = file.isatty()
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=not terminal)
    for row in rows:
        table.add_row(*(Text(printable(str(cell))) for cell in row))
    console = Console(file=file, highlight=False, width=None if terminal else 10_000)
    with console.capture() as capture:
        console.print(table)
    file.writelines(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def print_line(text: str, file: TextIO) -> None:
    """Print one line; a terminal gets it broken at words."""
    line = printable(text)
    print(wrapped(line, columns_of(file)) if file.isatty() else line, file=file)


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print a JSON value on stdout; on one line if there is no indent."""
    print(escape_json(json.dumps(value, ensure_ascii=False, indent=indent)), flush=True)


def print_data(value: object) -> None:
    """Print the data that an answer is on stdout: a text as it is, anything else as JSON."""
    if isinstance(value, str):
        print(printable(value) if sys.stdout.isatty() else value, flush=True)
    else:
        print_json(value)
