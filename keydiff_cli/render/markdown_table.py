"""A table of Markdown, drawn as wide as a terminal has room for."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence

_ROW = re.compile(r"\s*\|.*")
_RULER = re.compile(r"\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*")
_BETWEEN = re.compile(r"(?<!\\)\|")


def is_row(line: str) -> bool:
    """Whether a line can be a row of a table."""
    return _ROW.fullmatch(line) is not None


def is_ruler(line: str) -> bool:
    """Whether a line is what comes between the head of a table and its rows."""
    return _RULER.fullmatch(line) is not None


def table_lines(rows: Sequence[str], columns: int) -> str:
    """A table as lines of so many columns at most; cells are broken at words.

    Parameters
    ----------
    rows
        The lines of the table: its head, a ruler, and the rest.
    """
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    head, _, *rest = map(_cells, rows)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for title in head:
        table.add_column(Text(title), overflow="fold")
    for row in rest:
        table.add_row(*(Text(cell) for cell in [*row, *([""] * len(head))][: len(head)]))
    console = Console(
        file=io.StringIO(), width=columns, force_terminal=True, highlight=False, no_color=True
    )
    with console.capture() as capture:
        console.print(table)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def _cells(row: str) -> list[str]:
    inner = row.strip().removeprefix("|").removesuffix("|")
    return [cell.strip().replace("\\|", "|") for cell in _BETWEEN.split(inner)]
