"""Paragraphs, headings, lists and tables: how what flows from a document becomes lines."""

from __future__ import annotations

import re

from keydiff_cli.documents.draft import Draft
from keydiff_cli.documents.grid import Block, Grid

_LONGEST = 1 << 20  # characters of a block; a longer one is written in parts
_MOST_HELD = 4 << 20  # characters of the cells of tables; more are written as paragraphs
_EXPONENT = re.compile(r"[-−+]?\d")


class Flow:
    """Takes text with the ends of its blocks and cells, and writes lines to a draft.

    A row of a table is a line, its cells apart by " | "; a row with text in one cell only is
    written as its paragraphs. A table within a cell becomes part of the text of the cell.
    """

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._parts: list[str] = []
        self._size = 0  # characters in them
        self._held = 0  # characters in the cells of tables
        self._level = 0
        self._mark = ""
        self._as_it_is = False  # whether the spaces that the lines of the block begin with stay
        self._after: list[str] = []  # lines to write behind the block: notes, comments
        self._tables: list[Grid] = []
        self._last = ""  # what was written last: text, item, heading or row

    def text(self, text: str, *, raised: bool = False) -> None:
        """Add text to the block; digits that are raised above others are set apart by "^"."""
        if raised and self.last_character.isalnum() and _EXPONENT.match(text):
            text = f"^{text}"
        if text:
            self._parts.append(text)
            self._size += len(text)
            if self._size > _LONGEST:
                self.end_block()

    @property
    def last_character(self) -> str:
        """The last character of the block; nothing where it has none."""
        return self._parts[-1][-1] if self._parts else ""

    def line_break(self) -> None:
        """Begin a new line within the block."""
        self._parts.append("\n")

    def heading(self, level: int) -> None:
        """Make the block a heading."""
        self._level = level

    def item(self, mark: str, depth: int = 1) -> None:
        """Make the block an item of a list, with its bullet or number; 1 is the highest depth."""
        self._mark = "  " * (min(depth, 9) - 1) + (mark and mark + " ")

    def as_it_is(self) -> None:
        """Keep the spaces that the lines of the block begin with, as in a program."""
        self._as_it_is = True

    def after(self, line: str) -> None:
        """Have a line written behind the block, such as a footnote."""
        self._after.append(line)

    def end_block(self) -> None:
        """End the block, if there is one."""
        if self._parts:
            lines = "".join(self._parts).split("\n")
            self._parts.clear()
            self._size = 0
            lines = [line.rstrip() if self._as_it_is else line.strip() for line in lines]
            if text := "\n".join(lines).strip("\n"):
                self._add(Block(text, self._level, self._mark))
                self._mark = ""
            self._level, self._as_it_is = 0, False
        if not self._tables:
            self._write_after()

    def begin_table(self) -> None:
        """Begin a table, which may be within a cell of another."""
        self.end_block()
        self._tables.append(Grid())

    def begin_cell(self, columns: int = 1, rows: int = 1) -> None:
        """Begin a cell that spans columns and rows."""
        self.end_block()
        if not self._tables:
            self._tables.append(Grid())
        self._tables[-1].begin_cell(columns, rows)

    def widen(self, columns: int) -> None:
        """Let the cell that was begun last span so many columns."""
        if self._tables:
            self._tables[-1].widen(columns)

    def end_row(self) -> None:
        """End the row of the table."""
        self.end_block()
        if self._tables:
            self._tables[-1].end_row()
            if self._tables[-1].is_full and len(self._tables) == 1:
                self._held = 0
                self._write_rows(self._tables[-1])

    def end_table(self) -> None:
        """End the table, and write it."""
        self.end_row()
        if self._tables:
            self._write_rows(self._tables.pop())
        if not self._tables:
            self._write_after()
            self._last, self._held = "text", 0

    def end_tables(self) -> None:
        """End the block and all tables that were left open."""
        self.end_block()
        while self._tables:
            self.end_table()
        self._write_after()
        self._last = ""

    def _write_rows(self, table: Grid) -> None:
        for blocks in table.take():
            for block in blocks:
                self._add(block)

    def _add(self, block: Block) -> None:
        """Add a block to the cell that is open, or else write it."""
        cell = self._tables[-1].cell if self._tables else None
        if cell is not None:
            cell.blocks.append(block)
            self._held += len(block.text)
            if self._held > _MOST_HELD:
                self._write_tables()
            return
        kind = "row" if block.row else "item" if block.mark.strip() else "text"
        if block.level:
            self._draft.heading(block.mark + block.text, block.level)
            kind = ""
        else:
            if kind == "text" or kind != self._last:
                self._draft.space()
            self._draft.write(block.mark + block.text)
        self._last = kind

    def _write_tables(self) -> None:
        """Write what the open tables hold as it is, and forget that they are open."""
        tables, self._tables, self._held = self._tables, [], 0
        for table in tables:
            table.end_row()
            self._write_rows(table)

    def _write_after(self) -> None:
        for line in self._after:
            self._draft.write(line)
        self._after.clear()
