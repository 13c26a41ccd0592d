"""A table on its way: its cells in columns, those that are empty throughout left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_ROWS = 500  # that are held; a longer table is written in parts, each with columns of its own
_MOST_SPAN = 100  # columns or rows that a cell spans at most
_LONG = 1000  # characters of a cell from which it is no cell but a part of the page
_MANY = 8  # blocks of a cell, likewise
_BEFORE = frozenset("$€£¥(+-")  # what may have a cell of its own before its number
_BEHIND = frozenset((")", "%", ")%", "%)"))  # and behind it


@dataclass(frozen=True)
class Block:
    """A paragraph, or what is like one.

    Attributes
    ----------
    level
        Of a heading; 0 for what is none.
    mark
        What stands before an item of a list.
    row
        Whether it is a row of a table within a cell.
    """

    text: str
    level: int = 0
    mark: str = ""
    row: bool = False


@dataclass
class Cell:
    """A cell: its first column, counted from 0, and what is in it."""

    column: int
    blocks: list[Block] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What is in it, in one line."""
        parts = (block.mark.lstrip() + block.text + ";" * block.row for block in self.blocks)
        return " ".join(" ".join(parts).split()).rstrip(";")

    @property
    def is_page(self) -> bool:
        """Whether it is part of the layout of a page, and no cell of a table."""
        if any(block.level for block in self.blocks) or len(self.blocks) > _MANY:
            return True
        return sum(len(block.text) for block in self.blocks) > _LONG


class Grid:
    """The rows of a table that are held; a cell may span columns and rows."""

    def __init__(self) -> None:
        self._rows: list[list[Cell]] = []
        self._cells: list[Cell] = []
        self._spans: dict[int, int] = {}  # columns that cells above reach into: for how many rows
        self._column = 0

    @property
    def is_full(self) -> bool:
        """Whether it is time to take the rows."""
        return len(self._rows) >= _ROWS

    @property
    def cell(self) -> Cell | None:
        """The cell that is open."""
        return self._cells[-1] if self._cells else None

    def begin_cell(self, columns: int = 1, rows: int = 1) -> None:
        """Begin a cell that spans columns and rows."""
        while self._spans.get(self._column, 0) > 0:
            self._column += 1
        self._cells.append(Cell(self._column))
        columns = max(1, min(columns, _MOST_SPAN))
        if rows > 1:
            for column in range(self._column, self._column + columns):
                self._spans[column] = min(rows, _MOST_SPAN)
        self._column += columns

    def widen(self, columns: int) -> None:
        """Let the cell that was begun last span so many columns."""
        self._column += max(0, min(columns, _MOST_SPAN) - 1)

    def end_row(self) -> None:
        """End the row."""
        if self._cells:
            self._spans = {at: left - 1 for at, left in self._spans.items() if left > 1}
            self._rows.append(_joined([cell for cell in self._cells if cell.blocks]))
        self._cells, self._column = [], 0

    def take(self) -> Iterator[list[Block]]:
        """Take the rows: those of one cell, or of the layout of a page, as their blocks."""
        rows, self._rows = self._rows, []
        is_table = any(_is_tabular(row, 2) for row in rows)
        tabular = [row for row in rows if is_table and _is_tabular(row, 1)]
        columns = sorted({cell.column for row in tabular for cell in row})
        for row in rows:
            if is_table and _is_tabular(row, 1):
                texts = {cell.column: cell.text for cell in row}
                cells = [texts.get(column, "") for column in columns]
                yield [Block(" | ".join(cells).rstrip(" |"), row=True)]
            else:
                yield [block for cell in row for block in cell.blocks]


def _is_tabular(row: list[Cell], least: int) -> bool:
    """Whether a row has so many cells, and none of them is part of the layout of a page."""
    return len(row) >= least and not any(cell.is_page for cell in row)


def _joined(cells: list[Cell]) -> list[Cell]:
    """Put signs of currency, brackets and per cents that have cells of their own to numbers."""
    joined: list[Cell] = []
    for cell in cells:
        text = cell.text if len(cell.blocks) == 1 and len(cell.blocks[0].text) < 40 else ""
        last = joined[-1].blocks[0].text if joined and len(joined[-1].blocks) == 1 else ""
        number = last in _BEFORE and text[:1].isdigit()
        if last and (number or (text in _BEHIND and last[-1:].isdigit())):
            joined[-1].blocks = [Block(last + text)]
        else:
            joined.append(cell)
    return joined
